import { connect } from 'node:net';

import type { Timer } from '../base/clock.ts';
import type { Address, NodeId } from '../base/ids.ts';
import { between } from '../base/prng.ts';
import { type HostPort } from './address.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import {
  type PeerContext,
  identityProblem,
  makePreamble,
  ownIdentity,
  preambleProblem,
} from './context.ts';
import { FRAME_HEADER_BYTES, type Frame } from './frame.ts';
import {
  CONNECTION_KINDS,
  type Identity,
  type Transcript,
  decodePreamble,
  decodeRefusal,
  decodeWelcome,
  encodeHello,
  encodeSignal,
} from './handshake.ts';
import type { Channel } from './transport.ts';

/** What a link tells the transport. */
export interface LinkEvents {
  /** Whether another link to the same node is further on: then this one waits. */
  isTaken(link: Link, id: NodeId): boolean;
  /** Both sockets are confirmed. */
  onOpen(link: Link, identity: Identity): void;
  /** It was open and is not any more; it dials again by itself. */
  onLost(link: Link, reason: string): void;
  onRefused(link: Link, reason: string): void;
}

/** Where a link goes. */
export interface LinkTarget {
  readonly address: Address;
  readonly at: HostPort;
  /** Null: whoever answers. */
  readonly id: NodeId | null;
  /** Dialled back because it dialled us; goes when their connections go. */
  readonly temporary: boolean;
}

/** How soon to dial again: after an accident, or after a no. */
export type Pace = 'soon' | 'slow';

const CONFIRM = encodeSignal(CONNECTION_KINDS.confirm);

/**
 * Our side of the way to one address: a control socket, then a bulk socket to the same process.
 * Either both are open or, after a wait, both are dialled again.
 */
export class Link implements ConnectionOwner {
  target: LinkTarget;
  readonly #context: PeerContext;
  readonly #events: LinkEvents;
  #control: Connection | null = null;
  #bulk: Connection | null = null;
  /** Who is there, from the first welcome on. */
  #identity: Identity | null = null;
  #handshake: { readonly channel: Channel; transcript: Transcript; hello: Uint8Array } | null =
    null;
  #open = false;
  #stopped = false;
  #failures = 0;
  #refusals = 0;
  #timer: Timer | null = null;

  constructor(context: PeerContext, target: LinkTarget, events: LinkEvents) {
    this.#context = context;
    this.target = target;
    this.#events = events;
  }

  /** Who is there, once somebody answered; who should be before. */
  get id(): NodeId | null {
    return this.#identity?.hello.id ?? this.target.id;
  }

