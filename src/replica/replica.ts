import type { GroupId, NodeId } from '../base/ids.ts';
import type { ConfigChange } from '../raft/config.ts';
import type { Effects, Leadership, SnapshotMark, Write } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import type { Message } from '../raft/message.ts';
import type { Raft } from '../raft/raft.ts';
import { AppliedWaits } from './applied-waits.ts';
import { Applier } from './applier.ts';
import { Carry } from './carry.ts';
import { compactionPoint } from './compaction.ts';
import type { DigestVerdict, Standing } from './digest-poll.ts';
import { Divergence } from './divergence.ts';
import { LogSize } from './log-size.ts';
import type { ReplicaOptions, ReplicaPort } from './options.ts';
import type { ProposalOutcome, ReadOutcome } from './outcome.ts';
import { Proposals } from './proposals.ts';
import { Reads } from './reads.ts';

/** How often waits are looked through for those that took too long. */
const SWEEP_MS = 100;

/**
 * One group on one node: feeds the core, carries its effects out in the safe order, applies what is
 * committed and answers those who wait. All of it happens in turns: what arrives within one turn of
 * the event loop becomes one append, one write, one sync and one message per follower.
 */
export class Replica {
  readonly group: GroupId;
  readonly raft: Raft;
  readonly #options: ReplicaOptions;
  readonly #port: ReplicaPort;
  readonly #carry: Carry;
  readonly #applier: Applier;
  readonly #proposals = new Proposals();
  readonly #reads: Reads;
  readonly #divergence: Divergence;
  readonly #pins = new Map<string, Index>();
  readonly #appliedWaits = new AppliedWaits();
  #leadership: Leadership;
  #sweepAt = 0;
  readonly #logSize: LogSize;
  #persisting = false;
  #refuseWrites = false;
  /** A majority holds another state: nothing is applied or read here until it is replaced. */
  #diverged = false;
  #installed: { ticket: number | null; readonly done: (accepted: boolean) => void } | null = null;
  #closed = false;

