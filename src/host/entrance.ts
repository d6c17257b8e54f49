import type { Clock, Timer } from '../base/clock.ts';
import type { Address, ClusterId, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Hello } from '../peer/transport.ts';
import type { Member } from '../raft/config.ts';
import { decodeJoinAnswer, encodeJoin } from './join.ts';

/** How often a node without a cluster looks around. */
const LOOK_MS = 100;

/** How long one question to be let in may take: the cluster commits an entry meanwhile. */
const JOIN_TIMEOUT_MS = 5000;

/** How often people are told that nothing has happened yet. */
const REMIND_MS = 10_000;

/** What an entrance needs. */
export interface EntrancePort {
  /** Nodes that can be talked to now. */
  connected(): readonly Hello[];
  askToJoin(
    to: NodeId,
    body: Uint8Array,
    timeoutMs: number,
    done: (answer: { readonly body: Uint8Array } | { readonly error: string }) => void,
  ): void;
  /** This node is the one that makes the cluster, of these members. */
  bootstrap(members: readonly Member[]): void;
  /** This node is a member of that cluster. */
  adopt(cluster: ClusterId, members: readonly Member[]): void;
  /** It never will be, as things are. */
  refused(reason: string): void;
}

/** Who wants in, and where it may ask. */
export interface EntranceOptions {
  readonly self: Member;
  readonly join: readonly Address[];
  readonly expect: number;
  /** From `foundersOf`. */
  readonly founders: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly port: EntrancePort;
}

/**
 * How a node with an empty data directory gets into a cluster.
 *
 * Founders wait until they see each other, every one of the same list; the one with the lowest id
 * then makes the cluster, durably, with all of them as voters, and only it does. Who says that it
 * founds with others, or nothing, does not count. Everyone else, and every later node, asks whoever
 * it is connected to until it is let in.
 */
export class Entrance {
  readonly #options: EntranceOptions;
  #timer: Timer | null = null;
  #asking = false;
  #turn = 0;
  #remindAt: number;
  #lastError = '';

  constructor(options: EntranceOptions) {
    this.#options = options;
    this.#remindAt = options.clock.now() + REMIND_MS;
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#asking = true;
  }

  #look(): void {
    const { clock, port } = this.#options;
    const members = this.#gathered();
    if (members !== null) {
      this.stop();
      port.bootstrap(members);
      return;
    }
    this.#ask();
    this.#remind();
    this.#timer = clock.after(LOOK_MS, () => {
      this.#look();
    });
  }

  /** The members of a new cluster, if this node is the one to make it; else null. */
  #gathered(): readonly Member[] | null {
    const { self, expect, founders, join, port } = this.#options;
    if (expect === 0 && join.length === 0) return [self];
    if (expect === 0) return null;
    const peers = port.connected();
    if (peers.some(({ cluster }) => cluster !== null)) return null;
    const others = peers.filter((peer) => peer.founders === founders).map(memberOf);
    const members = [self, ...others].sort((a, b) => (a.id < b.id ? -1 : 1));
    // One too many is one that was replaced and whose connection still stands: it will end.
    const addresses = new Set(members.map(({ peerAddress }) => peerAddress));
    if (members.length !== expect || addresses.size !== expect) return null;
    return members[0]?.id === self.id ? members : null;
  }

  #ask(): void {
    const { self, port } = this.#options;
    if (this.#asking) return;
    const peers = port.connected();
    const peer = peers[this.#turn++ % Math.max(1, peers.length)];
    if (peer === undefined) return;
    this.#asking = true;
    port.askToJoin(peer.id, encodeJoin(self), JOIN_TIMEOUT_MS, (answer) => {
      if (this.#timer === null) return;
      this.#asking = false;
      if ('body' in answer) {
        this.#onAnswer(answer.body);
        return;
      }
      this.#lastError = answer.error;
      if (/^(wrong-incarnation|wrong-cluster|wrong-version|not-member):/.test(answer.error)) {
        this.stop();
        port.refused(answer.error);
      }
    });
  }

  #onAnswer(body: Uint8Array): void {
    const answer = decodeJoinAnswer(body);
    if (answer === null) return;
    this.stop();
    this.#options.port.adopt(answer.cluster, answer.members);
  }

  #remind(): void {
    const { clock, logger, join, expect, port } = this.#options;
    if (clock.now() < this.#remindAt) return;
    this.#remindAt = clock.now() + REMIND_MS;
    const peers = port.connected();
    const { founders } = this.#options;
    const others = peers.filter((peer) => peer.founders !== '' && peer.founders !== founders);
    logger.warn?.('Still waiting to become part of a cluster', {
      addresses: join,
      reached: peers.map(({ id }) => id),
      expect,
      ...(others.length === 0 ? {} : { otherFounders: others.map((one) => one.founders) }),
      lastAnswer: this.#lastError,
    });
  }
}

function memberOf(hello: Hello): Member {
  const { id, incarnation, peerAddress, clientAddress } = hello;
  return { id, incarnation, peerAddress, clientAddress };
}
