import { must } from '../../base/assert.ts';
import type { NodeId } from '../../base/ids.ts';
import { EMPTY_CONFIG } from '../config-codec.ts';
import type { Config, Member as ConfigMember } from '../config.ts';
import type { Effects } from '../effects.ts';
import type { Entry, Index, Term } from '../entry.ts';
import type { Message } from '../message.ts';
import type { RaftOptions } from '../raft.ts';
import { Member, emptyImage } from './member.suite.ts';
import type { Image } from './member.suite.ts';
import { printEffects } from './print.suite.ts';

/** Which messages; what is left out does not matter. */
export interface Filter {
  readonly from?: NodeId;
  readonly to?: NodeId;
  readonly kind?: Message['kind'];
}

/** A membership entry for `id` with made-up addresses. */
export function memberOf(id: NodeId, incarnation = '1'): ConfigMember {
  return { id, incarnation, peerAddress: `${id}:1`, clientAddress: `${id}:2` };
}

/** A configuration of these voters and learners. */
export function configOf(voters: readonly NodeId[], learners: readonly NodeId[] = []): Config {
  const members = [...voters, ...learners].map((id) => memberOf(id));
  return { ...EMPTY_CONFIG, voters, learners, members };
}

/** Bytes of a short text, as commands of these tests are. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A log in figure 7's notation: the term of each entry, from index 1. */
export function logOf(terms: readonly Term[]): Entry[] {
  return terms.map((term, at) => ({
    index: at + 1,
    term,
    kind: 'normal',
    data: bytesOf(`${term}.${at + 1}`),
  }));
}

/**
 * Several members, the messages between them, and one clock, all moved by hand. Nothing happens
 * unless asked for: messages wait in `wire`, time stands still.
 */
export class Cluster {
  readonly members: Map<NodeId, Member> = new Map();
  wire: Message[] = [];
  now = 0;
  /** What cores asked for, a line each, since it was last emptied. */
  trace: string[] = [];
  readonly #cut = new Set<string>();
  readonly #reads = new Map<number, Index | 'failed'>();
  #onEffects: ((member: Member, effects: Effects) => void) | null = null;

  /** `voters` members n1, n2, … that know each other. */
  static of(voters: number, options: Partial<RaftOptions> = {}): Cluster {
    const cluster = new Cluster();
    const ids = Array.from({ length: voters }, (_, at) => `n${at + 1}`);
    for (const id of ids) cluster.add(id, emptyImage(configOf(ids)), options);
    return cluster;
  }

  add(id: NodeId, image: Image, options: Partial<RaftOptions> = {}): Member {
    const port = {
      send: (message: Message) => this.#send(message),
      onEffects: (member: Member, effects: Effects) => this.#note(member, effects),
    };
    const member = new Member({ id, group: 0, ...options }, image, port, this.now);
    this.members.set(id, member);
    return member;
  }

  get(id: NodeId): Member {
    return must(this.members.get(id), () => `There is no ${id}`);
  }

  /** The role of a member, for short. */
  role(id: NodeId): string {
    return this.get(id).raft.status().role;
  }

  /** The members that lead, newest term last. */
  leaders(): Member[] {
    return [...this.members.values()]
      .filter((member) => member.running && member.raft.status().role === 'leader')
      .sort((left, right) => left.raft.currentTerm - right.raft.currentTerm);
  }

  /** How a read ended; undefined while it has not. */
  read(context: number): Index | 'failed' | undefined {
    return this.#reads.get(context);
  }

  /** Calls `listener` with all effects from now on. */
  onEffects(listener: (member: Member, effects: Effects) => void): void {
    this.#onEffects = listener;
  }

  step(message: Message): void {
    const member = this.members.get(message.to);
    if (member === undefined || !member.running) return;
    member.raft.step(message, this.now);
    member.drain();
  }

