import type { NodeId } from '../base/ids.ts';
import type { Random } from '../base/prng.ts';
import { maybeCommit } from './commit.ts';
import type { Config, ConfigChange } from './config.ts';
import { bar, connectionClosed, connectionOpened, standSoon, unreachable } from './connections.ts';
import { takeEffects } from './drain.ts';
import type { Effects, Role, SnapshotMark } from './effects.ts';
import { countOwnVote } from './election.ts';
import type { Entry, Index, Term } from './entry.ts';
import { leaseValid } from './lease.ts';
import type { Message } from './message.ts';
import { completeOptions } from './options.ts';
import type { RaftOptions } from './options.ts';
import { propose, proposeConfig } from './proposals.ts';
import type { ConfigProposal, Proposal } from './proposals.ts';
import { registerRead } from './reads.ts';
import { finishRecovery } from './recovery.ts';
import { compact, receiveSnapshot, snapshotStatus } from './snapshot.ts';
import { State } from './state.ts';
import type { Restored } from './state.ts';
import { roleOf, statusOf } from './status.ts';
import type { PeerStatus, RaftStatus } from './status.ts';
import { step } from './step.ts';
import { deadline, tick } from './timing.ts';
import { transferLeadership } from './transfer.ts';
import type { TransferOutcome } from './transfer.ts';

/**
 * The protocol of one group on one node: a synchronous state machine (Raft with pre-vote,
 * check-quorum, joint consensus and ReadIndex). Inputs change what it knows; `takeEffects` says
 * what to do about it, and the driver does it, in an order that `effects.ts` describes.
 *
 * The driver promises: writes become durable in the order of their tickets; `ioDone` is called on a
 * later turn; no message of an earlier connection is stepped in after `connectionOpened` for a
 * newer one; `tick` is called when `deadline` says so. Messages may be lost, doubled and reordered.
 */
export class Raft {
  readonly #state: State;

  constructor(options: RaftOptions, restored: Restored, random: Random, now: number) {
    this.#state = new State(completeOptions(options), restored, { random, now });
  }

  /** Time is `now`, in milliseconds that never decrease. */
  tick(now: number): void {
    tick(this.#state, now);
  }

  /** A message arrived at `now`. Never throws, whatever it says. */
  step(message: Message, now: number): void {
    step(this.#state, message, now);
  }

  /** Appends commands, all or none; leader only. */
  propose(payloads: readonly Uint8Array[]): Proposal {
    return propose(this.#state, payloads);
  }

  /** Appends a change of membership; leader only, one at a time. */
  changeConfig(change: ConfigChange): ConfigProposal {
    return proposeConfig(this.#state, change);
  }

  /**
   * Asks for an index that covers everything committed before now; in any role. Answered once,
   * through `reads` or `failedReads`, under `context`, which must not be in use.
   */
  readIndex(context: number): void {
    registerRead(this.#state, context);
  }

  /** Hands the leadership over; null picks the best follower. */
  transferLeadership(to: NodeId | null): TransferOutcome {
    return transferLeadership(this.#state, to);
  }

  /** Every write up to `ticket` is durable. */
  ioDone(ticket: number): void {
    const state = this.#state;
    state.writes.ioDone(ticket);
    finishRecovery(state);
    countOwnVote(state);
    if (state.role.kind === 'leader') maybeCommit(state, state.role);
  }

  /** The machine's state contains everything up to `index`. */
  applied(index: Index): void {
    this.#state.applied = Math.max(this.#state.applied, index);
  }

  /** The machine's state up to `index` is durable: the log may forget that. */
  compact(index: Index): void {
    compact(this.#state, index);
  }

  /** A verified, durable machine state is here; returns whether to install it. */
  snapshotReceived(mark: SnapshotMark): boolean {
    return receiveSnapshot(this.#state, mark);
  }

  /** A snapshot that was asked for arrived at `peer` (`ok`), or will not. Must be called once. */
  snapshotStatus(peer: NodeId, ok: boolean): void {
    snapshotStatus(this.#state, peer, ok);
  }

  /** Messages to `peer` are not delivered. */
  unreachable(peer: NodeId): void {
    unreachable(this.#state, peer);
  }

  /** Packets can flow to `peer`; `recovering` is what it said of itself. */
  connectionOpened(peer: NodeId, recovering: boolean): void {
    connectionOpened(this.#state, peer, recovering);
  }

  /** The connection to the process of `peer` ended. */
  connectionClosed(peer: NodeId): void {
    connectionClosed(this.#state, peer);
  }

  /** The machine's state is known to be wrong (or no longer): this node must not lead meanwhile. */
  bar(barred: boolean): void {
    bar(this.#state, barred);
  }

  /** This group was just founded and has no leader yet: stand for election soon. */
  standSoon(): void {
    standSoon(this.#state);
  }

  /** What to do about the inputs since the last call; null when nothing. */
  takeEffects(): Effects | null {
    return takeEffects(this.#state);
  }

  /** The `now` at which `tick` has something to do; at or before the present: at once. */
  deadline(): number {
    return deadline(this.#state);
  }

  /** The entries of (after, through], all within (first - 1, last]. */
  entries(after: Index, through: Index): readonly Entry[] {
    return this.#state.log.entries(after, through);
  }

  /** The term at an index; null when the log does not (or not any more) know it. */
  term(index: Index): Term | null {
    return this.#state.log.term(index);
  }

  /** The configuration in force at an index; null when the log does not (any more) know it. */
  configAt(index: Index): Config | null {
    return index > this.#state.log.last ? null : this.#state.configs.at(index);
  }

  /**
   * The configuration that cannot fall back any more, unlike the one in force: the committed one,
   * or, before anybody leads, the entry the cluster was made with. Null when the log has neither.
   */
  get settledConfig(): Config | null {
    return this.configAt(Math.max(this.#state.commit, 1));
  }

  /** Milliseconds since this node last heard a leader; 0 when it leads, infinite before. */
  leaderContactAge(now: number): number {
    const { role, contact } = this.#state;
    if (role.kind === 'leader') return 0;
    return contact.heardFrom === null ? Number.POSITIVE_INFINITY : now - contact.heardMs;
  }

  /** Whether a leader may serve reads at its commit index without asking; see lease.ts. */
  leaseValid(now: number): boolean {
    return leaseValid(this.#state, now);
  }

  get currentTerm(): Term {
    return this.#state.term;
  }

  /** Its part in the group; a learner is whoever follows without a vote. */
  get role(): Role {
    return roleOf(this.#state);
  }

  /** Index of the last entry of its log, durable or not. */
  get last(): Index {
    return this.#state.log.last;
  }

  /** Whom this node follows, itself when it leads. */
  get leader(): NodeId | null {
    return this.#state.leader;
  }

  get commit(): Index {
    return this.#state.commit;
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#state.config;
  }

  status(): RaftStatus {
    return statusOf(this.#state);
  }
}

export type {
  ConfigProposal,
  PeerStatus,
  Proposal,
  RaftOptions,
  RaftStatus,
  Restored,
  TransferOutcome,
};
