/**
 * The simulated network: connections like TCP's between processes, with two ways each that keep
 * their order, over links that lose, repeat, delay, reorder and cut as the weather says. A raft
 * message may be repeated and overtaken, which its receiver must bear; calls are never repeated.
 */
import type { Address, NodeId } from '../src/base/ids.ts';
import { channelOf } from '../src/peer/codec.ts';
import type { Hello, Packet, Transport, TransportEvents } from '../src/peer/transport.ts';
import type { Events } from './events.ts';
import type { Life } from './life.ts';
import { type Chance, type Draw, STREAM, toBelow, toExponential } from './random.ts';
import type { Weather } from './weather.ts';
import { throughCodec } from './wire.ts';

/** A connection on which nothing was heard for this long is dead (as in `peer/limits.ts`). */
const SILENCE_MS = 5000;

/** Waits between attempts to connect: the first, and the longest. */
const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1000;
const REFUSED_BACKOFF_MS = 1000;

/** When what nobody flushed leaves: at the end of a turn of the event loop. */
const FLUSH_MS = 0.02;

/** How long it takes until a connection notices a loss. */
const RETRANSMISSION_MS = 250;

/** One packet in this many takes the way through the real codec. */
const CODEC_ONE_IN = 8;

/** What the simulator watches. */
export interface NetworkObserver {
  onSent(from: Life, to: NodeId, packet: Packet): void;
  onDelivered(to: Life, from: NodeId, packet: Packet): void;
  onLink(what: 'connected' | 'disconnected' | 'refused', from: Life, to: NodeId): void;
}

/** One end of a connection, as its process sees it. */
interface End {
  readonly transport: SimulatedTransport;
  open: boolean;
  /** When the last packet of each channel arrives here: order holds within a channel. */
  readonly lastArrival: { control: number; bulk: number };
}

/** A connection between two processes. */
interface Connection {
  readonly dialler: End;
  readonly acceptor: End;
  /** The caller gave up waiting for the other side. */
  givenUp: boolean;
}

/** All machines' network. */
export class Network {
  readonly events: Events;
  readonly weather: Weather;
  readonly observer: NetworkObserver;
  readonly #chance: Chance;
  readonly #listening = new Map<Address, SimulatedTransport>();
  readonly #counts = new Map<number, number>();

  constructor(options: {
    readonly events: Events;
    readonly chance: Chance;
    readonly weather: Weather;
    readonly observer: NetworkObserver;
  }) {
    this.events = options.events;
    this.#chance = options.chance;
    this.weather = options.weather;
    this.observer = options.observer;
  }

  /** A transport for one life of a process. */
  attach(life: Life, hello: Hello): SimulatedTransport {
    return new SimulatedTransport(this, life, {
      hello,
      draw: this.#chance.stream(STREAM.connection, life.serial),
    });
  }

  listen(address: Address, transport: SimulatedTransport): void {
    this.#listening.set(address, transport);
  }

  /** Who listens there, if anybody alive does. */
  at(address: Address): SimulatedTransport | null {
    const transport = this.#listening.get(address);
    return transport !== undefined && transport.life.alive ? transport : null;
  }