  /** Delivers what waits, but not what that causes; returns how many messages. */
  deliver(filter: Filter = {}): number {
    const chosen = this.take(filter);
    for (const message of chosen) if (!this.#isCut(message)) this.step(message);
    return chosen.length;
  }

  /** Takes messages out of the wire. */
  take(filter: Filter = {}): Message[] {
    const chosen = this.wire.filter((message) => matches(message, filter));
    this.wire = this.wire.filter((message) => !matches(message, filter));
    return chosen;
  }

  /** Finishes writes and delivers messages until nothing is left to do; time stands still. */
  stabilize(): void {
    for (let round = 0; round < 1000; round++) {
      for (const member of this.running()) {
        if (!member.autoIo) continue;
        member.finishWrites();
        member.drain();
      }
      if (this.deliver() === 0) return;
    }
    throw new Error('The cluster does not come to rest');
  }

  /** Ticks one member now. */
  tick(id: NodeId): void {
    const member = this.get(id);
    member.raft.tick(this.now);
    member.drain();
  }

  /** Moves the time to where `id` has something to do, and ticks it alone until it did. */
  timeout(id: NodeId): void {
    const member = this.get(id);
    const { role, term } = member.raft.status();
    for (let round = 0; round < 100; round++) {
      this.now = Math.max(this.now, member.raft.deadline());
      this.tick(id);
      const after = member.raft.status();
      if (after.role !== role || after.term !== term) return;
    }
    throw new Error(`${id} stays ${role} of term ${term}`);
  }

  /** Lets time pass; everybody is ticked when it wants to be, messages arrive at once. */
  run(ms: number): void {
    const end = this.now + ms;
    this.stabilize();
    for (let round = 0; round < 100_000; round++) {
      const due = Math.min(...this.running().map((member) => member.raft.deadline()));
      if (due > end) break;
      this.now = Math.max(this.now, due);
      for (const member of this.running()) {
        if (member.raft.deadline() <= this.now) this.tick(member.id);
      }
      this.stabilize();
    }
    this.now = end;
  }

  /** Makes `id` the leader the usual way; everybody hears of it and of its first commit. */
  elect(id: NodeId): Member {
    this.timeout(id);
    this.stabilize();
    this.run(10);
    const member = this.get(id);
    if (this.role(id) !== 'leader') throw new Error(`${id} is ${this.role(id)}`);
    return member;
  }

  propose(id: NodeId, ...commands: string[]): ReturnType<Member['raft']['propose']> {
    const member = this.get(id);
    const result = member.raft.propose(commands.map(bytesOf));
    member.drain();
    return result;
  }

  readIndex(id: NodeId, context: number): void {
    const member = this.get(id);
    member.raft.readIndex(context);
    member.drain();
  }

  /** Nothing passes between the groups. */
  partition(...groups: readonly (readonly NodeId[])[]): void {
    for (const left of groups) {
      for (const right of groups) {
        if (left === right) continue;
        for (const from of left) for (const to of right) this.#cut.add(`${from}>${to}`);
      }
    }
    this.wire = this.wire.filter((message) => !this.#isCut(message));
  }

  /** Cuts one direction only. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** The process of `id` dies; with it, its connections, if `noticed`. */
  crash(id: NodeId, noticed = false): void {
    this.get(id).crash();
    this.wire = this.wire.filter((message) => message.from !== id && message.to !== id);
    if (!noticed) return;
    for (const member of this.running()) {
      member.raft.connectionClosed(id);
      member.drain();
    }
  }

  restart(id: NodeId): void {
    const member = this.get(id);
    member.restart(this.now);
    member.drain();
    for (const other of this.running()) this.connect(other.id, id);
  }

  /** Both ends learn that packets flow between them. */
  connect(left: NodeId, right: NodeId): void {
    if (left === right) return;
    for (const [id, peer] of [[left, right] as const, [right, left] as const]) {
      const { raft } = this.get(peer);
      this.get(id).raft.connectionOpened(peer, raft.status().recovering);
      this.get(id).drain();
    }
  }

  /** Brings the state of `from` to `to`, as the driver does when the core wants a snapshot. */
  snapshot(from: NodeId, to: NodeId): boolean {
    const [sender, receiver] = [this.get(from), this.get(to)];
    sender.wantedSnapshots = sender.wantedSnapshots.filter((request) => request.to !== to);
    const installed = receiver.receiveSnapshot(sender);
    receiver.drain();
    sender.raft.snapshotStatus(to, true);
    sender.drain();
    return installed;
  }

  running(): Member[] {
    return [...this.members.values()].filter((member) => member.running);
  }

  #send(message: Message): void {
    if (!this.#isCut(message)) this.wire.push(message);
  }

  #isCut({ from, to }: Message): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  #note(member: Member, effects: Effects): void {
    this.trace.push(...printEffects(member, effects));
    for (const { context, index } of effects.reads) this.#reads.set(context, index);
    for (const context of effects.failedReads) this.#reads.set(context, 'failed');
    this.#onEffects?.(member, effects);
  }
}

function matches(message: Message, filter: Filter): boolean {
  return (
    (filter.from === undefined || filter.from === message.from) &&
    (filter.to === undefined || filter.to === message.to) &&
    (filter.kind === undefined || filter.kind === message.kind)
  );
}
