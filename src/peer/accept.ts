import { type Server, type Socket, createServer } from 'node:net';

import { NO_BYTES, encodeText } from '../base/bytes.ts';
import type { Timer } from '../base/clock.ts';
import type { Address } from '../base/ids.ts';
import { formatAddress, listenError, malformedAddress, parseAddress } from './address.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import {
  type PeerContext,
  identityProblem,
  makePreamble,
  ownIdentity,
  preambleProblem,
} from './context.ts';
import type { Frame } from './frame.ts';
import {
  CONNECTION_KINDS,
  type Identity,
  type Refusal,
  STRANGER_LINE,
  type Transcript,
  decodeHello,
  decodePreamble,
  encodeRefusal,
  encodeWelcome,
} from './handshake.ts';

/** Hands over a connection whose handshake is complete; its owner must be set before it returns. */
export type OnAccepted = (connection: Connection, identity: Identity) => void;

/** Listens, and leads each socket through its handshake. */
export class Acceptor {
  readonly #context: PeerContext;
  readonly #onAccepted: OnAccepted;
  readonly #server: Server;
  readonly #guests = new Set<Guest>();

  constructor(context: PeerContext, onAccepted: OnAccepted) {
    this.#context = context;
    this.#onAccepted = onAccepted;
    this.#server = createServer((socket) => this.#onSocket(socket));
  }

  /** Resolves to the address that is bound: another one when port 0 was asked for. */
  listen(address: Address): Promise<Address> {
    const target = parseAddress(address);
    if (target === null) return Promise.reject(malformedAddress(address));
    return new Promise((resolve, reject) => {
      const onError = (cause: Error): void => reject(listenError(address, cause));
      this.#server.once('error', onError);
      this.#server.listen({ ...target, exclusive: true }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error) => {
          this.#context.logger.error?.('accepting peers failed', { error: error.message });
        });
        const bound = this.#server.address();
        const port = bound !== null && typeof bound === 'object' ? bound.port : target.port;
        resolve(formatAddress({ host: target.host, port }));
      });
    });
  }

  /** Ends unfinished handshakes and resolves when the port is free. */
  close(): Promise<void> {
    for (const guest of this.#guests) guest.dismiss();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #onSocket(socket: Socket): void {
    if (this.#guests.size >= this.#context.limits.handshakesMax) {
      socket.destroy();
      return;
    }
    const guest = new Guest(this.#context, socket, (connection, identity) => {
      this.#guests.delete(guest);
      if (connection !== null && identity !== null) this.#onAccepted(connection, identity);
    });
    this.#guests.add(guest);
  }
}

/** An accepted socket until it has proved who it is, or is gone. */
class Guest implements ConnectionOwner {
  readonly #context: PeerContext;
  readonly #connection: Connection;
  readonly #remote: string;
  readonly #leave: (connection: Connection | null, identity: Identity | null) => void;
  readonly #timer: Timer;
  #transcript: Transcript | null = null;
  /** The payload of its hello. */
  #hello: Uint8Array = NO_BYTES;
  /** Who it is, once welcomed; the confirmation is still to come. */
  #identity: Identity | null = null;

  constructor(
    context: PeerContext,
    socket: Socket,
    leave: (connection: Connection | null, identity: Identity | null) => void,
  ) {
    this.#context = context;
    this.#leave = leave;
    this.#remote = `${socket.remoteAddress}:${socket.remotePort}`;
    const { limits } = context;
    this.#connection = new Connection({
      socket,
      owner: this,
      outboxBytesMax: limits.controlBytesMax,
      frameBytesMax: limits.frameBytesMax,
    });
    this.#timer = context.clock.after(limits.handshakeTimeoutMs, () => this.dismiss());
  }

  /** Closes without a word. */
  dismiss(): void {
    this.#connection.close();
    this.#done();
  }

  onPreamble(connection: Connection, bytes: Uint8Array | null): void {
    const theirs = bytes && decodePreamble(bytes);
    if (bytes === null || theirs === null) {
      this.#part(encodeText(STRANGER_LINE), 'it does not speak the peer protocol');
      return;
    }
    const ours = makePreamble(this.#context, theirs.channel);
    connection.say(ours);
    connection.channel = theirs.channel;
    this.#transcript = { dialler: bytes, acceptor: ours };
    const problem = preambleProblem(this.#context, theirs);
    // Our preamble alone tells the dialler of the same problem, in its own words.
    if (problem !== null) this.#part(NO_BYTES, problem);
  }

  onFrame(connection: Connection, frame: Frame): void {
    if (this.#transcript === null) return;
    if (this.#identity !== null) {
      this.#onConfirm(connection, frame, this.#identity);
      return;
    }
    this.#hello = frame.payload;
    const context = this.#context;
    const identity = decodeHello(frame, this.#transcript, context.secret);
    if (typeof identity === 'string') {
      this.#refuse({ reason: identity, self: false });
      return;
    }
    if (identity.session === context.session) {
      this.#refuse({ reason: 'a node need not dial itself', self: true });
      return;
    }
    const problem = identityProblem(context, identity);
    if (problem !== null) {
      this.#refuse({ reason: problem, self: false });
      return;
    }
    this.#identity = identity;
    connection.say(encodeWelcome(ownIdentity(context), frame, this.#transcript, context.secret));
  }

  onEnd(): void {
    this.#done();
  }

  #onConfirm(connection: Connection, frame: Frame, identity: Identity): void {
    if (frame.kind !== CONNECTION_KINDS.confirm) {
      this.#refuse({ reason: 'a confirmation was expected', self: false });
      return;
    }
    this.#timer.cancel();
    connection.open();
    this.#leave(connection, identity);
  }

  #refuse(refusal: Refusal): void {
    if (this.#transcript === null) return;
    const { secret } = this.#context;
    this.#part(encodeRefusal(refusal, this.#hello, this.#transcript, secret), refusal.reason);
  }

  /** The timer stays: it ends a socket that does not take our last words. */
  #part(lastWords: Uint8Array, reason: string): void {
    this.#context.logger.debug?.('peer turned away', { remote: this.#remote, reason });
    this.#connection.closeAfter(lastWords, () => this.#timer.cancel());
    this.#leave(null, null);
  }

  #done(): void {
    this.#timer.cancel();
    this.#leave(null, null);
  }
}