  /** Transports that listen and live. */
  transports(): SimulatedTransport[] {
    return [...this.#listening.values()].filter(({ life }) => life.alive);
  }

  /** Decisions about the next packet from `from` to `to`: which number it has. */
  nextRoll(from: number, to: number): (aspect: number) => number {
    const pair = from * 64 + to;
    const count = (this.#counts.get(pair) ?? 0) + 1;
    this.#counts.set(pair, count);
    return (aspect) => this.#chance.roll(STREAM.link, pair * 8 + aspect, count);
  }

  /** A process ended; with its machine, nobody is told. */
  onLifeEnd(life: Life, withMachine: boolean): void {
    for (const transport of this.#listening.values()) {
      if (transport.life === life) transport.abandon(withMachine);
    }
  }

  /** Ends the connections between two machines, as a reset does. */
  reset(a: number, b: number): void {
    for (const transport of this.transports()) {
      if (transport.life.node === a) transport.resetTo(b);
    }
  }

  /** Connections over links that stay cut die of silence. */
  onCut(a: number, b: number): void {
    const at = this.events.now + SILENCE_MS;
    this.events.at(at, null, () => {
      if (this.weather.isCut(a, b) || this.weather.isCut(b, a)) this.reset(a, b);
    });
  }
}

/** The transport of one process: `src/peer/tcp.ts` is the real twin. */
export class SimulatedTransport implements Transport {
  readonly life: Life;
  readonly #network: Network;
  readonly #draw: Draw;
  #hello: Hello;
  #events: TransportEvents | null = null;
  readonly #peers = new Map<NodeId, { readonly connection: Connection; readonly hello: Hello }>();
  #wanted = new Map<Address, { attempt: number; dialling: boolean }>();
  #outbox: { readonly to: NodeId; readonly packet: Packet }[] = [];
  #flushSoon = false;

  constructor(
    network: Network,
    life: Life,
    options: { readonly hello: Hello; readonly draw: Draw },
  ) {
    this.#network = network;
    this.life = life;
    this.#hello = options.hello;
    this.#draw = options.draw;
  }

  get hello(): Hello {
    return this.#hello;
  }

  start(events: TransportEvents): Promise<void> {
    this.#events = events;
    this.#network.listen(this.#hello.peerAddress, this);
    return Promise.resolve();
  }

  connect(peers: readonly { readonly id: NodeId | null; readonly address: Address }[]): void {
    const before = this.#wanted;
    this.#wanted = new Map();
    for (const { address } of peers) {
      if (address === this.#hello.peerAddress) continue;
      this.#wanted.set(address, before.get(address) ?? { attempt: 0, dialling: false });
      this.#dialLater(address, 0);
    }
    const addresses = new Set(peers.map(({ address }) => address));
    for (const [id, { connection, hello }] of this.#peers) {
      const own = connection.dialler.transport === this;
      if (own && !addresses.has(hello.peerAddress)) this.disconnect(id, 'not wanted any more');
    }
  }

  send(to: NodeId, packet: Packet): boolean {
    if (!this.#peers.has(to)) return false;
    this.#outbox.push({ to, packet });
    if (!this.#flushSoon) {
      // For who sends outside the driver's turn and does not flush.
      this.#flushSoon = true;
      this.#network.events.at(this.life.time + FLUSH_MS, this.life, () => {
        this.#flushSoon = false;
        this.flush();
      });
    }
    return true;
  }

  flush(): void {
    if (this.#outbox.length === 0) return;
    const outbox = this.#outbox;
    this.#outbox = [];
    for (const { to, packet } of outbox) {
      const peer = this.#peers.get(to);
      if (peer === undefined) continue;
      this.#network.observer.onSent(this.life, to, packet);
      this.#ship(peer.connection, to, packet);
    }
  }

  setHello(hello: Hello): void {
    this.#hello = hello;
  }

  connected(): readonly Hello[] {
    return [...this.#peers.values()].map(({ hello }) => hello);
  }

  disconnect(peer: NodeId, reason: string): void {
    void reason;
    const known = this.#peers.get(peer);
    if (known !== undefined) this.#closeBoth(known.connection);
  }

  close(): Promise<void> {
    this.abandon(false);
    return Promise.resolve();
  }

  /** The process is gone; the other ends learn it soon, or by silence. */
  abandon(silently: boolean): void {
    for (const { connection } of this.#peers.values()) {
      const other = this.#otherEnd(connection);
      this.#ownEnd(connection).open = false;
      const { life } = other.transport;
      const cut = this.#network.weather.isCut(this.life.node, life.node);
      const after = silently || cut ? SILENCE_MS : 0.2 + this.#draw.exponential(0.5);
      this.#network.events.at(this.#network.events.now + after, life, () => {
        other.transport.onEnded(connection);
      });
    }
    this.#peers.clear();
  }

  resetTo(node: number): void {
    for (const { connection } of this.#peers.values()) {
      if (this.#otherEnd(connection).transport.life.node === node) this.#closeBoth(connection);
    }
  }

  /** The other end of `connection` is gone. */
  onEnded(connection: Connection): void {
    const end = this.#ownEnd(connection);
    if (!end.open) return;
    end.open = false;
    for (const [id, known] of this.#peers) {
      if (known.connection !== connection) continue;
      this.#peers.delete(id);
      this.#network.observer.onLink('disconnected', this.life, id);
      this.#events?.onDisconnected(id);
      this.#dialLater(known.hello.peerAddress, BACKOFF_MS_MIN);
    }
  }

  /** What this process says to a hello; null to go on. */
  judge(peer: Hello): string | null {
    if (peer.id === this.#hello.id) return `${peer.id} is the id of the other node as well`;
    return this.#events === null ? 'not listening' : this.#events.admit(peer);
  }

  /** A handshake went well: packets can flow from now on. */
  onOpened(connection: Connection, hello: Hello): void {
    const before = this.#peers.get(hello.id);
    if (before !== undefined) {
      this.#ownEnd(before.connection).open = false;
      this.#peers.delete(hello.id);
      this.#closeBoth(before.connection);
      this.#events?.onDisconnected(hello.id);
    }
    this.#ownEnd(connection).open = true;
    this.#peers.set(hello.id, { connection, hello });
    this.#network.observer.onLink('connected', this.life, hello.id);
    this.#events?.onConnected(hello);
  }

  onRefused(address: Address, reason: string): void {
    this.#network.observer.onLink('refused', this.life, address);
    this.#events?.onRefused(address, reason);
  }

  #ship(connection: Connection, to: NodeId, packet: Packet): void {
    const { weather } = this.#network;
    const end = this.#otherEnd(connection);
    const receiver = end.transport;
    const from = this.life.node;
    const roll = this.#network.nextRoll(from, receiver.life.node);
    const departs = this.life.time;
    const mayRepeat = packet.kind === 'raft';
    const isLost = weather.lossPercent > 0 && toBelow(roll(0), 100) < weather.lossPercent;
    if (isLost && mayRepeat) return;
    const delay =
      // A connection repeats what got lost; only who floods it loses for good.
      (isLost ? RETRANSMISSION_MS : 0) +
      weather.delayMsMin +
      toExponential(roll(1), weather.delayMsMean) +
      weather.extraMs(from, receiver.life.node);
    let arrives = Math.max(departs + delay, weather.clogUntil(from, receiver.life.node));
    const channel = channelOf(packet);
    if (mayRepeat && toBelow(roll(2), 100) < weather.reorderPercent) {
      arrives += toBelow(roll(3), weather.reorderMsMax * 16) / 16;
    } else {
      arrives = Math.max(arrives, end.lastArrival[channel]);
      end.lastArrival[channel] = arrives;
    }
    const received =
      roll(4) % CODEC_ONE_IN === 0 ? throughCodec(packet, this.#hello.id, to) : packet;
    this.#deliver(end, { packet: received, departs, arrives });
    if (mayRepeat && toBelow(roll(5), 100) < weather.duplicatePercent) {
      const again = arrives + toBelow(roll(6), weather.reorderMsMax * 16) / 16;
      this.#deliver(end, { packet: received, departs, arrives: again });
    }
  }

  #deliver(
    end: End,
    parcel: { readonly packet: Packet; readonly departs: number; readonly arrives: number },
  ): void {
    const { transport } = end;
    const { events, weather, observer } = this.#network;
    const from = this.#hello.id;
    events.at(parcel.arrives, transport.life, () => {
      if (!end.open || this.life.diedAt < parcel.departs) return;
      if (weather.isCut(this.life.node, transport.life.node)) {
        // What a connection promised to deliver is sent again until the connection is given up.
        const arrives = events.now + RETRANSMISSION_MS;
        if (parcel.packet.kind !== 'raft') this.#deliver(end, { ...parcel, arrives });
        return;
      }
      observer.onDelivered(transport.life, from, parcel.packet);
      transport.#events?.onPacket(from, parcel.packet);
    });
  }

  #dialLater(address: Address, waitMs: number): void {
    const wish = this.#wanted.get(address);
    if (wish === undefined || wish.dialling) return;
    wish.dialling = true;
    const wait = waitMs * (0.5 + this.#draw.below(1000) / 1000) + 0.5 + this.#draw.exponential(0.5);
    this.#network.events.at(this.life.time + wait, this.life, () => {
      wish.dialling = false;
      if (this.#wanted.get(address) === wish) this.#dial(address, wish);
    });
  }

  #dial(address: Address, wish: { attempt: number }): void {
    const other = this.#network.at(address);
    const { weather, events } = this.#network;
    const here = this.life.node;
    const there = other?.life.node ?? -1;
    if (other !== null && this.#isConnectedTo(other)) return;
    if (other === null || weather.isCut(here, there) || weather.isCut(there, here)) {
      wish.attempt++;
      this.#dialLater(address, Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** wish.attempt));
      return;
    }
    const reason = other.judge(this.#hello);
    if (reason !== null) {
      this.onRefused(address, reason);
      this.#dialLater(address, REFUSED_BACKOFF_MS);
      return;
    }
    const objection = this.judge(other.hello);
    if (objection !== null) {
      const own = this.#hello.peerAddress;
      events.at(events.now + 1, other.life, () => {
        other.onRefused(own, objection);
      });
      this.#dialLater(address, REFUSED_BACKOFF_MS);
      return;
    }
    wish.attempt = 0;
    const connection: Connection = {
      dialler: newEnd(this),
      acceptor: newEnd(other),
      givenUp: false,
    };
    this.#open(connection, other);
  }

  /** The side that was called can send first; what it sends arrives after the caller is ready. */
  #open(connection: Connection, other: SimulatedTransport): void {
    const { events } = this.#network;
    const { hello } = this;
    const at = events.now + 0.3 + this.#draw.exponential(0.5);
    connection.dialler.lastArrival.control = at;
    connection.dialler.lastArrival.bulk = at;
    events.at(events.now, other.life, () => {
      if (!connection.givenUp) other.onOpened(connection, hello);
    });
    events.at(at, this.life, () => {
      if (connection.acceptor.open) this.onOpened(connection, other.hello);
      else {
        connection.givenUp = true;
        this.#dialLater(other.hello.peerAddress, BACKOFF_MS_MIN);
      }
    });
  }

  #isConnectedTo(other: SimulatedTransport): boolean {
    const known = this.#peers.get(other.hello.id);
    return known !== undefined && this.#otherEnd(known.connection).transport === other;
  }

  #closeBoth(connection: Connection): void {
    const { events } = this.#network;
    for (const end of [connection.dialler, connection.acceptor]) {
      events.at(events.now + this.#draw.exponential(0.5), end.transport.life, () => {
        end.transport.onEnded(connection);
      });
    }
  }

  #ownEnd(connection: Connection): End {
    return connection.dialler.transport === this ? connection.dialler : connection.acceptor;
  }

  #otherEnd(connection: Connection): End {
    return connection.dialler.transport === this ? connection.acceptor : connection.dialler;
  }
}

function newEnd(transport: SimulatedTransport): End {
  return { transport, open: false, lastArrival: { control: 0, bulk: 0 } };
}
