import { assert } from '../../base/assert.ts';
import type { NodeId } from '../../base/ids.ts';
import { Sfc32, below } from '../../base/prng.ts';
import type { ConfigStep } from '../config.ts';
import type { Effects } from '../effects.ts';
import type { Message } from '../message.ts';
import { bytesOf, configOf, memberOf } from './cluster.suite.ts';
import { Member, emptyImage } from './member.suite.ts';
import { Oracle } from './oracle.suite.ts';

/** What may happen in a run. */
export interface Weather {
  readonly voters: number;
  /** Nodes outside the group at first. */
  readonly spares: number;
  /** Messages outlive the connections they were sent on; nobody hears of connections. */
  readonly raw: boolean;
  /** Disks lose what they said was durable, and say so when they start again. */
  readonly lossy: boolean;
  readonly leases: boolean;
}

/** Actions of a run, with how often each is chosen. */
const ACTIONS: readonly (readonly [action: keyof World, weight: number])[] = [
  ['deliver', 500],
  ['pass', 120],
  ['finish', 250],
  ['propose', 70],
  ['read', 50],
  ['duplicate', 15],
  ['lose', 12],
  ['crash', 5],
  ['revive', 20],
  ['cut', 3],
  ['isolate', 7],
  ['mend', 9],
  ['transfer', 4],
  ['change', 10],
  ['compact', 15],
  ['snapshot', 20],
  ['disconnect', 3],
];

const TOTAL = ACTIONS.reduce((sum, [, weight]) => sum + weight, 0);
const ELECTION_TIMEOUT_MS = 40;
const HEARTBEAT_MS = 8;
const WIRE_MAX = 60;

/** A group under a schedule that one seed decides; the oracle watches every step. */
export class World {
  readonly members: Member[] = [];
  readonly oracle: Oracle = new Oracle();
  readonly #random: Sfc32;
  readonly #weather: Weather;
  #wire: Message[] = [];
  readonly #cut = new Set<string>();
  #now = 0;
  #context = 0;
  #command = 0;
  #calm = false;

