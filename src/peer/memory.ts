import { assert } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Address, NodeId } from '../base/ids.ts';
import { channelOf, decodePacket, encodePacket, payloadBytesMax } from './codec.ts';
import { FrameReader } from './frame.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Channel, Hello, Packet, Transport, TransportEvents } from './transport.ts';

/** One way of one connection. */
export interface MemoryWay {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly channel: Channel;
}

/** How a `MemoryNetwork` is made. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** When a batch arrives; at the end of the turn when missing. May reorder ways, or delay. */
  readonly schedule?: (deliver: () => void, way: MemoryWay) => void;
}

/**
 * A network without sockets: connections between transports of one process that end, refuse, cut
 * and lose like real ones. Every packet takes the way through the codec, so what cannot be encoded
 * fails here too, and nobody shares memory with a peer by accident.
 */
export class MemoryNetwork {
  readonly clock: Clock;
  /** Packets it says yes to are lost; may be replaced at any time. */
  drop: (from: NodeId, to: NodeId, packet: Packet) => boolean = () => false;
  readonly #schedule: (deliver: () => void, way: MemoryWay) => void;
  readonly #listening = new Map<Address, MemoryTransport>();
  readonly #cuts = new Set<string>();

  constructor(options: MemoryNetworkOptions) {
    const { clock } = options;
    this.clock = clock;
    this.#schedule = options.schedule ?? ((deliver) => clock.defer(deliver));
  }

  /** A node's transport; it listens on `hello.peerAddress`. */
  transport(hello: Hello): MemoryTransport {
    return new MemoryTransport(this, hello);
  }

  /** Ends the connection of two nodes, and lets them have no other until `heal`. */
  cut(left: NodeId, right: NodeId): void {
    this.#cuts.add(pairOf(left, right));
    for (const transport of this.#listening.values()) {
      if (transport.id === left) transport.lose(right);
    }
  }

  /** Cuts every pair of nodes that are not in one of `sides` together. */
  partition(...sides: readonly (readonly NodeId[])[]): void {
    const ids = [...this.#listening.values()].map(({ id }) => id);
    for (const left of ids) {
      for (const right of ids) {
        const together = sides.some((side) => side.includes(left) && side.includes(right));
        if (left < right && !together) this.cut(left, right);
      }
    }
  }

  /** Takes back every cut, or that of two nodes. */
  heal(left?: NodeId, right?: NodeId): void {
    if (left === undefined || right === undefined) this.#cuts.clear();
    else this.#cuts.delete(pairOf(left, right));
  }

  /** For transports. */
  isCut(left: NodeId, right: NodeId): boolean {
    return this.#cuts.has(pairOf(left, right));
  }

  /** For transports. */
  schedule(deliver: () => void, way: MemoryWay): void {
    this.#schedule(deliver, way);
  }

  /** For transports: null stops listening. */
  listen(address: Address, transport: MemoryTransport | null): void {
    if (transport === null) this.#listening.delete(address);
    else this.#listening.set(address, transport);
  }

  /** For transports: who listens there. */
  at(address: Address): MemoryTransport | null {
    return this.#listening.get(address) ?? null;
  }
}

/** An address to be connected to, and who is expected there. */
interface Wanted {
  readonly address: Address;
  id: NodeId | null;
}

/** One life of a connection, shared by its two ends. */
interface Pipe {
  live: boolean;
}

/** The connection to one peer, as one end sees it. */
interface MemoryPeer {
  readonly transport: MemoryTransport;
  readonly hello: Hello;
  readonly pipe: Pipe;
  readonly waiting: Record<Channel, Uint8Array[]>;
  /** Bytes sent and not yet delivered. */
  readonly pendingBytes: Record<Channel, number>;
}

/** A `Transport` on a `MemoryNetwork`. */
export class MemoryTransport implements Transport {
  readonly id: NodeId;
  readonly #network: MemoryNetwork;
  readonly #peers = new Map<NodeId, MemoryPeer>();
  readonly #wanted = new Map<Address, Wanted>();
  readonly #address: Address;
  #hello: Hello;
  #events: TransportEvents | null = null;
  #state: 'new' | 'started' | 'closed' = 'new';
  #flushSoon = false;

  constructor(network: MemoryNetwork, hello: Hello) {
    this.#network = network;
    this.#hello = hello;
    this.id = hello.id;
    this.#address = hello.peerAddress;
  }

