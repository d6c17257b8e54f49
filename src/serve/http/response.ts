import type { ErrorCode } from '../../base/errors.ts';
import type { AnswerPort } from './answer-port.ts';
import { indentJson } from './indent.ts';

/**
 * The version of rqlite whose API this is. Clients show it and compare it to learn which features
 * a server has, so it has to be rqlite's; our own is in `/status` as `build.quorlite_version`.
 */
export const API_VERSION = 'v10.2.7';

/**
 * Bodies up to this size leave as one latin1 string together with the head, in one write; latin1
 * takes bytes through unchanged. Above, copying costs more than a second write.
 */
const ONE_WRITE_BYTES_MAX = 16_384;

/** What a head says besides its status. */
export interface HeadFields {
  readonly contentType: string | null;
  readonly contentLength: number;
  readonly servedBy?: string;
  readonly location?: string;
  readonly error?: ErrorCode;
  readonly noSniff?: boolean;
  readonly retryAfterSeconds?: number;
}

/** What every answer of this server says. */
export interface AnswerOptions {
  /** `Access-Control-Allow-Origin`; null sends none. */
  readonly allowOrigin: string | null;
}

/** Parts of an answer about statements. */
export interface ResultsAnswer {
  /** The elements of the results array, comma-joined, without brackets. */
  readonly body: Uint8Array;
  readonly error: string | null;
  readonly code?: ErrorCode;
  /** Null: not asked for. */
  readonly timeSeconds: number | null;
  /** 0: not asked for, or none. */
  readonly raftIndex: number;
  readonly servedBy: string;
  readonly pretty: boolean;
}

/** A client that takes nothing of a large answer for this long is given up. */
export const SLOW_READER_MS = 60_000;

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Writes answers: bytes with a length, in as few writes as their size allows. */
export class Answers {
  readonly #common: readonly string[];
  #closing = false;
  #untaken = 0;

  constructor(options: AnswerOptions) {
    const common = ['X-RQLITE-VERSION', API_VERSION];
    if (options.allowOrigin !== null) {
      common.push('Access-Control-Allow-Origin', options.allowOrigin);
    }
    common.push('Access-Control-Allow-Methods', 'OPTIONS, GET, POST');
    common.push('Access-Control-Allow-Headers', 'Content-Type');
    this.#common = common;
  }

  /** From now on every answer is the last of its connection. */
  closeAfterAnswers(): void {
    this.#closing = true;
  }

  /** Whether connections are to end with their answers. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Bytes of large answers that their clients have not taken yet. */
  get untakenBytes(): number {
    return this.#untaken;
  }

  /** rqlite's answer about statements, in its order of keys. */
  results(response: AnswerPort, answer: ResultsAnswer): void {
    const { body, servedBy, code } = answer;
    const head = '{"results":[';
    let tail = ']';
    if (answer.error !== null) tail += `,"error":${escapedJson(answer.error)}`;
    if (answer.timeSeconds) tail += `,"time":${answer.timeSeconds}`;
    if (answer.raftIndex > 0) tail += `,"raft_index":${answer.raftIndex}`;
    tail += '}';
    const fields: HeadFields = {
      contentType: JSON_TYPE,
      contentLength: head.length + body.length + tail.length,
      servedBy,
      ...(code === undefined ? undefined : { error: code }),
    };
    if (answer.pretty) {
      const text = indentJson(head + latin1Of(body) + tail);
      this.#oneWrite(response, 200, { ...fields, contentLength: text.length }, text);
    } else if (fields.contentLength <= ONE_WRITE_BYTES_MAX) {
      this.#oneWrite(response, 200, fields, head + latin1Of(body) + tail);
    } else {
      this.#watch(response, fields.contentLength);
      this.#head(response, 200, fields);
      response.cork();
      response.write(head);
      response.write(bufferOf(body));
      response.end(tail, 'latin1');
      response.uncork();
    }
  }

