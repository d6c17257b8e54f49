import type { NodeId } from '../base/ids.ts';
import { decodePacket } from './codec.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import type { Link, Pace } from './dial.ts';
import type { Frame } from './frame.ts';
import type { Identity } from './handshake.ts';
import type { Outbox } from './outbox.ts';
import type { Channel, Hello, Packet } from './transport.ts';

/** Then somebody should look at the address this node advertises. */
const ROUNDS_ALONE_MAX = 5;

/** What a peer tells the transport. */
export interface PeerEvents {
  onUp(peer: Peer, hello: Hello): void;
  onDown(peer: Peer, reason: string): void;
  onPacket(peer: Peer, packet: Packet): void;
  /** No accepted socket of it is left. */
  onAlone(peer: Peer): void;
}

/**
 * One life of the connection to another node: the two sockets we dialled and the two it dialled,
 * all to the same process. It is up when all four are there, and over when the first of them ends:
 * then the others are closed as well, so that both sides start the next life from nothing.
 */
export class Peer implements ConnectionOwner {
  readonly id: NodeId;
  readonly #self: NodeId;
  readonly #events: PeerEvents;
  #identity: Identity | null = null;
  #outgoing: Link | null = null;
  #control: Connection | null = null;
  #bulk: Connection | null = null;
  #up = false;
  /** Rounds of the watch in which only our own sockets were there. */
  #roundsAlone = 0;
  /** What came while not all sockets were there; little, because reading is paused then. */
  #held: Packet[] = [];

  constructor(id: NodeId, self: NodeId, events: PeerEvents) {
    this.id = id;
    this.#self = self;
    this.#events = events;
  }

  /** What it said of itself; null while it is not up. */
  get hello(): Hello | null {
    return this.#up ? (this.#identity?.hello ?? null) : null;
  }

  get hasIncoming(): boolean {
    return this.#control !== null || this.#bulk !== null;
  }

  get outgoing(): Link | null {
    return this.#outgoing;
  }

  /** Accepted sockets. */
  get incoming(): readonly Connection[] {
    return [this.#control, this.#bulk].filter((connection) => connection !== null);
  }

  /** Where to put what goes to this peer; null while it is not up. */
  outbox(channel: Channel): Outbox | null {
    return this.#up ? (this.#outgoing?.connection(channel)?.outbox ?? null) : null;
  }

  attachOutgoing(link: Link, identity: Identity): void {
    this.#meet(identity);
    this.#outgoing = link;
    this.#riseWhenComplete(identity);
  }

  attachIncoming(connection: Connection, identity: Identity): void {
    this.#meet(identity);
    // The peer gave up the older one, and we have not noticed yet.
    if (this.#incomingOf(connection.channel) !== null) this.end('it connected again', 'soon');
    this.#identity = identity;
    connection.owner = this;
    if (connection.channel === 'control') this.#control = connection;
    else this.#bulk = connection;
    this.#riseWhenComplete(identity);
  }

  /** Ends this life: closes every socket, and dials again at that pace. */
  end(reason: string, pace: Pace): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#identity = null;
    this.#held = [];
    for (const connection of this.incoming) connection.close();
    this.#control = null;
    this.#bulk = null;
    const link = this.#outgoing;
    this.#outgoing = null;
    link?.restart(pace);
    if (wasUp) this.#events.onDown(this, reason);
    this.#events.onAlone(this);
  }

  /** True once when it is reached for some rounds of the watch, and has not dialled us. */
  waitedLong(): boolean {
    const alone = this.#outgoing !== null && !this.hasIncoming;
    this.#roundsAlone = alone ? this.#roundsAlone + 1 : 0;
    return this.#roundsAlone === ROUNDS_ALONE_MAX;
  }

  /** The link we sent by is gone; it restarts itself. */
  onLinkLost(link: Link, reason: string): void {
    if (this.#outgoing !== link) return;
    this.#outgoing = null;
    if (this.#up) this.end(reason, 'soon');
  }

  onPreamble(): void {
    // The handshake is over before a connection comes here.
  }

  onFrame(connection: Connection, frame: Frame): void {
    const packet = decodePacket(frame, { from: this.id, to: this.#self });
    if (typeof packet === 'string') {
      this.end(packet, 'slow');
    } else if (this.#up) {
      this.#events.onPacket(this, packet);
    } else {
      // It got our welcome before we got its own: the rest of its sockets is on the way.
      this.#held.push(packet);
      connection.pause();
    }
  }

  onEnd(connection: Connection, reason: string): void {
    if (this.#up) {
      this.end(reason, 'soon');
      return;
    }
    if (this.#control === connection) this.#control = null;
    if (this.#bulk === connection) this.#bulk = null;
    if (!this.hasIncoming) {
      this.#held = [];
      this.#events.onAlone(this);
    }
  }

  #meet(identity: Identity): void {
    if (this.#identity !== null && this.#identity.session !== identity.session) {
      this.end('another process of it connected', 'soon');
    }
    this.#identity = identity;
  }

  #incomingOf(channel: Channel): Connection | null {
    return channel === 'control' ? this.#control : this.#bulk;
  }

  #riseWhenComplete(identity: Identity): void {
    if (this.#up || this.#outgoing === null) return;
    if (this.#control === null || this.#bulk === null) return;
    this.#up = true;
    this.#events.onUp(this, identity.hello);
    const held = this.#held;
    this.#held = [];
    for (const packet of held) {
      // Whoever hears of it may end it.
      if (!this.#sameLife(identity)) return;
      this.#events.onPacket(this, packet);
    }
    for (const connection of this.incoming) connection.resume();
  }

  #sameLife(identity: Identity): boolean {
    return this.#up && this.#identity === identity;
  }
}
