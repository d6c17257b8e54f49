/**
 * Where an answer goes: the part of Node's `ServerResponse` that `Answers` needs. `PlainAnswer` is
 * the other one.
 */
export interface AnswerPort {
  /** False: the connection ends with this answer. To be set before `writeHead`. */
  shouldKeepAlive: boolean;
  /** `fields`: names and values in turn. */
  writeHead(status: number, fields: string[]): unknown;
  /** A piece of a body whose end follows, texts in ASCII; gathered until `uncork`. */
  write(piece: string | Uint8Array): unknown;
  /** The rest of the body, or all of it; latin1 takes bytes through unchanged. */
  end(rest: string, encoding: 'latin1'): unknown;
  cork(): void;
  uncork(): void;
  /** The connection has ended, and `close` will not come any more. */
  readonly closed: boolean;
  /** Calls `left` once the client has all of the answer, or its connection has ended. */
  once(event: 'close', left: () => void): unknown;
  /** Without progress for this long, the connection is closed. */
  setTimeout(ms: number): unknown;
}
