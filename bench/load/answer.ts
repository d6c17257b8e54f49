/**
 * Just enough HTTP/1.1 to read the answers of a server that keeps connections alive: one answer at
 * a time, with a Content-Length or in chunks. Anything else is an error, not a guess.
 */

/** One whole answer; `body` is only valid until the next bytes arrive. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const BLANK_LINE = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
/** `HTTP/1.1 200` */
const STATUS = { start: 9, end: 12 } as const;
/** No server of ours sends that much before the body. */
const HEADER_BYTES_MAX = 64 * 1024;

/** Puts the bytes of one connection together until an answer is whole. */
export class AnswerReader {
  #pending: Buffer | null = null;

  /**
   * Takes the next bytes, which the caller may overwrite afterwards; null when more must follow.
   *
   * @throws {Error} when the bytes are no answer, or more than one
   */
  push(bytes: Buffer): Answer | null {
    const all = this.#pending === null ? bytes : Buffer.concat([this.#pending, bytes]);
    const answer = parseAnswer(all);
    if (answer !== null) this.#pending = null;
    else this.#pending = all === bytes ? Buffer.from(bytes) : all;
    return answer;
  }
}

function parseAnswer(bytes: Buffer): Answer | null {
  const headerEnd = bytes.indexOf(BLANK_LINE);
  if (headerEnd < 0) {
    if (bytes.length > HEADER_BYTES_MAX) throw new Error('The header of an answer does not end');
    return null;
  }
  const head = bytes.toString('latin1', 0, headerEnd);
  if (!head.startsWith('HTTP/1.')) throw new Error(`Not an HTTP answer: ${head.slice(0, 100)}`);
  const status = Number(head.slice(STATUS.start, STATUS.end));
  const start = headerEnd + BLANK_LINE.length;
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    refuseSurplus(bytes, end);
    return end > bytes.length ? null : { status, body: bytes.subarray(start, end) };
  }
  if (!CHUNKED.test(head)) throw new Error('An answer has no length and is not in chunks');
  const body = joinChunks(bytes, start);
  return body === null ? null : { status, body };
}

function joinChunks(bytes: Buffer, start: number): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('A chunk of an answer has no size');
    const dataStart = lineEnd + LINE_END.length;
    const dataEnd = dataStart + size;
    at = dataEnd + LINE_END.length;
    if (bytes.length < at) return null;
    if (size === 0) {
      refuseSurplus(bytes, at);
      const [only, ...others] = parts;
      return only !== undefined && others.length === 0 ? only : Buffer.concat(parts);
    }
    parts.push(bytes.subarray(dataStart, dataEnd));
  }
}

function refuseSurplus(bytes: Buffer, end: number): void {
  if (bytes.length > end) throw new Error(`${bytes.length - end} bytes follow an answer`);
}