  start(events: TransportEvents): Promise<void> {
    assert(this.#state === 'new', () => `Cannot start a transport that is ${this.#state}`);
    this.#events = events;
    this.#state = 'started';
    this.#network.listen(this.#address, this);
    return Promise.resolve();
  }

  connect(peers: readonly { readonly id: NodeId | null; readonly address: Address }[]): void {
    if (this.#state !== 'started') return;
    const addresses = new Set(peers.map(({ address }) => address));
    for (const [id, { transport }] of this.#peers) {
      const was = this.#wanted.has(transport.#address);
      if (was && !addresses.has(transport.#address)) this.lose(id);
    }
    for (const address of this.#wanted.keys()) {
      if (!addresses.has(address)) this.#wanted.delete(address);
    }
    for (const { id, address } of peers) {
      if (address === this.#address) continue;
      const known = this.#wanted.get(address);
      const wanted = known ?? { address, id };
      wanted.id = id;
      this.#wanted.set(address, wanted);
      if (known === undefined) this.#network.clock.defer(() => this.#dial(wanted));
    }
  }

  send(to: NodeId, packet: Packet): boolean {
    const peer = this.#peers.get(to);
    if (peer === undefined) return false;
    const channel = channelOf(packet);
    const bytes = payloadBytesMax(packet);
    const pending = peer.pendingBytes[channel];
    if (bytes > DEFAULT_LIMITS.frameBytesMax) return false;
    if (pending > 0 && pending + bytes > DEFAULT_LIMITS[BYTES_MAX[channel]]) return false;
    if (this.#network.drop(this.id, to, packet)) return true;
    const writer = new ByteWriter();
    encodePacket(writer, packet);
    peer.waiting[channel].push(writer.copy());
    peer.pendingBytes[channel] += writer.length;
    if (!this.#flushSoon) {
      this.#flushSoon = true;
      this.#network.clock.defer(() => {
        this.#flushSoon = false;
        this.flush();
      });
    }
    return true;
  }

  flush(): void {
    for (const peer of this.#peers.values()) {
      // The control way first: the other one must bear that it is overtaken.
      this.#flushWay(peer, 'control');
      this.#flushWay(peer, 'bulk');
    }
  }

  setHello(hello: Hello): void {
    this.#hello = hello;
  }

  connected(): readonly Hello[] {
    return [...this.#peers.values()].map(({ hello }) => hello);
  }

  disconnect(peer: NodeId, _reason: string): void {
    this.lose(peer);
  }

  close(): Promise<void> {
    this.flush();
    this.#state = 'closed';
    this.#events = null;
    if (this.#network.at(this.#address) === this) this.#network.listen(this.#address, null);
    for (const id of this.#peers.keys()) this.lose(id);
    return Promise.resolve();
  }

  /** Ends the connection to `id` on both sides. For the network. */
  lose(id: NodeId): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.pipe.live = false;
    this.#onLost(id);
    peer.transport.#onLost(this.id);
  }

  #flushWay(peer: MemoryPeer, channel: Channel): void {
    const frames = peer.waiting[channel].splice(0);
    if (frames.length === 0) return;
    const way = { from: this.id, to: peer.hello.id, channel };
    this.#network.schedule(() => {
      for (const frame of frames) {
        peer.pendingBytes[channel] -= frame.length;
        if (peer.pipe.live) peer.transport.#deliver(this.id, frame);
      }
    }, way);
  }

  #deliver(from: NodeId, bytes: Uint8Array): void {
    new FrameReader(DEFAULT_LIMITS.frameBytesMax).push(bytes, (frame) => {
      const packet = decodePacket(frame, { from, to: this.id });
      if (typeof packet === 'string') assert(false, () => `Cannot read back ${packet}`);
      else this.#events?.onPacket(from, packet);
      return true;
    });
  }

  #dial(wanted: Wanted): void {
    const { address } = wanted;
    if (this.#state !== 'started' || this.#wanted.get(address) !== wanted) return;
    const other = this.#network.at(address);
    const again = (delayMs: number): void => {
      this.#network.clock.after(delayMs, () => this.#dial(wanted));
    };
    if (other === null || this.#network.isCut(this.id, other.id)) {
      again(DEFAULT_LIMITS.backoffMsMin);
      return;
    }
    // Who is connected already, through the other's dialling, is looked at again later.
    if (this.#peers.has(other.id)) {
      again(DEFAULT_LIMITS.backoffMsMin);
      return;
    }
    const problem = this.#problemWith(wanted, other);
    if (problem !== null) {
      this.#events?.onRefused(address, problem);
      again(DEFAULT_LIMITS.refusedBackoffMsMin);
      return;
    }
    const pipe = { live: true };
    const [hello, theirs] = [this.#hello, other.#hello];
    this.#onConnected(other, theirs, pipe);
    if (pipe.live) other.#onConnected(this, hello, pipe);
    again(DEFAULT_LIMITS.backoffMsMin);
  }

  #problemWith(wanted: Wanted, other: MemoryTransport): string | null {
    const expected = wanted.id ?? other.id;
    if (expected !== other.id) return `${expected} was expected there and ${other.id} answers`;
    if (other.id === this.id) return `${this.id} is the id of the other node as well`;
    const refusal = other.#events?.admit(this.#hello) ?? null;
    if (refusal !== null) return refusal;
    const own = this.#events?.admit(other.#hello) ?? null;
    return own === null ? null : `this node does not accept ${other.id}: ${own}`;
  }

  #onConnected(transport: MemoryTransport, hello: Hello, pipe: Pipe): void {
    // Another process with the same id: the newer connection is the one that was admitted.
    this.lose(hello.id);
    this.#peers.set(hello.id, {
      transport,
      hello,
      pipe,
      waiting: { control: [], bulk: [] },
      pendingBytes: { control: 0, bulk: 0 },
    });
    this.#events?.onConnected(hello);
  }

  #onLost(id: NodeId): void {
    if (!this.#peers.delete(id)) return;
    this.#network.clock.defer(() => this.#events?.onDisconnected(id));
  }
}

const BYTES_MAX: Record<Channel, 'controlBytesMax' | 'bulkBytesMax'> = {
  control: 'controlBytesMax',
  bulk: 'bulkBytesMax',
};

function pairOf(left: NodeId, right: NodeId): string {
  return left < right ? JSON.stringify([left, right]) : JSON.stringify([right, left]);
}