  constructor(options: ReplicaOptions) {
    this.group = options.group;
    this.raft = options.raft;
    this.#options = options;
    this.#port = options.port;
    this.#reads = new Reads({ retryMs: options.electionTimeoutMs / 2 });
    options.machine.onFatal = (error) => {
      this.#port.fatal(error);
    };
    this.#carry = new Carry({
      group: options.group,
      send: (message) => {
        this.#port.send(message);
      },
      append: (group, write, done) => {
        this.#port.append(group, write, done);
      },
      durable: (ticket) => {
        this.#onDurable(ticket);
      },
    });
    this.#applier = new Applier({
      machine: options.machine,
      clock: options.clock,
      lazyMs: options.applyDelayMs,
      port: {
        entries: (after, through) => this.raft.entries(after, through),
        last: () => this.raft.last,
        formatOf: (entry) => this.#proposals.formatOf(entry),
        onApplied: (range) => {
          this.#onApplied(range);
        },
      },
    });
    this.#divergence = this.#makeDivergence();
    this.#recordDigest();
    if (options.diverged) this.#bar();
    const { currentTerm: term, role, leader } = this.raft;
    this.#leadership = { term, role, leader };
    this.#logSize = new LogSize(options.raft);
  }

  /** Index of the last entry in the machine. */
  get applied(): Index {
    return this.#applier.applied;
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  get isLeader(): boolean {
    return this.#leadership.role === 'leader';
  }

  /** Bytes of entries the log holds. */
  get logBytes(): number {
    return this.#logSize.bytes;
  }

  /** Outcomes owed to somebody. */
  get outstanding(): number {
    return this.#proposals.outstanding + this.#reads.outstanding;
  }

  /**
   * Nobody else's request is on its way here, nor was beside the last one: waiting for company
   * would only make this one late. (What follows a crowd waits, or each batch would begin with a
   * turn, and a sync, for its first request alone.)
   */
  get isAlone(): boolean {
    return this.#proposals.isAlone && this.#reads.isAlone;
  }

  /** Proposes a command; `done` is called exactly once, never before this returns. */
  propose(pending: {
    readonly payload: Uint8Array;
    readonly format: number;
    readonly deadline: number;
    readonly done: (outcome: ProposalOutcome) => void;
  }): void {
    this.#proposals.push(pending);
    this.#port.schedule();
  }

  /** Waits until everything committed before now is applied here; `done` exactly once. */
  read(deadline: number, done: (outcome: ReadOutcome) => void): void {
    this.#reads.push({ deadline, done });
    this.#port.schedule();
  }

  /** Calls `done` once `index` is applied here. */
  whenApplied(index: Index, done: () => void): void {
    if (index <= this.applied) {
      this.#options.clock.defer(done);
      return;
    }
    this.#appliedWaits.push(index, done);
    this.#applier.hurry();
  }

  /** Asks for a change of membership; the outcome is that of its entry. */
  changeConfig(
    change: ConfigChange,
    deadline: number,
    done: (outcome: ProposalOutcome, detail: string) => void,
  ): void {
    const result = this.raft.changeConfig(change);
    if (!result.ok) {
      const detail = 'detail' in result ? (result.detail ?? '') : '';
      this.#options.clock.defer(() => {
        done({ kind: 'refused', reason: result.reason, leader: this.#leadership.leader }, detail);
      });
      return;
    }
    this.#proposals.accepted(
      [
        {
          payload: new Uint8Array(0),
          format: 0,
          deadline,
          done: (outcome) => {
            done(outcome, '');
          },
        },
      ],
      result.first,
      result.term,
    );
    this.#port.schedule();
  }

  /** Takes or refuses new writes (a full disk). */
  refuseWrites(refuse: boolean): void {
    this.#refuseWrites = refuse;
  }

  /** A message of another member's core. */
  onMessage(message: Message): void {
    if (this.#closed) return;
    this.raft.step(message, this.#options.clock.now());
    this.#port.schedule();
  }

  /** A leader's rolling digest. */
  onDigest(from: NodeId, body: Uint8Array): void {
    this.#divergence.onDigest(from, body);
  }

  /** A follower's digest, in answer to ours. */
  onDigestReply(from: NodeId, body: Uint8Array): void {
    this.#divergence.onReply(from, body);
  }

  /** Judges a difference that `from`, a follower, reports at `index`; leader only. */
  judgeDifference(index: Index, from: NodeId): DigestVerdict {
    return this.#divergence.judge(index, from);
  }

  /** What the voters say of this leader's state up to `reached`. */
  standing(reached: Index): Standing {
    return this.#divergence.standing(reached);
  }

  /** Whether this state is known to be wrong. */
  get diverged(): boolean {
    return this.#diverged;
  }

  /**
   * A majority holds another state than this node, seen at `index`: stops applying, reading and
   * leading until `replaceState`, over restarts too. `done` is called once nothing is applied any
   * more: the copy must reach the index that is applied then, so that no read goes back.
   */
  quarantine(index: Index, done: () => void): void {
    this.#port.onQuarantine(index);
    this.#bar();
    this.#port.schedule();
    this.#applier.pause(done);
  }

  /** Time passed. */
  tick(now: number): void {
    if (this.#closed) return;
    this.raft.tick(now);
    if (now >= this.#sweepAt) {
      this.#sweepAt = now + SWEEP_MS;
      this.#proposals.expire(now);
      if (this.#reads.expire(now)) this.#port.schedule();
    }
    this.#divergence.tick(now);
  }

  /** When `tick` has something to do. */
  deadline(): number {
    return Math.min(this.raft.deadline(), this.#sweepAt);
  }

  /** One turn: feeds what gathered into the core and carries out what it asks. */
  drain(): void {
    if (this.#closed) return;
    this.#feedProposals();
    const context = this.#reads.take(this.#options.clock.now());
    if (context !== null) this.raft.readIndex(context);
    const effects = this.raft.takeEffects();
    if (effects === null) return;
    // Entering the recovering mode is written down before the write beside it.
    if (effects.recovering !== null) this.#port.onRecovering(effects.recovering);
    this.#carry.carry(effects);
    this.#interpret(effects);
  }

  /** Keeps entries after `index` while `key` (a transfer to a follower) needs them. */
  pin(key: string, index: Index): void {
    this.#pins.set(key, index);
  }

  unpin(key: string): void {
    this.#pins.delete(key);
  }

  /** Where a copy of the state at `index` stands; null when the log no longer knows. */
  markAt(index: Index): SnapshotMark | null {
    const term = this.raft.term(index);
    const config = this.raft.configAt(index);
    return term === null || config === null ? null : { index, term, config };
  }

  /** A transfer of a copy to `peer` ended. */
  snapshotStatus(peer: NodeId, ok: boolean): void {
    this.raft.snapshotStatus(peer, ok);
    this.#port.schedule();
  }

  /**
   * A complete copy of the state at `mark` is here: lets the log begin after it, if that is news.
   * `done` is called once it does, durably, with nothing being applied: `replaceState` must follow.
   * With false the copy is not needed for the log and nothing changed.
   */
  install(mark: SnapshotMark, done: (accepted: boolean) => void): void {
    this.#applier.pause(() => {
      if (!this.raft.snapshotReceived(mark)) {
        if (!this.#diverged) this.#applier.resume(this.applied);
        done(false);
        return;
      }
      this.#installed = { ticket: null, done };
      this.#port.schedule();
    });
  }

  /** Applies nothing until `replaceState`, which must follow; `done` once nothing is under way. */
  hold(done: () => void): void {
    this.#applier.pause(done);
  }

  /**
   * Replaces the machine's state by the copy at `path`: an installed snapshot, or the repair of a
   * state that differs. Entries after the copy's index are applied again.
   */
  replaceState(path: string, done: (applied: Index) => void): void {
    this.#applier.pause(() => {
      this.#options.machine.restore(path, (applied) => {
        this.#divergence.clear();
        this.#recordDigest();
        if (this.#diverged) this.#port.onQuarantine(null);
        this.#diverged = false;
        this.raft.bar(false);
        this.#proposals.skipped(applied);
        this.raft.applied(applied);
        this.#applier.resume(applied);
        this.#wakeApplied();
        done(applied);
        this.#port.schedule();
      });
    });
  }

  /** Makes the state durable and lets the log forget what it covers; false when nothing to do. */
  compact(trailingBytes: number, done: (compacted: boolean) => void): void {
    if (this.#persisting || this.#closed || this.#diverged) {
      this.#options.clock.defer(() => {
        done(false);
      });
      return;
    }
    this.#persisting = true;
    this.#options.machine.persist((durable) => {
      this.#persisting = false;
      if (this.#closed) return;
      const point = this.#compactionPoint(durable, trailingBytes);
      if (point === null) {
        done(false);
        return;
      }
      this.raft.compact(point);
      this.#logSize.recount();
      this.#port.schedule();
      done(true);
    });
  }

  /** Ends every wait. The machine is closed by its owner. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#applier.close();
    this.#proposals.close();
    this.#reads.close();
    this.#appliedWaits.close();
  }

  #bar(): void {
    this.#diverged = true;
    this.raft.bar(true);
    this.#applier.pause(() => {});
  }

  /** What came before the next entry is compared too, even if none ever comes. */
  #recordDigest(): void {
    const { applied, digest } = this.#options.machine;
    if (applied > 0) this.#divergence.record(applied, digest);
  }

  #makeDivergence(): Divergence {
    const others = (id: NodeId): boolean => id !== this.#options.id;
    return new Divergence(this.#options.id, {
      leadership: () => this.#leadership,
      applied: () => this.applied,
      voters: () => this.raft.config.voters,
      others: () => this.raft.config.members.map(({ id }) => id).filter(others),
      tell: (to, body) => {
        this.#port.sendDigest(to, body);
      },
      reply: (to, body) => {
        this.#port.sendDigestReply(to, body);
      },
      onDiffers: (index) => {
        this.#port.onDiverged(index);
      },
    });
  }

  #feedProposals(): void {
    const pending = this.#proposals.take();
    if (pending.length === 0) return;
    const { leader } = this.#leadership;
    if (this.#refuseWrites) {
      for (const { done } of pending) done({ kind: 'refused', reason: 'disk-full', leader });
      return;
    }
    const result = this.raft.propose(pending.map(({ payload }) => payload));
    if (result.ok) {
      this.#proposals.accepted(pending, result.first, result.term);
      return;
    }
    for (const { done } of pending) done({ kind: 'refused', reason: result.reason, leader });
  }

  #interpret(effects: Effects): void {
    if (effects.write !== null) this.#onWrite(effects.write);
    if (effects.leadership !== null) this.#onLeadership(effects.leadership);
    if (effects.config !== null) this.#port.onConfig(effects.config);
    for (const read of effects.reads) this.#reads.confirmed(read, this.#readable);
    for (const context of effects.failedReads) this.#reads.failed(context);
    for (const request of effects.snapshots) this.#port.onSnapshotNeeded(request);
    for (const { from, reason } of effects.protocolErrors) this.#port.onProtocolError(from, reason);
    const waited = this.#reads.waitsForApply || this.#appliedWaits.any;
    if (effects.apply !== null) {
      this.#applier.advance(effects.apply.through, !this.isLeader && !waited);
    } else if (waited) {
      this.#applier.hurry();
    }
  }

  #onDurable(ticket: number): void {
    this.raft.ioDone(ticket);
    this.#port.schedule();
    const installed = this.#installed;
    if (installed === null || installed.ticket === null || installed.ticket > ticket) return;
    this.#installed = null;
    installed.done(true);
  }

  #onWrite(write: Write): void {
    if (write.installed !== null) {
      if (this.#installed !== null) this.#installed.ticket = write.ticket;
    }
    this.#logSize.wrote(write);
    const { compactBytes, trailingBytes } = this.#options;
    if (this.#logSize.bytes < compactBytes || this.#persisting) return;
    if (this.#logSize.recount() >= compactBytes) this.compact(trailingBytes, () => {});
  }

  #onLeadership(leadership: Leadership): void {
    const before = this.#leadership;
    this.#leadership = leadership;
    if (before.role === 'leader' && leadership.role !== 'leader') {
      const patience = 4 * this.#options.electionTimeoutMs;
      this.#proposals.bound(this.#options.clock.now() + patience);
    }
    if (leadership.leader !== null && leadership.leader !== before.leader) {
      if (this.#reads.askAgain()) this.#port.schedule();
    }
    this.#port.onLeadership(leadership);
  }

  #onApplied(
    range: Parameters<ConstructorParameters<typeof Applier>[0]['port']['onApplied']>[0],
  ): void {
    const { entries, normal, outcome, through } = range;
    for (let at = 0; at < normal.length; at++) {
      const entry = normal[at];
      if (entry === undefined) continue;
      this.#divergence.record(entry.index, outcome.digests[at] ?? 0);
      this.#proposals.applied(entry, outcome.results[at] ?? null);
    }
    if (normal.length < entries.length) {
      for (const entry of entries) {
        if (entry.kind !== 'normal') this.#proposals.applied(entry, null);
      }
      // A leader that idles tells the digest at its last entry, whatever kind that is.
      if (entries.at(-1)?.kind !== 'normal') this.#recordDigest();
    }
    this.raft.applied(through);
    this.#wakeApplied();
    // The core wants nothing for it: no turn, which would be a fifth of them with a single client.
    this.#divergence.onApplied(through);
  }

  #wakeApplied(): void {
    this.#reads.applied(this.#readable);
    this.#appliedWaits.reached(this.applied);
  }

  /** What reads may see of this state: nothing while it is known to be wrong. */
  get #readable(): Index {
    return this.#diverged ? -1 : this.applied;
  }

  #compactionPoint(durable: Index, trailingBytes: number): Index | null {
    const log = this.#logSize.view();
    return compactionPoint({
      log,
      // After a start with a shortened log the machine may be ahead of what the core knows.
      durable: Math.min(durable, this.applied, this.raft.status().applied),
      pinned: Math.min(log.last, ...this.#pins.values()),
      trailingBytes,
    });
  }
}
