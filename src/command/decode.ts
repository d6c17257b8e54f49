import { ByteReader } from '../base/bytes.ts';
import type { Command, Statement, Value } from './command.ts';
import { COMMAND_VERSION, FLAG, KIND, TAG } from './layout.ts';
import { COMMAND_BYTES_MAX, PARAMETERS_MAX, STATEMENTS_MAX } from './limits.ts';
import { knownTextOf, textOf } from './text.ts';

/** A command, or why the bytes are none. */
export type DecodedCommand =
  | { readonly ok: true; readonly command: Command }
  /** Written by a newer build: this one must not guess what it means. */
  | { readonly ok: false; readonly reason: 'version'; readonly version: number }
  | { readonly ok: false; readonly reason: 'malformed' };

/** Statements and whether they belong together. */
export interface DecodedStatements {
  readonly statements: readonly Statement[];
  readonly transaction: boolean;
}

const MALFORMED: DecodedCommand = { ok: false, reason: 'malformed' };
const NO_VALUES: readonly Value[] = [];
const NO_NAMED: Statement['named'] = [];

/** The command that `bytes` are (layout.ts). Never throws; blobs are views of `bytes`. */
export function decodeCommand(bytes: Uint8Array): DecodedCommand {
  const version = bytes[0];
  if (version === undefined || bytes.length > COMMAND_BYTES_MAX) return MALFORMED;
  if (version !== COMMAND_VERSION) return { ok: false, reason: 'version', version };
  const reader = new ByteReader(bytes, 1);
  const command = readCommand(reader);
  if (command === null || reader.failed || reader.left > 0) return MALFORMED;
  return { ok: true, command };
}

/** What `encodeStatements` wrote, or null when `bytes` are something else. Never throws. */
export function decodeStatements(bytes: Uint8Array): DecodedStatements | null {
  const reader = new ByteReader(bytes);
  if (bytes.length > COMMAND_BYTES_MAX || reader.u8() !== COMMAND_VERSION) return null;
  const flags = reader.u8();
  if (flags > FLAG.transaction) return null;
  const statements = readStatements(reader);
  if (reader.failed || reader.left > 0) return null;
  return { statements, transaction: flags === FLAG.transaction };
}

/** Whether `bytes` are a checksum command, without decoding more than that takes. */
export function isChecksumCommand(bytes: Uint8Array): boolean {
  return bytes[1] === KIND.checksum && bytes[0] === COMMAND_VERSION;
}

function readCommand(reader: ByteReader): Command | null {
  switch (reader.u8()) {
    case KIND.barrier:
      return { kind: 'barrier' };
    case KIND.checksum:
      return { kind: 'checksum' };
    case KIND.statements: {
      const flags = reader.u8();
      if (flags > (FLAG.transaction | FLAG.rows)) return null;
      const clockMs = reader.u53();
      const seed = { low: reader.u32(), high: reader.u32() };
      const transaction = (flags & FLAG.transaction) !== 0;
      const rows = (flags & FLAG.rows) !== 0;
      const statements = readStatements(reader);
      return { kind: 'statements', clockMs, seed, transaction, rows, statements };
    }
    default:
      return null;
  }
}

function readStatements(reader: ByteReader): Statement[] {
  const statements: Statement[] = [];
  const texts: string[] = [];
  const textCount = bounded(reader, STATEMENTS_MAX);
  for (let at = 0; at < textCount && !reader.failed; at++) texts.push(knownTextOf(reader.blob()));
  const count = bounded(reader, STATEMENTS_MAX);
  for (let at = 0; at < count && !reader.failed; at++) {
    const sql = texts[reader.varint()];
    if (sql === undefined) reader.fail();
    else statements.push(readStatement(reader, sql));
  }
  return statements;
}

function readStatement(reader: ByteReader, sql: string): Statement {
  const counts = bounded(reader, PARAMETERS_MAX * 2 + 1);
  const count = counts >>> 1;
  let positional = NO_VALUES;
  if (count > 0) {
    const values: Value[] = [];
    for (let at = 0; at < count && !reader.failed; at++) values.push(readValue(reader));
    positional = values;
  }
  const named = counts % 2 === 1 ? readNamed(reader) : NO_NAMED;
  return { sql, positional, named };
}

function readNamed(reader: ByteReader): Statement['named'] {
  const named: [string, Value][] = [];
  const count = bounded(reader, PARAMETERS_MAX);
  for (let at = 0; at < count && !reader.failed; at++)
    named.push([textOf(reader.blob()), readValue(reader)]);
  return named;
}

function readValue(reader: ByteReader): Value {
  switch (reader.u8()) {
    case TAG.null:
      return null;
    case TAG.small: {
      const zigzag = reader.varint();
      return BigInt(zigzag % 2 === 0 ? zigzag / 2 : (zigzag + 1) / -2);
    }
    case TAG.int64:
      return reader.i64();
    case TAG.real:
      return reader.f64();
    case TAG.text:
      return textOf(reader.blob());
    case TAG.blob:
      return reader.blob();
    default:
      reader.fail();
      return null;
  }
}

function bounded(reader: ByteReader, max: number): number {
  const count = reader.varint();
  if (count > max) reader.fail();
  return reader.failed ? 0 : count;
}
