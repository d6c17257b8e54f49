import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { assert } from '../../base/assert.ts';
import type { AnswerPort } from './answer-port.ts';

/** RFC 9110 5.5, as Node has it: written as latin1, other characters could come out as CR or LF. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** How an answer to a plain request is written. */
export interface PlainAnswerOptions {
  readonly socket: Socket;
  /** What the client is told of how long its connection may rest. */
  readonly keepAliveTimeoutMs: number;
  /** The answer is with the socket; `keepsAlive`: further requests may follow. */
  readonly onEnd: (keepsAlive: boolean) => void;
}

/** One answer, byte for byte as Node's HTTP server writes it; in one write when it is small. */
export class PlainAnswer implements AnswerPort {
  shouldKeepAlive = true;
  readonly #options: PlainAnswerOptions;
  #head = '';
  #left: (() => void) | null = null;

  constructor(options: PlainAnswerOptions) {
    this.#options = options;
  }

  writeHead(status: number, fields: string[]): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const value = fields[at + 1] ?? '';
      // A line break in a value would begin another field, or another answer.
      assert(VALUE.test(value), () => `A character that no header may have in ${value}`);
      head += `${fields[at]}: ${value}\r\n`;
    }
    head += `Date: ${httpDate()}\r\n`;
    head += this.shouldKeepAlive
      ? `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveSeconds}\r\n\r\n`
      : 'Connection: close\r\n\r\n';
    this.#head = head;
  }

  write(piece: string | Uint8Array): void {
    const { socket } = this.#options;
    if (this.#head !== '') socket.write(this.#takeHead(), 'latin1');
    if (typeof piece === 'string') socket.write(piece, 'latin1');
    else socket.write(piece);
  }

  end(rest: string): void {
    const { socket, onEnd } = this.#options;
    // Told of the end of the socket, too.
    if (this.#left === null) socket.write(this.#takeHead() + rest, 'latin1');
    else socket.write(this.#takeHead() + rest, 'latin1', this.#left);
    onEnd(this.shouldKeepAlive);
  }

  get closed(): boolean {
    return this.#options.socket.closed;
  }

  once(_event: 'close', left: () => void): void {
    this.#left = left;
  }

  cork(): void {
    this.#options.socket.cork();
  }

  uncork(): void {
    this.#options.socket.uncork();
  }

  setTimeout(): void {
    // `PlainConnection` watches the reader of every answer.
  }

  get #keepAliveSeconds(): number {
    return Math.floor(this.#options.keepAliveTimeoutMs / 1000);
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return head;
  }
}

let dateSecond = 0;
let dateText = '';

/** RFC 9110 5.6.7; made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
