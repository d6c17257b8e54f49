import { connect, type Socket } from 'node:net';

import { type Answer, AnswerReader } from './answer.ts';

/** Where a server listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** The answer to the last request; its body must not be kept. */
  readonly onAnswer: (answer: Answer) => void;
  /** The connection broke, or answered with something that is not HTTP. */
  readonly onFailure: (error: Error) => void;
}

/**
 * One for all connections of the process: the bytes of a read are dealt with before the next read
 * starts, and a buffer for each of 64 connections would only push each other out of the cache.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/** A keep-alive connection without any of `http.Agent`'s machinery: bytes out, answers in. */
export class Connection {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  readonly #events: ConnectionEvents;
  #closed = false;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  /** Connects. @throws when nobody listens there */
  static async open(target: Target, events: ConnectionEvents): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({
      ...target,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          connection.#onBytes(length);
          return true;
        },
      },
    });
    const connection = new Connection(socket, events);
    socket.once('connect', resolve);
    socket.on('error', (error) => {
      reject(error);
      connection.#fail(error);
    });
    socket.on('close', () => connection.#fail(new Error('The server closed the connection')));
    await promise;
    return connection;
  }

  /** Sends one request; the answer must have come before the next one is sent. */
  send(request: Buffer): void {
    this.#socket.write(request);
  }

  /** Closes it; no event follows. */
  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #onBytes(length: number): void {
    let answer: Answer | null;
    try {
      answer = this.#reader.push(READ_BUFFER.subarray(0, length));
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (answer !== null) this.#events.onAnswer(answer);
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#events.onFailure(error);
  }
}