  constructor(seed: number, weather: Weather) {
    this.#random = new Sfc32(seed, 17);
    this.#weather = weather;
    const total = weather.voters + weather.spares;
    const ids = Array.from({ length: total }, (_, at) => `n${at + 1}`);
    const founders = configOf(ids.slice(0, weather.voters));
    const port = {
      send: (message: Message) => this.#send(message),
      onEffects: (member: Member, effects: Effects) => this.oracle.onEffects(member, effects),
    };
    for (const [at, id] of ids.entries()) {
      const options = {
        id,
        group: 0,
        electionTimeoutMs: ELECTION_TIMEOUT_MS,
        heartbeatIntervalMs: HEARTBEAT_MS,
        commitNoticeDelayMs: this.#below(3) * 4,
        failoverDelayMs: 4,
        appendBytesMax: this.#below(2) === 0 ? 60 : 10_000,
        windowMessages: 1 + this.#below(3),
        leases: weather.leases,
      };
      const image = at < weather.voters ? emptyImage(founders) : emptyImage();
      const member = new Member(options, image, port, this.#now);
      member.autoIo = false;
      this.members.push(member);
    }
  }

  /** One random action. */
  act(): void {
    let chosen = this.#below(TOTAL);
    for (const [action, weight] of ACTIONS) {
      chosen -= weight;
      if (chosen >= 0) continue;
      (this[action] as () => void).call(this);
      break;
    }
    this.oracle.onStep(this.members, this.#now);
  }

  deliver(): void {
    if (this.#wire.length === 0) return this.pass();
    for (let count = this.#below(5); count >= 0; count--) {
      // Mostly in order, as connections are; the rest as the protocol allows.
      const at = this.#below(4) > 0 ? 0 : this.#below(this.#wire.length);
      const [message] = this.#wire.splice(at, 1);
      if (message !== undefined) this.#arrive(message);
    }
  }

  duplicate(): void {
    const message = this.#wire[this.#below(Math.max(1, this.#wire.length))];
    if (message !== undefined) this.#arrive(message);
  }

  lose(): void {
    if (this.#wire.length > 0) this.#wire.splice(this.#below(this.#wire.length), 1);
  }

  /** Time passes; sometimes much of it for one node alone. */
  pass(): void {
    this.#now += this.#below(50) === 0 ? this.#below(2 * ELECTION_TIMEOUT_MS) : this.#below(9);
    for (const member of this.members) {
      if (!member.running || member.raft.deadline() > this.#now || this.#below(9) === 0) continue;
      member.raft.tick(this.#now);
      member.drain();
    }
  }

  finish(): void {
    const member = this.#someone();
    if (!member.running || member.writes.length === 0) return;
    member.finishWrites(1 + this.#below(member.writes.length));
    member.drain();
  }

  propose(): void {
    const member = this.#leader() ?? this.#someone();
    if (!member.running) return;
    const payloads = Array.from({ length: 1 + this.#below(4) }, () =>
      bytesOf(`c${++this.#command}`),
    );
    member.raft.propose(payloads);
    if (this.#below(3) > 0) member.drain();
  }

  read(): void {
    const member = (this.#below(2) === 0 ? this.#leader() : undefined) ?? this.#someone();
    if (!member.running) return;
    const context = ++this.#context;
    this.oracle.onRead(context, member.id);
    if (member.raft.leaseValid(this.#now)) this.oracle.onLease(member);
    member.raft.readIndex(context);
    if (this.#below(3) > 0) member.drain();
  }

  crash(): void {
    const member = this.#someone();
    if (!member.running) return;
    member.crash(this.#below(member.writes.length + 1));
    this.oracle.onCrash(member);
    if (this.#weather.raw) return;
    this.#dropConnections(member.id);
    for (const other of this.members) {
      if (!other.running || this.#below(2) === 0) continue;
      other.raft.connectionClosed(member.id);
      other.drain();
    }
  }

  revive(): void {
    const member = this.members.find(({ running }) => !running);
    if (member === undefined) return;
    if (this.#weather.lossy && this.#below(2) === 0) this.#loseDisk(member);
    member.restart(this.#now, this.#below(member.applied + 1));
    member.drain();
    if (this.#weather.raw) return;
    for (const other of this.members) {
      if (other.running && other !== member) this.#connect(other, member);
    }
  }

  cut(): void {
    const [from, to] = [this.#someone().id, this.#someone().id];
    this.#cut.add(`${from}>${to}`);
    if (this.#below(2) === 0) this.#cut.add(`${to}>${from}`);
  }

  /** A node, more often a leader, is cut off from everybody. */
  isolate(): void {
    const { id } = (this.#below(3) > 0 ? this.#leader() : undefined) ?? this.#someone();
    for (const other of this.members) {
      this.#cut.add(`${id}>${other.id}`);
      this.#cut.add(`${other.id}>${id}`);
    }
  }

  mend(): void {
    this.#cut.clear();
  }

  transfer(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    leader.raft.transferLeadership(this.#below(2) === 0 ? null : this.#someone().id);
    leader.drain();
  }

  change(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    const steps = Array.from({ length: 1 + this.#below(3) }, () => this.#wish(leader));
    leader.raft.changeConfig({ steps });
    if (this.#below(2) === 0) leader.drain();
  }

  compact(): void {
    const member = this.#someone();
    if (!member.running) return;
    member.raft.compact(this.#below(member.applied + 1));
    member.drain();
  }

  /** A leader's wish for a snapshot is fulfilled, or its stream breaks. */
  snapshot(): void {
    const sender = this.members.find((member) => member.wantedSnapshots.length > 0);
    const request = sender?.wantedSnapshots.shift();
    if (sender === undefined || request === undefined) return;
    const receiver = this.#member(request.to);
    const arrives =
      receiver.running && this.#below(4) > 0 && sender.raft.term(sender.applied) !== null;
    if (arrives) {
      receiver.receiveSnapshot(sender);
      receiver.drain();
    }
    sender.raft.snapshotStatus(request.to, arrives && this.#below(4) > 0);
    sender.drain();
  }

  /** A connection breaks and comes back. */
  disconnect(): void {
    if (this.#weather.raw) return;
    const [left, right] = [this.#someone(), this.#someone()];
    if (left === right || !left.running || !right.running) return;
    const between = new Set([left.id, right.id]);
    this.#wire = this.#wire.filter(({ from, to }) => !between.has(from) || !between.has(to));
    left.raft.connectionClosed(right.id);
    right.raft.connectionClosed(left.id);
    left.drain();
    right.drain();
    this.#connect(left, right);
  }

  /** The weather clears: everybody is there and nothing is lost any more. */
  settle(ms: number): void {
    this.#calm = true;
    this.mend();
    for (const member of this.members) if (!member.running) this.revive();
    const end = this.#now + ms;
    while (this.#now < end) {
      this.#now += 3;
      for (const member of this.members) {
        if (member.raft.deadline() <= this.#now) member.raft.tick(this.#now);
        member.drain();
      }
      for (let round = 0; round < 20 && !this.#isQuiet(); round++) {
        for (const message of this.#wire.splice(0)) this.#arrive(message);
        for (const member of this.members) {
          member.finishWrites();
          member.drain();
          if (member.wantedSnapshots.length > 0) this.snapshot();
        }
      }
      this.oracle.onStep(this.members, this.#now);
    }
  }

  #isQuiet(): boolean {
    return (
      this.#wire.length === 0 &&
      this.members.every((member) => member.writes.length + member.wantedSnapshots.length === 0)
    );
  }

  #wish(leader: Member): ConfigStep {
    const { config } = leader.raft;
    const { id } = this.#someone();
    const kinds = ['remove', 'demote', 'promote', 'promote', 'promote', 'promote'] as const;
    const kind = kinds[this.#below(kinds.length)] ?? 'promote';
    if (!config.members.some((member) => member.id === id)) {
      return { kind: 'add-learner', member: memberOf(id) };
    }
    return { kind, id };
  }

  /** The disk loses the end of what it called durable, and tells so. */
  #loseDisk(member: Member): void {
    const { image } = member;
    const lost = this.#below(image.entries.length + 1);
    if (lost === 0) return;
    image.entries.length -= lost;
    image.recovering = true;
    member.machine.length = Math.min(
      member.applied,
      Math.max(image.mark.index, image.mark.index + image.entries.length),
    );
    this.oracle.onLoss(member);
  }

  #arrive(message: Message): void {
    if (this.#cut.has(`${message.from}>${message.to}`)) return;
    const member = this.#member(message.to);
    if (!member.running) return;
    member.raft.step(message, this.#now);
    if (this.#below(8) > 0 || this.#calm) member.drain();
  }

  #send(message: Message): void {
    this.oracle.onSend(message, this.#member(message.from));
    // What does not fit is lost, the oldest first: that keeps runs from drowning in heartbeats.
    if (this.#wire.length >= WIRE_MAX && !this.#calm) this.#wire.shift();
    this.#wire.push(message);
  }

  #connect(left: Member, right: Member): void {
    for (const [at, peer] of [[left, right] as const, [right, left] as const]) {
      at.raft.connectionOpened(peer.id, peer.raft.status().recovering);
      at.drain();
    }
  }

  #dropConnections(id: NodeId): void {
    this.#wire = this.#wire.filter(({ from, to }) => from !== id && to !== id);
  }

  #leader(): Member | undefined {
    const leaders = this.members.filter(
      (member) => member.running && member.raft.leader === member.id,
    );
    return leaders[this.#below(Math.max(1, leaders.length))];
  }

  #someone(): Member {
    const member = this.members[this.#below(this.members.length)];
    assert(member !== undefined, () => 'There is nobody');
    return member;
  }

  #member(id: NodeId): Member {
    const member = this.members.find((candidate) => candidate.id === id);
    assert(member !== undefined, () => `There is no ${id}`);
    return member;
  }

  #below(bound: number): number {
    return below(this.#random, bound);
  }
}