  /** A JSON document. */
  json(response: AnswerPort, document: unknown, pretty: boolean): void {
    this.jsonText(response, escapedJson(document), pretty);
  }

  /** A JSON document that is a compact ASCII text already. */
  jsonText(response: AnswerPort, compact: string, pretty: boolean): void {
    const text = pretty ? indentJson(compact) : compact;
    this.#oneWrite(response, 200, { contentType: JSON_TYPE, contentLength: text.length }, text);
  }

  /** A text error, as Go's `http.Error` writes it. */
  error(
    response: AnswerPort,
    refused: { readonly status: number; readonly text: string; readonly code?: ErrorCode },
  ): void {
    const { status, text, code } = refused;
    this.#text(response, status, `${text}\n`, {
      noSniff: true,
      ...(code === undefined ? undefined : { error: code }),
      ...(status === 503 ? { retryAfterSeconds: 1 } : undefined),
    });
  }

  /** A text that is no error, as it is. */
  text(response: AnswerPort, status: number, text: string): void {
    this.#text(response, status, text, {});
  }

  /** A status with nothing to add. */
  empty(response: AnswerPort, status: number, servedBy?: string): void {
    const fields: HeadFields = {
      contentType: null,
      contentLength: 0,
      ...(servedBy === undefined ? undefined : { servedBy }),
    };
    this.#oneWrite(response, status, fields, '');
  }

  /** 301: the same request belongs to `location`. */
  redirect(response: AnswerPort, location: string): void {
    this.#oneWrite(response, 301, { contentType: null, contentLength: 0, location }, '');
  }

  #text(response: AnswerPort, status: number, text: string, more: Partial<HeadFields>): void {
    const bytes = Buffer.from(text, 'utf8');
    const fields = { contentType: TEXT_TYPE, contentLength: bytes.length, ...more };
    this.#oneWrite(response, status, fields, latin1Of(bytes));
  }

  /** Counts a large answer in until it has left, or its client is given up. */
  #watch(response: AnswerPort, bytes: number): void {
    // Whoever left while the database worked takes nothing, and is never heard of again.
    if (response.closed) return;
    this.#untaken += bytes;
    response.once('close', () => {
      this.#untaken -= bytes;
    });
    // Without progress for this long the connection is closed (the socket's default is never).
    response.setTimeout(SLOW_READER_MS);
  }

  #oneWrite(response: AnswerPort, status: number, fields: HeadFields, text: string): void {
    if (text.length > ONE_WRITE_BYTES_MAX) this.#watch(response, text.length);
    this.#head(response, status, fields);
    response.end(text, 'latin1');
  }

  #head(response: AnswerPort, status: number, fields: HeadFields): void {
    const head = [...this.#common];
    if (fields.contentType !== null) head.push('Content-Type', fields.contentType);
    if (fields.servedBy) head.push('X-RQLITE-SERVED-BY', fields.servedBy);
    if (fields.noSniff === true) head.push('X-Content-Type-Options', 'nosniff');
    if (fields.error !== undefined) head.push('X-QUORLITE-ERROR', fields.error);
    if (fields.location !== undefined) head.push('Location', fields.location);
    if (fields.retryAfterSeconds !== undefined) {
      head.push('Retry-After', String(fields.retryAfterSeconds));
    }
    // RFC 9110 8.6: a 204 has no length.
    if (status !== 204) head.push('Content-Length', String(fields.contentLength));
    if (this.#closing) response.shouldKeepAlive = false;
    response.writeHead(status, head);
  }
}

/**
 * JSON as Go's encoder writes it into a page-safe form: `<`, `>`, `&` and the two line separators
 * escaped; and everything beyond ASCII too, so that the text has as many bytes as characters.
 */
export function escapedJson(document: unknown): string {
  return JSON.stringify(document).replaceAll(
    /[<>&]|[^\x00-\x7f]/g, // oxlint-disable-line no-control-regex -- all of ASCII
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function latin1Of(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : bufferOf(bytes).toString('latin1');
}
