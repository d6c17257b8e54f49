import type { NodeId } from '../base/ids.ts';
import type { Leadership } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import { DigestPoll, type DigestVerdict, type Standing } from './digest-poll.ts';
import { decodeDigest, Digests, encodeDigest } from './digests.ts';

/** How often a leader tells its rolling digest, when it has moved. */
const TELL_MS = 200;

/** An unchanged digest is told again after so many times: a follower may have connected since. */
const REPEAT = 10;

/** What the comparison needs of its replica. */
export interface DivergencePort {
  leadership(): Leadership;
  applied(): Index;
  voters(): readonly NodeId[];
  /** Every other member. */
  others(): readonly NodeId[];
  tell(to: NodeId, body: Uint8Array): void;
  reply(to: NodeId, body: Uint8Array): void;
  /** This state differs from the leader's at `index`, told once. */
  onDiffers(index: Index): void;
}

/**
 * The continuous proof that replicas are equal: the leader tells its rolling digest, followers
 * hold it against theirs and answer with their own, so that the leader knows what a majority holds.
 */
export class Divergence {
  readonly #id: NodeId;
  readonly #port: DivergencePort;
  readonly #digests = new Digests();
  readonly #poll = new DigestPoll();
  /** The term in which a difference was told; once in each, since each has its own leader. */
  #toldIn = -1;
  #tellAt = 0;
  #told = 0;
  #silence = 0;
  #term = 0;

  constructor(id: NodeId, port: DivergencePort) {
    this.#id = id;
    this.#port = port;
  }

  /** The rolling digest of this state at `index`. */
  record(index: Index, digest: number): void {
    this.#digests.record(index, digest);
  }

  /** Everything up to `applied` is recorded. */
  onApplied(applied: Index): void {
    this.#judge(this.#digests.pending(applied));
  }

  tick(now: number): void {
    if (now < this.#tellAt) return;
    this.#tellAt = now + TELL_MS;
    this.#tell();
  }

  /** A note with somebody's digest: counts when it is the leader's, in its term. */
  onDigest(from: NodeId, body: Uint8Array): void {
    const mark = decodeDigest(body);
    const { leader, term, role } = this.#port.leadership();
    if (mark === null || role === 'leader' || from !== leader || mark.term !== term) return;
    const applied = this.#port.applied();
    this.#judge(this.#digests.compare(mark, applied));
    const own = this.#digests.at(Math.min(mark.index, applied));
    if (own !== null) this.#port.reply(from, encodeDigest({ term, ...own }));
  }

  /** A follower's digest, in answer to ours. */
  onReply(from: NodeId, body: Uint8Array): void {
    const mark = decodeDigest(body);
    const { term, role } = this.#port.leadership();
    if (mark === null || role !== 'leader' || mark.term !== term) return;
    this.#enter(term);
    const own = this.#digests.at(mark.index);
    if (own !== null) this.#poll.report(from, mark.index, own.digest === mark.digest);
  }

  /** Who is wrong about a difference that `from` sees at `index`; leader only. */
  judge(index: Index, from: NodeId): DigestVerdict {
    this.#enter(this.#port.leadership().term);
    return this.#poll.judge({ index, from, self: this.#id, voters: this.#port.voters() });
  }

  /** What the voters say of this leader's state up to `reached`, in its term; leader only. */
  standing(reached: Index): Standing {
    this.#enter(this.#port.leadership().term);
    return this.#poll.standing(this.#id, this.#port.voters(), reached);
  }

  /** The state was replaced: what was known of the old one says nothing. */
  clear(): void {
    this.#digests.clear();
    this.#poll.clear();
    this.#toldIn = -1;
  }

  /** Answers of an earlier reign compare with digests that another leader told. */
  #enter(term: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#poll.clear();
  }

  #tell(): void {
    const { last } = this.#digests;
    const { role, term } = this.#port.leadership();
    if (role !== 'leader' || last === null) return;
    if (last.index === this.#told && ++this.#silence < REPEAT) return;
    this.#told = last.index;
    this.#silence = 0;
    const body = encodeDigest({ term, ...last });
    for (const id of this.#port.others()) this.#port.tell(id, body);
  }

  #judge(mark: { readonly index: Index } | null): void {
    const { term } = this.#port.leadership();
    if (mark === null || this.#toldIn === term) return;
    this.#toldIn = term;
    this.#port.onDiffers(mark.index);
  }
}