  /** Someone is there and the sockets are open or being opened. */
  get claimed(): boolean {
    return this.#identity !== null;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The sockets, for those who send; empty while the link is not open. */
  connection(channel: Channel): Connection | null {
    if (!this.#open) return null;
    return channel === 'control' ? this.#control : this.#bulk;
  }

  start(): void {
    this.#dial('control');
  }

  /** Closes and dials no more. Tells nobody. */
  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  /** Closes, and dials again at that pace. Tells nobody. */
  restart(pace: Pace): void {
    this.#drop();
    if (!this.#stopped) this.#again(pace);
  }

  onPreamble(connection: Connection, bytes: Uint8Array | null): void {
    const theirs = bytes && decodePreamble(bytes);
    if (bytes === null || theirs === null) {
      this.#refused('something that is not a quorlite node answers there');
      return;
    }
    const problem = preambleProblem(this.#context, theirs);
    if (problem !== null) {
      this.#refused(problem);
      return;
    }
    if (this.#handshake === null) return;
    const transcript = { dialler: this.#handshake.transcript.dialler, acceptor: bytes };
    const hello = encodeHello(ownIdentity(this.#context), transcript, this.#context.secret);
    const payload = hello.subarray(FRAME_HEADER_BYTES);
    this.#handshake = { channel: this.#handshake.channel, transcript, hello: payload };
    connection.say(hello);
  }

  onFrame(connection: Connection, frame: Frame): void {
    if (this.#handshake === null) {
      this.#failed('it sent a frame where only we send', 'slow');
      return;
    }
    const { hello, transcript } = this.#handshake;
    const refusal = decodeRefusal(frame, hello, transcript, this.#context.secret);
    if (refusal?.self === true) this.stop();
    else if (refusal !== null) this.#refused(refusal.reason);
    else this.#onWelcome(connection, frame, this.#handshake);
  }

  onEnd(_connection: Connection, reason: string): void {
    this.#failed(reason, 'soon');
  }

  #onWelcome(
    connection: Connection,
    frame: Frame,
    { channel, transcript, hello }: { channel: Channel; transcript: Transcript; hello: Uint8Array },
  ): void {
    const identity = decodeWelcome(frame, hello, transcript, this.#context.secret);
    const problem = typeof identity === 'string' ? identity : this.#problemWith(identity);
    if (problem !== null || typeof identity === 'string') {
      this.#refused(problem ?? '');
      return;
    }
    if (this.#identity !== null && this.#identity.session !== identity.session) {
      this.#failed('it restarted between two sockets', 'soon');
      return;
    }
    if (this.#events.isTaken(this, identity.hello.id)) {
      this.restart('slow');
      return;
    }
    this.#identity = identity;
    this.#handshake = null;
    this.#timer?.cancel();
    connection.open();
    connection.say(CONFIRM);
    if (channel === 'control') this.#dial('bulk');
    else this.#opened(identity);
  }

  #problemWith(identity: Identity): string | null {
    const { id } = identity.hello;
    if (this.target.id !== null && this.target.id !== id) {
      return `${this.target.id} was expected there and ${id} answers`;
    }
    const problem = identityProblem(this.#context, identity);
    return problem === null ? null : `this node does not accept ${id}: ${problem}`;
  }

  #opened(identity: Identity): void {
    this.#open = true;
    this.#failures = 0;
    this.#refusals = 0;
    this.#events.onOpen(this, identity);
  }

  #dial(channel: Channel): void {
    const { limits } = this.#context;
    const socket = connect({ ...this.target.at, noDelay: true });
    const connection = new Connection({
      socket,
      owner: this,
      outboxBytesMax: channel === 'control' ? limits.controlBytesMax : limits.bulkBytesMax,
      frameBytesMax: limits.frameBytesMax,
    });
    connection.channel = channel;
    if (channel === 'control') this.#control = connection;
    else this.#bulk = connection;
    const preamble = makePreamble(this.#context, channel);
    const transcript = { dialler: preamble, acceptor: new Uint8Array(0) };
    this.#handshake = { channel, transcript, hello: new Uint8Array(0) };
    this.#wait(limits.connectTimeoutMs, () => this.#failed('connecting took too long', 'soon'));
    socket.once('connect', () => {
      if (connection.ended) return;
      this.#wait(limits.handshakeTimeoutMs, () =>
        this.#failed('the handshake took too long', 'soon'),
      );
      connection.say(preamble);
    });
  }

  #refused(reason: string): void {
    this.restart('slow');
    this.#events.onRefused(this, reason);
  }

  #failed(reason: string, pace: Pace): void {
    const wasOpen = this.#open;
    if (this.#failures === 0) {
      const { address, id } = this.target;
      this.#context.logger.info?.('peer cannot be reached', { address, id, reason });
    }
    this.restart(pace);
    if (wasOpen) this.#events.onLost(this, reason);
  }

  #drop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#open = false;
    this.#identity = null;
    this.#handshake = null;
    this.#control?.close();
    this.#bulk?.close();
    this.#control = null;
    this.#bulk = null;
  }

  #again(pace: Pace): void {
    const { limits, random } = this.#context;
    const most = pace === 'soon' ? limits.backoffMsMax : limits.refusedBackoffMsMax;
    const least = pace === 'soon' ? limits.backoffMsMin : limits.refusedBackoffMsMin;
    const times = pace === 'soon' ? this.#failures++ : this.#refusals++;
    const delayMs = Math.min(most, least * 2 ** Math.min(times, 20));
    // Half of it is random: nodes that lost each other together do not come back together.
    this.#wait(between(random, Math.ceil(delayMs / 2), Math.ceil(delayMs) + 1), () => {
      const { id } = this.target;
      if (id !== null && this.#events.isTaken(this, id)) this.#again('slow');
      else this.start();
    });
  }

  #wait(delayMs: number, then: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#context.clock.after(delayMs, then);
  }
}
