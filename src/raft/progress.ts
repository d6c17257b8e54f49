import { assert } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import type { Index, Position } from './entry.ts';

/**
 * How a leader sends to a peer. `probe`: where the logs meet is not known, one append at a time.
 * `replicate`: it is known, appends are sent ahead of answers within the window. `snapshot`: the
 * peer needs what the log no longer has; only heartbeats until a machine state has arrived.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/** Appends sent and not answered, oldest first. */
class Inflight {
  readonly #last: Index[] = [];
  readonly #bytes: number[] = [];
  #total = 0;

  get count(): number {
    return this.#last.length;
  }

  get bytes(): number {
    return this.#total;
  }

  add(last: Index, bytes: number): void {
    this.#last.push(last);
    this.#bytes.push(bytes);
    this.#total += bytes;
  }

  /** The peer has everything up to `index`. */
  free(index: Index): void {
    while (this.#last.length > 0 && (this.#last[0] ?? 0) <= index) {
      this.#last.shift();
      this.#total -= this.#bytes.shift() ?? 0;
    }
  }

  reset(): void {
    this.#last.length = 0;
    this.#bytes.length = 0;
    this.#total = 0;
  }
}

/**
 * What a leader knows of one peer. Always `match < next`: the peer's log equals ours up to `match`,
 * the next append starts at `next` (etcd #149 let them meet and looped).
 */
export class Progress {
  readonly id: NodeId;
  readonly inflight: Inflight = new Inflight();
  #match: Index = 0;
  #next: Index;
  #state: ProgressState = 'probe';
  #probeSent = false;
  /** What the peer must get by snapshot; means something in `snapshot` only. */
  #snapshotIndex: Index = 0;
  /** Answered since the last check of the quorum. */
  recentlyActive = false;
  #activeBefore = false;
  /** May have lost what it acknowledged: counts for nothing. */
  recovering = false;
  /** Highest read round it confirmed. */
  readEcho = 0;
  /** When the latest message it answered was sent, by our clock. */
  sentAtEchoMs: number = Number.NEGATIVE_INFINITY;
  /** The commit index it was told, as far as it could use it. */
  toldCommit: Index = 0;
  /** A read of this peer waits for the commit index: tell it now. */
  noticeNow = false;
  /** It may have lost an append, or entries: ask, with an empty one after what was sent. */
  verifyDue = false;
  /** Index of the configuration that removed it: it is told that this committed, then dropped. */
  removedAt: Index | null = null;
  #matchAtHeartbeat: Index = 0;

  constructor(id: NodeId, next: Index) {
    this.id = id;
    this.#next = next;
  }

  get match(): Index {
    return this.#match;
  }

  get next(): Index {
    return this.#next;
  }

  get state(): ProgressState {
    return this.#state;
  }

  get snapshotIndex(): Index {
    return this.#snapshotIndex;
  }

  /** What may be counted towards a commit. */
  get counted(): Index {
    return this.recovering ? 0 : this.#match;
  }

  /** Whether it answered lately; a check of the quorum a moment ago does not make it look dead. */
  get seemsAlive(): boolean {
    return this.recentlyActive || this.#activeBefore;
  }

  /** The quorum was checked: who does not answer from now on is silent. */
  quorumChecked(): void {
    this.#activeBefore = this.recentlyActive;
    this.recentlyActive = false;
  }

  /** Whether an append may be sent although nothing is known to be needed. */
  get mayProbe(): boolean {
    return this.#state === 'probe' && !this.#probeSent;
  }

  becomeProbe(next: Index): void {
    this.#state = 'probe';
    this.#next = Math.max(next, this.#match + 1);
    this.#probeSent = false;
    this.verifyDue = false;
    this.inflight.reset();
  }

  becomeReplicate(): void {
    this.#state = 'replicate';
    this.#next = this.#match + 1;
    this.#probeSent = false;
    this.inflight.reset();
  }

  becomeSnapshot(minimum: Position): void {
    this.#state = 'snapshot';
    this.#snapshotIndex = minimum.index;
    this.inflight.reset();
  }

  /** Nothing is known of this peer any more: it may have restarted. */
  forget(next: Index): void {
    this.#match = 0;
    this.toldCommit = 0;
    this.becomeProbe(next);
  }

  /** No further probe until the peer shows that it is there. */
  pauseProbe(): void {
    this.#probeSent = true;
  }

  /** An append up to `last` left. */
  sent(last: Index, bytes: number): void {
    if (this.#state === 'probe') {
      this.#probeSent = true;
      return;
    }
    assert(this.#state === 'replicate', () => `Append to ${this.id} in state ${this.#state}`);
    if (last < this.#next) return;
    this.inflight.add(last, bytes);
    this.#next = last + 1;
  }

  /** The peer has our log up to `index`, durably. Returns whether that was news. */
  acknowledged(index: Index): boolean {
    this.inflight.free(index);
    this.#next = Math.max(this.#next, index + 1);
    if (index <= this.#match) return false;
    this.#match = index;
    return true;
  }

  /** The peer has not what precedes entry `refused.index + 1`; returns whether that is news. */
  rejects(index: Index): boolean {
    if (this.#state === 'snapshot') return false;
    if (this.#state === 'replicate') return index > this.#match;
    return index === this.#next - 1;
  }

  /** The peer answered a heartbeat: it is there, so a lost append is worth asking for. */
  heartbeatAnswered(): void {
    this.#probeSent = false;
    if (this.#state === 'replicate' && this.recovering) {
      // Only an append that names the commit index ends that, and there may be nothing to write.
      this.verifyDue = true;
    } else if (this.#state === 'replicate' && this.inflight.count > 0) {
      this.verifyDue = this.#match === this.#matchAtHeartbeat;
    }
    this.#matchAtHeartbeat = this.#match;
  }
}
