import { randomBytes } from 'node:crypto';

import { assert } from '../base/assert.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Address, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/prng.ts';
import { Acceptor } from './accept.ts';
import { parseAddress } from './address.ts';
import { channelOf, encodePacket, payloadBytesMax } from './codec.ts';
import type { Connection } from './connection.ts';
import type { PeerContext } from './context.ts';
import { Link, type LinkEvents } from './dial.ts';
import { FRAME_HEADER_BYTES } from './frame.ts';
import type { Identity } from './handshake.ts';
import { DEFAULT_LIMITS, type PeerLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { Peer, type PeerEvents } from './peer.ts';
import type { Hello, Packet, Transport, TransportEvents } from './transport.ts';

/** How a `TcpTransport` is made. */
export interface TcpOptions {
  /** Where to listen; `hello.peerAddress` is where others reach it. Port 0: any free one. */
  readonly listen: Address;
  readonly hello: Hello;
  /** Every node of the cluster has the same, or none has one. Connections are not encrypted. */
  readonly secret: string | null;
  readonly clock: Clock;
  /** For the jitter of waits; nonces come from the system. */
  readonly random: Random;
  readonly logger: Logger;
  /** Instead of `DEFAULT_LIMITS`, each. */
  readonly limits?: Partial<PeerLimits>;
}

/** What happened inside a call to the transport and is told after it. */
type News = (events: TransportEvents) => void;

/**
 * Nodes over TCP. Each dials every other with two sockets, control and bulk, and sends only on
 * those it dialled; so the two directions cannot hold each other up. Who dialled us and was
 * admitted is dialled back while it stays connected: that is how a node joins. See docs/wire.md.
 */
export class TcpTransport implements Transport {
  readonly #options: TcpOptions;
  readonly #context: PeerContext;
  readonly #acceptor: Acceptor;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #links = new Map<Address, Link>();
  readonly #unflushed = new Set<Outbox>();
  readonly #news: News[] = [];
  #hello: Hello;
  #events: TransportEvents | null = null;
  #address: Address | null = null;
  #state: 'new' | 'started' | 'closed' = 'new';
  #flushSoon = false;
  #watch: Timer | null = null;
  #watchedAtMs = 0;

  constructor(options: TcpOptions) {
    this.#options = options;
    this.#hello = options.hello;
    this.#context = {
      clock: options.clock,
      random: options.random,
      logger: options.logger,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      secret: options.secret,
      session: randomBytes(8).toString('hex'),
      hello: () => this.#hello,
      admit: (peer) => this.#events?.admit(peer) ?? null,
    };
    this.#acceptor = new Acceptor(this.#context, (connection, identity) =>
      this.#onAccepted(connection, identity),
    );
  }

  /** The address that is bound: the port is known when `listen` asked for any. */
  get address(): Address {
    assert(this.#address !== null, () => 'The transport has no address before it started');
    return this.#address;
  }

  async start(events: TransportEvents): Promise<void> {
    assert(this.#state === 'new', () => `Cannot start a transport that is ${this.#state}`);
    this.#events = events;
    this.#state = 'started';
    const address = await this.#acceptor.listen(this.#options.listen);
    if (this.#isClosed()) return;
    this.#address = address;
    this.#watchedAtMs = this.#context.clock.now();
    this.#watchLater();
  }

  connect(peers: readonly { readonly id: NodeId | null; readonly address: Address }[]): void {
    if (this.#state !== 'started') return;
    const wanted = new Map(peers.map(({ id, address }) => [address, id]));
    for (const [address, link] of this.#links) {
      if (!wanted.has(address) && !link.target.temporary) this.#forget(link);
    }
    for (const [address, id] of wanted) {
      if (id === this.#hello.id) continue;
      const link = this.#links.get(address);
      if (link === undefined) this.#addLink(address, id, false);
      else link.target = { ...link.target, id, temporary: false };
    }
  }

  send(to: NodeId, packet: Packet): boolean {
    const outbox = this.#peers.get(to)?.outbox(channelOf(packet)) ?? null;
    if (outbox === null) return false;
    const bytes = payloadBytesMax(packet);
    if (bytes > this.#context.limits.frameBytesMax) {
      this.#context.logger.error?.('packet is over the limit of a frame', { to, bytes });
      return false;
    }
    const writer = outbox.room(bytes + FRAME_HEADER_BYTES);
    if (writer === null) return false;
    encodePacket(writer, packet);
    this.#unflushed.add(outbox);
    if (!this.#flushSoon) {
      // For who sends outside the driver's turn and does not flush.
      this.#flushSoon = true;
      this.#context.clock.defer(this.#onFlushSoon);
    }
    return true;
  }

  flush(): void {
    if (this.#unflushed.size === 0) return;
    for (const outbox of this.#unflushed) outbox.flush();
    this.#unflushed.clear();
  }

  setHello(hello: Hello): void {
    this.#hello = hello;
  }

  connected(): readonly Hello[] {
    const hellos: Hello[] = [];
    for (const { hello } of this.#peers.values()) if (hello !== null) hellos.push(hello);
    return hellos;
  }

  disconnect(peer: NodeId, reason: string): void {
    this.#context.logger.warn?.('peer disconnected by this node', { peer, reason });
    this.#peers.get(peer)?.end(reason, 'slow');
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const started = this.#state === 'started';
    this.flush();
    this.#state = 'closed';
    this.#events = null;
    this.#watch?.cancel();
    for (const link of this.#links.values()) link.stop();
    for (const peer of this.#peers.values()) peer.end('this node stops', 'slow');
    if (started) await this.#acceptor.close();
  }

  /** Asked after a wait, during which it can have become true. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  readonly #onFlushSoon = (): void => {
    this.#flushSoon = false;
    if (this.#state === 'started') this.flush();
  };

  #addLink(address: Address, id: NodeId | null, temporary: boolean): void {
    const at = parseAddress(address);
    if (at === null || at.port === 0) {
      const reason = 'it is not of the form host:port';
      this.#context.logger.warn?.('peer address cannot be dialled', { address, id, reason });
      if (!temporary) this.#tell((events) => events.onRefused(address, reason));
      return;
    }
    const link = new Link(this.#context, { address, at, id, temporary }, this.#linkEvents);
    this.#links.set(address, link);
    link.start();
  }

  /** The node behind `link` is not wanted any more, and its own connections neither. */
  #forget(link: Link): void {
    const { id } = link;
    this.#links.delete(link.target.address);
    link.stop();
    const peer = id === null ? undefined : this.#peers.get(id);
    const { outgoing } = peer ?? {};
    if (outgoing === link || outgoing === null) peer?.end('it is not a peer any more', 'slow');
  }

  #peer(id: NodeId): Peer {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    const peer = new Peer(id, this.#hello.id, this.#peerEvents);
    this.#peers.set(id, peer);
    return peer;
  }

  #onAccepted(connection: Connection, identity: Identity): void {
    const { id, peerAddress } = identity.hello;
    const peer = this.#peer(id);
    peer.attachIncoming(connection, identity);
    if (this.#state !== 'started' || !peer.hasIncoming || peer.outgoing !== null) return;
    if (!this.#links.has(peerAddress)) this.#addLink(peerAddress, id, true);
  }

  readonly #linkEvents: LinkEvents = {
    isTaken: (link, id) => {
      for (const other of this.#links.values()) {
        if (other !== link && other.claimed && other.id === id) return true;
      }
      return false;
    },
    onOpen: (link, identity) => this.#peer(identity.hello.id).attachOutgoing(link, identity),
    onLost: (link, reason) => {
      for (const peer of this.#peers.values()) peer.onLinkLost(link, reason);
    },
    onRefused: ({ target: { address, temporary } }, reason) => {
      this.#context.logger.debug?.('refused by a peer', { address, reason, temporary });
      // A node may give up when it is refused; not by one that it never asked for.
      if (!temporary) this.#tell((events) => events.onRefused(address, reason));
    },
  };

  readonly #peerEvents: PeerEvents = {
    onUp: (_peer, hello) => {
      this.#tellAll();
      this.#context.logger.debug?.('peer connected', { peer: hello.id });
      this.#events?.onConnected(hello);
    },
    onDown: (peer, reason) => {
      this.#context.logger.debug?.('peer lost', { peer: peer.id, reason });
      this.#tell((events) => events.onDisconnected(peer.id));
    },
    onPacket: (peer, packet) => {
      if (this.#news.length > 0) this.#tellAll();
      this.#events?.onPacket(peer.id, packet);
    },
    onAlone: (peer) => {
      for (const link of this.#links.values()) {
        if (!link.target.temporary || link.target.id !== peer.id) continue;
        this.#links.delete(link.target.address);
        link.stop();
      }
    },
  };

  #tell(news: News): void {
    this.#news.push(news);
    this.#context.clock.defer(() => this.#tellAll());
  }

  #tellAll(): void {
    for (let news = this.#news.shift(); news !== undefined; news = this.#news.shift()) {
      if (this.#events !== null) news(this.#events);
    }
  }

  #watchLater(): void {
    const { clock, limits } = this.#context;
    this.#watch = clock.after(limits.pingIntervalMs, () => this.#onWatch());
  }

  #warnOneWay(peer: NodeId): void {
    this.#context.logger.warn?.('peer can be reached but does not reach this node', {
      peer,
      advertised: this.#hello.peerAddress,
    });
  }

  /** Says something on every socket, and ends those that hear nothing. */
  #onWatch(): void {
    if (this.#state !== 'started') return;
    const { clock, limits } = this.#context;
    const nowMs = clock.now();
    // After a stall of the loop, what the peers sent meanwhile has not been read yet.
    const stalled = nowMs - this.#watchedAtMs > 2 * limits.pingIntervalMs;
    this.#watchedAtMs = nowMs;
    for (const peer of this.#peers.values()) {
      const link = peer.outgoing;
      const outgoing = [link?.connection('control') ?? null, link?.connection('bulk') ?? null];
      for (const connection of [...peer.incoming, ...outgoing]) {
        if (connection === null || connection.ended) continue;
        connection.ping();
        const silent = connection.isSilent(nowMs, limits.silenceMsMax);
        if (silent && !stalled) peer.end(`it was silent for ${limits.silenceMsMax} ms`, 'soon');
      }
      if (peer.waitedLong()) this.#warnOneWay(peer.id);
    }
    this.#watchLater();
  }
}
