import type { NodeId } from '../base/ids.ts';
import type { Index } from '../raft/entry.ts';

/** Who is wrong when a follower's digest differs from the leader's. */
export type DigestVerdict = 'follower' | 'leader' | 'undecided';

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
      // Only a replaced state comes back to agreement: it no longer speaks against the leader.
      this.#differed.delete(from);
    } else {
      this.#differed.set(from, Math.min(index, this.#differed.get(from) ?? index));
    }
  }

  /** Judges a difference at `index` between `self`, who leads, and a follower. */
  judge(index: Index, self: NodeId, voters: readonly NodeId[]): DigestVerdict {
    const majority = Math.floor(voters.length / 2) + 1;
    const count = (holds: (id: NodeId) => boolean): number => voters.filter(holds).length;
    if (count((id) => id === self || (this.#agreed.get(id) ?? 0) >= index) >= majority) {
      return 'follower';
    }
    const against = count((id) => (this.#differed.get(id) ?? Number.POSITIVE_INFINITY) <= index);
    return against >= majority ? 'leader' : 'undecided';
  }

  /** A new reign began: old answers say nothing. */
  clear(): void {
    this.#agreed.clear();
    this.#differed.clear();
  }
}
