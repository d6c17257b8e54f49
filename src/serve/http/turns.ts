import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import { assert } from '../../base/assert.ts';

/** A request and what answers it. */
interface Turn {
  readonly request: IncomingMessage;
  readonly run: () => void;
}

/** A request that is being answered, or whose body is on its way. */
interface Underway {
  /** All of it has arrived. */
  readonly complete: boolean;
}

/** One that does not come from Node's server: what breaks there was sent behind it. */
const ELSEWHERE: Underway = { complete: true };

/** One connection's place in its sequence of requests. */
interface Connection {
  /** Being answered; null between requests. */
  current: Underway | null;
  /** The client sent what is no HTTP: end the connection after what it asked before. */
  broken: boolean;
  /** Requests that came while one was being answered. */
  readonly waiting: Turn[];
}

/**
 * Lets every connection's requests run one after the other, like Go's server: a client that
 * pipelines an INSERT and a SELECT must find its row, and RFC 9112 9.3.2 allows running ahead
 * only to safe methods. (Node by itself keeps only the answers in order.)
 */
export class Turns {
  readonly #connections = new Map<Socket, Connection>();
  readonly #waitingMax: number;

  /** `waitingMax`: pipelined requests that one connection may have waiting. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** Begins to follow a connection. */
  open(socket: Socket): void {
    const connection: Connection = { current: null, broken: false, waiting: [] };
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      // Nothing of what waits was done, and nobody is there to be told.
      connection.waiting.length = 0;
      this.#connections.delete(socket);
    });
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Closes connections without a request, new ones that never sent any included, which
   * `Server.closeIdleConnections` leaves open. Answers still on their way arrive.
   */
  closeIdle(): void {
    for (const [socket, { current }] of this.#connections) {
      if (current === null) socket.destroySoon();
    }
  }

  /** Ends every connection, whatever is under way on it. */
  closeAll(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  /** A request begins at once; nothing may be under way on its connection. */
  begin(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    assert(connection.current === null, () => 'A request begins before the one before it ended');
    connection.current = ELSEWHERE;
  }

  /** Calls `run` when its turn comes; false when too many wait already. */
  enter(request: IncomingMessage, run: () => void): boolean {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) {
      run();
    } else if (connection.current === null) {
      connection.current = request;
      run();
    } else {
      if (connection.waiting.length >= this.#waitingMax) return false;
      connection.waiting.push({ request, run });
    }
    return true;
  }

  /** Ends the turn of what was running; the next one begins. */
  leave(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.current = null;
    // Nobody could be told what came of it.
    if (socket.writableEnded) connection.waiting.length = 0;
    const next = connection.waiting.shift();
    // Behind a broken connection the rest of a body never comes.
    if (next !== undefined && (!connection.broken || next.request.complete)) {
      connection.current = next.request;
      next.run();
    } else if (connection.broken) {
      socket.destroySoon();
    }
  }

  /**
   * Ends the connection when everything that arrived whole is answered. False when there is no such
   * request: then what is wrong is what the client waits for now.
   */
  breakAfterAnswers(socket: Socket): boolean {
    const connection = this.#connections.get(socket);
    if (connection?.current?.complete !== true) return false;
    connection.broken = true;
    return true;
  }
}
