import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type ErrorCode, QuorliteError } from '../base/errors.ts';
import type { ReadLevel } from './request.ts';

/**
 * What a node asks the leader to do for a client, as bytes of a call. The command travels as it
 * will stand in the log; the leader only stamps its clock and seed on it.
 */

/** A command to propose. */
export interface ForwardedWrite {
  readonly format: number;
  readonly timeoutMs: number;
  readonly payload: Uint8Array;
}

/** A read to answer; `payload` is a statements command that carries statements and flags. */
export interface ForwardedRead {
  readonly format: number;
  readonly timeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly level: ReadLevel;
  readonly payload: Uint8Array;
}

/** What comes back: results in the client's bytes, and the index they stand for. */
export interface ForwardedReply {
  readonly index: number;
  readonly body: Uint8Array;
}

const LEVELS: readonly ReadLevel[] = ['none', 'weak', 'linearizable', 'strong'];

/** Bytes of a write. */
export function encodeForwardedWrite(write: ForwardedWrite): Uint8Array {
  return new ByteWriter(write.payload.length + 32)
    .u32(write.format)
    .u32(write.timeoutMs)
    .raw(write.payload)
    .copy();
}

/** A write; null when the bytes are not one. */
export function decodeForwardedWrite(body: Uint8Array): ForwardedWrite | null {
  const reader = new ByteReader(body);
  const format = reader.u32();
  const timeoutMs = reader.u32();
  // A copy: the payload lives on in the log, the packet's buffer does not.
  const payload = reader.raw(reader.left).slice();
  return reader.failed ? null : { format, timeoutMs, payload };
}

/** Bytes of a read. */
export function encodeForwardedRead(read: ForwardedRead): Uint8Array {
  return new ByteWriter(read.payload.length + 32)
    .u32(read.format)
    .u32(read.timeoutMs)
    .u32(read.statementTimeoutMs)
    .u8(LEVELS.indexOf(read.level))
    .raw(read.payload)
    .copy();
}

/** A read; null when the bytes are not one. */
export function decodeForwardedRead(body: Uint8Array): ForwardedRead | null {
  const reader = new ByteReader(body);
  const format = reader.u32();
  const timeoutMs = reader.u32();
  const statementTimeoutMs = reader.u32();
  const level = LEVELS[reader.u8()];
  const payload = reader.raw(reader.left);
  if (reader.failed || level === undefined) return null;
  return { format, timeoutMs, statementTimeoutMs, level, payload };
}

/** Bytes of a reply. */
export function encodeForwardedReply(reply: ForwardedReply): Uint8Array {
  return new ByteWriter(reply.body.length + 16).u53(reply.index).raw(reply.body).copy();
}

/** A reply; null when the bytes are not one. */
export function decodeForwardedReply(body: Uint8Array): ForwardedReply | null {
  const reader = new ByteReader(body);
  const index = reader.u53();
  const rest = reader.raw(reader.left);
  return reader.failed ? null : { index, body: rest };
}

/** An operating error as the text of a call's answer. */
export function encodeError(error: QuorliteError): string {
  return `${error.code}: ${error.message}`;
}

/** Codes a node may be told by another one. */
const CODES = {
  'invalid-request': true,
  'too-large': true,
  overloaded: true,
  'not-leader': true,
  'no-leader': true,
  timeout: true,
  'unknown-outcome': true,
  superseded: true,
  'stale-read': true,
  stopping: true,
  'not-ready': true,
  membership: true,
  'not-member': true,
  'wrong-cluster': true,
  'wrong-incarnation': true,
  'wrong-version': true,
  locked: true,
  address: true,
  disk: true,
  'disk-full': true,
  corrupt: true,
  diverged: true,
  sql: true,
  configuration: true,
} satisfies Record<ErrorCode, true>;

/** The error of such a text; `otherwise` is the code of one that names none. */
export function decodeError(text: string, otherwise: ErrorCode): QuorliteError {
  const colon = text.indexOf(': ');
  const code = text.slice(0, Math.max(0, colon));
  if (isCode(code)) return new QuorliteError(code, text.slice(colon + 2));
  return new QuorliteError(otherwise, text);
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(CODES, text);
}
