import type { Clock, Timer } from '../base/clock.ts';
import type { NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Hello } from '../peer/transport.ts';
import type { Config, ConfigChange, Member } from '../raft/config.ts';
import type { Index } from '../raft/entry.ts';
import type { ProposalOutcome } from '../replica/outcome.ts';
import type { Replica } from '../replica/replica.ts';

/** How often a leader looks whether a learner has caught up. */
const LOOK_MS = 25;

/** Rounds of catching up before people are told that a learner is too slow (thesis 4.2.1). */
const ROUNDS_MAX = 10;

/** What became of a wish to change the membership: null, or `code: message`. */
export type MembershipOutcome = string | null;

interface CatchingUp {
  readonly startedAt: number;
  readonly goal: Index;
  readonly rounds: number;
}

/**
 * The leader's care for who takes part: lets nodes in as learners, promotes them once they are
 * close, takes them out, and keeps their addresses.
 */
export class Membership {
  readonly #replica: Replica;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #electionTimeoutMs: number;
  readonly #learners = new Map<NodeId, CatchingUp>();
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: {
    readonly replica: Replica;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly electionTimeoutMs: number;
  }) {
    this.#replica = options.replica;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#electionTimeoutMs = options.electionTimeoutMs;
  }

  get config(): Config {
    return this.#replica.raft.config;
  }

  /**
   * Whether a node is a member for good. It goes by the data directory: who is being removed may
   * come back with another one under its old id.
   */
  isMember({ incarnation }: Member): boolean {
    const { settledConfig } = this.#replica.raft;
    return settledConfig?.members.some((member) => member.incarnation === incarnation) ?? false;
  }

  /** Lets `member` in, or takes note of its new addresses. Leader only. */
  join(member: Member, deadline: number, done: (outcome: MembershipOutcome) => void): void {
    const known = this.config.members.find(({ id }) => id === member.id);
    if (known !== undefined && sameAddresses(known, member)) {
      this.#settle(deadline, done, () => {
        this.join(member, deadline, done);
      });
      return;
    }
    const kind = known === undefined ? 'add-learner' : 'update';
    this.#change({ steps: [{ kind, member }] }, deadline, done);
  }

  /** Takes `id` out. Leader only; an unknown id is no error. */
  remove(id: NodeId, deadline: number, done: (outcome: MembershipOutcome) => void): void {
    if (!this.config.members.some((member) => member.id === id)) {
      this.#settle(deadline, done, () => {
        this.remove(id, deadline, done);
      });
      return;
    }
    this.#change({ steps: [{ kind: 'remove', id }] }, deadline, done);
  }

  /** A member said hello: its addresses may have changed since it joined. */
  onHello(hello: Hello): void {
    const known = this.config.members.find(({ id }) => id === hello.id);
    if (!this.#replica.isLeader || known === undefined) return;
    const { id, incarnation, peerAddress, clientAddress } = hello;
    const member: Member = { id, incarnation, peerAddress, clientAddress };
    if (known.incarnation !== incarnation || sameAddresses(known, member)) return;
    this.#change({ steps: [{ kind: 'update', member }] }, this.#clock.now() + 5000, () => {});
  }

  /** The configuration or the leader changed: learners may need care. */
  onChange(): void {
    const { learners } = this.config;
    for (const id of this.#learners.keys()) {
      if (!learners.includes(id) || !this.#replica.isLeader) this.#learners.delete(id);
    }
    if (this.#closed || !this.#replica.isLeader || learners.length === 0) return;
    this.#timer ??= this.#clock.after(LOOK_MS, () => {
      this.#timer = null;
      for (const id of this.config.learners) this.#watch(id);
      this.onChange();
    });
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Rounds: each replicates what existed when it began; a short one means it is close. */
  #watch(id: NodeId): void {
    const now = this.#clock.now();
    const { last, progress } = this.#replica.raft.status();
    const match = progress.find((peer) => peer.id === id)?.match ?? 0;
    const round = this.#learners.get(id) ?? { startedAt: now, goal: last, rounds: 0 };
    if (match === 0 || match < round.goal) {
      this.#learners.set(id, round);
      return;
    }
    const rounds = round.rounds + 1;
    if (now - round.startedAt > this.#electionTimeoutMs) {
      if (rounds % ROUNDS_MAX === 0) {
        this.#logger.warn?.('A new node does not keep up with the writes', { node: id, rounds });
      }
      this.#learners.set(id, { startedAt: now, goal: last, rounds });
      return;
    }
    this.#learners.delete(id);
    this.#change({ steps: [{ kind: 'promote', id }] }, now + 5000, (outcome) => {
      if (outcome === null) this.#logger.info?.('A new node takes part in decisions', { node: id });
    });
  }

  /** What was asked for is in force already: that is success once it is committed, not before. */
  #settle(deadline: number, done: (outcome: MembershipOutcome) => void, again: () => void): void {
    const { commit, configIndex } = this.#replica.raft.status();
    if (!this.#replica.isLeader) done('not-leader: This node does not lead');
    else if (configIndex <= commit) done(null);
    else if (this.#clock.now() < deadline) this.#later(done, again);
    else done(explain({ kind: 'unknown', reason: 'no majority confirmed it in time' }, ''));
  }

  #later(done: (outcome: MembershipOutcome) => void, again: () => void): void {
    this.#clock.after(LOOK_MS, () => {
      if (this.#closed) done('stopping: The node is stopping');
      else again();
    });
  }

  #change(
    change: ConfigChange,
    deadline: number,
    done: (outcome: MembershipOutcome) => void,
  ): void {
    this.#replica.changeConfig(change, deadline, (outcome, detail) => {
      if (this.#mayRetry(outcome, deadline)) {
        this.#later(done, () => {
          this.#change(change, deadline, done);
        });
        return;
      }
      done(explain(outcome, detail));
    });
  }

  /** Another change is under way, or the leader is new: it will be possible in a moment. */
  #mayRetry(outcome: ProposalOutcome, deadline: number): boolean {
    if (outcome.kind !== 'refused') return false;
    const passing = outcome.reason === 'pending' || outcome.reason === 'not-ready';
    return passing && this.#clock.now() < deadline;
  }
}

function sameAddresses(left: Member, right: Member): boolean {
  return (
    left.incarnation === right.incarnation &&
    left.peerAddress === right.peerAddress &&
    left.clientAddress === right.clientAddress
  );
}

function explain(outcome: ProposalOutcome, detail: string): MembershipOutcome {
  switch (outcome.kind) {
    case 'applied':
      return null;
    case 'refused':
      if (outcome.reason === 'not-leader') return 'not-leader: This node does not lead';
      return `membership: Cannot change the membership: ${detail === '' ? outcome.reason : detail}`;
    case 'superseded':
      return 'superseded: Another leader took over before the change was stored';
    case 'unknown':
      return `unknown-outcome: Cannot tell whether the membership changed: ${outcome.reason}`;
  }
}
