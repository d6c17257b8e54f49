import { must } from '../base/assert.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { GroupId, NodeId } from '../base/ids.ts';
import type { Hello, Packet, Transport } from '../peer/transport.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';

/** Rounds of one turn: a write that became durable at once may ask for the next. */
const ROUNDS_MAX = 8;

/**
 * The clock ticks at least this often: the core tells a stalled process from a quiet one by the
 * time between two ticks.
 */
const TICK_MS = 25;

/** The journal as the host drives it. */
export interface Flushable {
  /** Writes and syncs everything appended; may call back before it returns. */
  flush(): void;
}

/**
 * Runs the replicas of one process over one disk, one network and one clock.
 *
 * A turn runs once per turn of the event loop in which something arrived, after all of it arrived
 * (`Clock.defer`), or at once while clients come one at a time: each replica with something to do
 * is drained, messages that need no disk are handed to the network, then the journal writes and
 * syncs once for all of them.
 */
export class Host {
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #journal: Flushable;
  readonly #replicas = new Map<GroupId, Replica>();
  readonly #dirty = new Set<Replica>();
  #scheduled = false;
  #turning = false;
  #timer: Timer | null = null;
  #timerAt = Infinity;
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly transport: Transport;
    readonly journal: Flushable;
  }) {
    this.#clock = options.clock;
    this.#transport = options.transport;
    this.#journal = options.journal;
  }

  /** Takes a replica in and starts to tick it. */
  add(replica: Replica): void {
    this.#replicas.set(replica.group, replica);
    this.schedule(replica.group);
  }

  replica(group: GroupId): Replica {
    return must(this.#replicas.get(group), () => `No replica of group ${group} on this node`);
  }

  /** Gives `group` a turn after the events of this turn of the loop. */
  schedule(group: GroupId): void {
    const replica = this.#replicas.get(group);
    if (replica === undefined || this.#closed) return;
    this.#dirty.add(replica);
    if (this.#scheduled || this.#turning) return;
    this.#scheduled = true;
    const run = (): void => {
      this.#scheduled = false;
      this.#turn();
    };
    if (replica.isAlone) this.#clock.soon(run);
    else this.#clock.defer(run);
  }

  /** A packet for a replica; calls and answers are somebody else's. */
  onPacket(from: NodeId, packet: Packet): void {
    if (packet.kind === 'raft') this.#replicas.get(packet.group)?.onMessage(packet.message);
    if (packet.kind !== 'note') return;
    const replica = this.#replicas.get(packet.group);
    if (packet.topic === TOPIC.digest) replica?.onDigest(from, packet.body);
    if (packet.topic === TOPIC.digestReply) replica?.onDigestReply(from, packet.body);
  }

  onConnected(peer: Hello): void {
    for (const replica of this.#replicas.values()) {
      replica.raft.connectionOpened(peer.id, peer.recovering);
      this.schedule(replica.group);
    }
  }

  onDisconnected(peer: NodeId): void {
    for (const replica of this.#replicas.values()) {
      replica.raft.connectionClosed(peer);
      this.schedule(replica.group);
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const replica of this.#replicas.values()) replica.close();
  }

  #turn(): void {
    if (this.#closed) return;
    this.#turning = true;
    for (let round = 0; round < ROUNDS_MAX && this.#dirty.size > 0; round++) {
      const batch = [...this.#dirty];
      this.#dirty.clear();
      for (const replica of batch) replica.drain();
      this.#transport.flush();
      this.#journal.flush();
      if (this.#stopped()) return;
    }
    this.#turning = false;
    this.#transport.flush();
    if (this.#dirty.size > 0) {
      for (const replica of this.#dirty) this.schedule(replica.group);
    }
    this.#arm();
  }

  /** Closing happens inside callbacks of a turn. */
  #stopped(): boolean {
    return this.#closed;
  }

  #arm(): void {
    const now = this.#clock.now();
    let at = now + TICK_MS;
    for (const replica of this.#replicas.values()) at = Math.min(at, replica.deadline());
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(Math.max(0, at - now), () => {
      this.#timer = null;
      this.#timerAt = Infinity;
      this.#tick();
    });
  }

  #tick(): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    for (const replica of this.#replicas.values()) {
      replica.tick(now);
      this.#dirty.add(replica);
    }
    this.#turn();
  }
}
