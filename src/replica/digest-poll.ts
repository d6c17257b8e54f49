import type { NodeId } from '../base/ids.ts';
import type { Index } from '../raft/entry.ts';

/** Who is wrong when a follower's digest differs from the leader's. */
export type DigestVerdict = 'follower' | 'leader' | 'undecided';

/** Whether a majority holds what the leader holds, or a voter contradicts it, or neither. */
export type Standing = 'confirmed' | 'doubted' | 'unknown';

/** A difference to judge. */
export interface Difference {
  readonly index: Index;
  /** Who leads, and says what it holds. */
  readonly self: NodeId;
  /** Who says that it holds something else. */
  readonly from: NodeId;
  readonly voters: readonly NodeId[];
}

/**
 * A leader's view of how its followers' digests compare with its own. Digests roll: a follower that
 * agrees at an index agrees at every index before, one that differs differs ever after. The state
 * that a majority of the voters holds is right; a single node must never replace it by its own.
 */
export class DigestPoll {
  readonly #agreed = new Map<NodeId, Index>();
  readonly #differed = new Map<NodeId, Index>();

  /** A follower told its digest at `index`, and it is equal to ours there, or not. */
  report(from: NodeId, index: Index, equal: boolean): void {
    if (equal) {
      this.#agreed.set(from, Math.max(index, this.#agreed.get(from) ?? 0));
      // Only a replaced state comes back to agreement, at a later index than it differed at: it no
      // longer speaks against the leader. (An answer that was overtaken says nothing.)
      if (index >= (this.#differed.get(from) ?? 0)) this.#differed.delete(from);
    } else {
      this.#differed.set(from, Math.min(index, this.#differed.get(from) ?? index));
    }
  }

  /**
   * Judges a difference. A follower is wrong when its own answers differ from the leader's and a
   * majority held what the leader holds there or later, and at `index`. (Agreement from before the
   * place where the follower differs says nothing: the leader may have gone wrong since.) Whoever
   * differs now counts against the leader, wherever that was first seen: followers that apply a
   * little late are seen later.
   */
  judge({ index, self, from, voters }: Difference): DigestVerdict {
    const majority = Math.floor(voters.length / 2) + 1;
    const count = (holds: (id: NodeId) => boolean): number => voters.filter(holds).length;
    if (count((id) => this.#differed.has(id)) >= majority) return 'leader';
    const differs = this.#differed.get(from);
    if (differs === undefined) return 'undecided';
    const agree = count((id) => id === self || this.#holds(id, Math.max(index, differs)));
    return agree >= majority ? 'follower' : 'undecided';
  }

  /**
   * What the voters say of the leader's state up to `reached`: it may be given away only when it is
   * trusted. Agreement from before that says nothing: the leader may have gone wrong since.
   */
  standing(self: NodeId, voters: readonly NodeId[], reached: Index): Standing {
    const majority = Math.floor(voters.length / 2) + 1;
    const agree = voters.filter((id) => id === self || this.#holds(id, reached)).length;
    const index = Math.max(0, ...voters.map((id) => this.#differed.get(id) ?? 0));
    const doubted = voters.some(
      (from) =>
        this.#differed.has(from) && this.judge({ index, self, from, voters }) !== 'follower',
    );
    if (doubted) return 'doubted';
    return agree >= majority ? 'confirmed' : 'unknown';
  }

  #holds(id: NodeId, index: Index): boolean {
    return !this.#differed.has(id) && (this.#agreed.get(id) ?? 0) >= index;
  }

  /** A new reign began: old answers say nothing. */
  clear(): void {
    this.#agreed.clear();
    this.#differed.clear();
  }
}
