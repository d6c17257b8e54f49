import { decodeText, encodeText, NO_BYTES } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { ClusterId, GroupId, NodeId } from '../base/ids.ts';
import type { Answer, Calls } from '../peer/calls.ts';
import type { Member } from '../raft/config.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import { decodeJoin, encodeJoinAnswer } from './join.ts';
import type { Membership } from './membership.ts';

/** How long the members have to take in a change of membership asked for over the network. */
const CHANGE_TIMEOUT_MS = 10_000;

/** How often it is looked whether leadership has moved. */
const LOOK_MS = 5;

/** A node that is a member, as requests need it. */
export interface Inside {
  readonly group: GroupId;
  readonly cluster: ClusterId;
  readonly replica: Replica;
  readonly membership: Membership;
}

/** What requests need of their node. */
export interface RequestsPort {
  /** Null while this node is no member itself. */
  inside(): Inside | null;
  /** Why a node that wants in cannot be let in; null when it can. */
  refusal(member: Member): string | null;
  schedule(): void;
}

/**
 * Requests about the cluster itself: join, remove, hand leadership over. Any node takes them, from
 * the network or from its own database, and the leader carries them out.
 */
export class ClusterRequests {
  readonly #calls: Calls;
  readonly #clock: Clock;
  readonly #port: RequestsPort;

  constructor(options: {
    readonly calls: Calls;
    readonly clock: Clock;
    readonly port: RequestsPort;
  }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#port = options.port;
    for (const topic of [TOPIC.join, TOPIC.remove, TOPIC.transfer]) {
      this.#calls.handle(topic, (_from, body, answer) => {
        this.#take(topic, body, answer);
      });
    }
  }

  /** Removes `id`; `done` gets null, or `code: message`. */
  remove(id: NodeId, done: (error: string | null) => void): void {
    this.#take(TOPIC.remove, encodeText(JSON.stringify({ id })), done);
  }

  /** Hands leadership to `to`, or to the best follower; `done` gets null, or `code: message`. */
  transfer(to: NodeId | null, timeoutMs: number, done: (error: string | null) => void): void {
    this.#take(TOPIC.transfer, encodeText(JSON.stringify({ to, timeoutMs })), done);
  }

  #take(topic: number, body: Uint8Array, answer: Answer): void {
    const inside = this.#port.inside();
    if (inside === null) {
      answer('not-ready: This node is not part of a cluster itself yet', NO_BYTES);
      return;
    }
    switch (topic) {
      case TOPIC.join:
        this.#join(inside, body, answer);
        return;
      case TOPIC.remove:
        this.#remove(inside, body, answer);
        return;
      default:
        this.#transfer(inside, body, answer);
    }
  }

  #join(inside: Inside, body: Uint8Array, answer: Answer): void {
    const member = decodeJoin(body);
    if (member === null) {
      answer('invalid-request: The question to join cannot be understood', NO_BYTES);
      return;
    }
    const refusal = this.#port.refusal(member);
    if (refusal !== null) {
      answer(refusal, NO_BYTES);
      return;
    }
    const { cluster, membership } = inside;
    const accept = (): void => {
      answer(null, encodeJoinAnswer({ cluster, members: membership.config.members }));
    };
    if (membership.isMember(member)) {
      // A founding member that comes in: perhaps the one a first leader was waiting for.
      inside.replica.raft.standSoon();
      this.#port.schedule();
      accept();
      return;
    }
    this.#atLeader(inside, { topic: TOPIC.join, body, answer }, () => {
      membership.join(member, this.#clock.now() + CHANGE_TIMEOUT_MS, (outcome) => {
        if (outcome === null) accept();
        else answer(outcome, NO_BYTES);
      });
    });
  }

  #remove(inside: Inside, body: Uint8Array, answer: Answer): void {
    const { id } = parse(body);
    if (typeof id !== 'string') {
      answer('invalid-request: Cannot remove: no node is named', NO_BYTES);
      return;
    }
    this.#atLeader(inside, { topic: TOPIC.remove, body, answer }, () => {
      inside.membership.remove(id, this.#clock.now() + CHANGE_TIMEOUT_MS, (outcome) => {
        answer(outcome, NO_BYTES);
      });
    });
  }

  #transfer(inside: Inside, body: Uint8Array, answer: Answer): void {
    const { to, timeoutMs } = parse(body);
    const { replica } = inside;
    this.#atLeader(inside, { topic: TOPIC.transfer, body, answer }, () => {
      const started = replica.raft.transferLeadership(typeof to === 'string' ? to : null);
      if (!started.ok) {
        answer(`membership: Cannot hand leadership over: ${started.reason}`, NO_BYTES);
        return;
      }
      this.#port.schedule();
      const patience = typeof timeoutMs === 'number' ? timeoutMs : CHANGE_TIMEOUT_MS;
      const deadline = this.#clock.now() + Math.min(patience, CHANGE_TIMEOUT_MS);
      const look = (): void => {
        if (!replica.isLeader) answer(null, NO_BYTES);
        else if (this.#clock.now() < deadline) this.#clock.after(LOOK_MS, look);
        else answer('timeout: The other node did not take leadership over in time', NO_BYTES);
      };
      look();
    });
  }

  /** Does something here if this node leads, else asks the leader, once. */
  #atLeader(
    { group, replica }: Inside,
    request: { readonly topic: number; readonly body: Uint8Array; readonly answer: Answer },
    here: () => void,
  ): void {
    const { topic, body, answer } = request;
    const { leader } = replica.leadership;
    if (replica.isLeader) {
      here();
    } else if (leader === null) {
      answer('no-leader: leader not found', NO_BYTES);
    } else {
      const question = { group, topic, body, timeoutMs: CHANGE_TIMEOUT_MS };
      this.#calls.call(leader, question, (result) => {
        if (result.ok) answer(null, result.body);
        else if (result.code === 'refused') answer(result.message, NO_BYTES);
        else if (result.code === 'timeout' || result.code === 'disconnected') {
          answer(`unknown-outcome: The leader did not answer: ${result.message}`, NO_BYTES);
        } else answer(`no-leader: Cannot reach the leader: ${result.message}`, NO_BYTES);
      });
    }
  }
}

function parse(body: Uint8Array): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(decodeText(body));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    // Not JSON: the caller answers that nothing usable was asked.
    return {};
  }
}
