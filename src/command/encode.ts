import { assert } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import type { Command, Seed, Statement, Value } from './command.ts';
import { CLOCK_AT, COMMAND_VERSION, FLAG, KIND, SEED_AT, SMALL_END, TAG } from './layout.ts';

/** The memory that encoding works in is kept between calls, unless it grew beyond this. */
const KEPT_BYTES_MAX = 1_048_576;

let shared = new ByteWriter(4096);

/** The bytes of `command` (layout.ts); equal commands give equal bytes. */
export function encodeCommand(command: Command): Uint8Array {
  const writer = begin();
  writer.u8(COMMAND_VERSION).u8(KIND[command.kind]);
  if (command.kind === 'statements') {
    const { transaction, rows, clockMs, seed } = command;
    writer.u8((transaction ? FLAG.transaction : 0) | (rows ? FLAG.rows : 0));
    writer.u53(clockMs).u32(seed.low).u32(seed.high);
    writeStatements(writer, command.statements);
  }
  return finish(writer);
}

/** The bytes of statements alone, for `decodeStatements`. */
export function encodeStatements(
  statements: readonly Statement[],
  transaction: boolean,
): Uint8Array {
  const writer = begin();
  writer.u8(COMMAND_VERSION).u8(transaction ? FLAG.transaction : 0);
  writeStatements(writer, statements);
  return finish(writer);
}

/**
 * Gives an encoded command another clock and seed, in place; commands without them stay as they
 * are. `clockMs` is a non-negative integer.
 */
export function stampCommand(bytes: Uint8Array, clockMs: number, seed: Seed): void {
  if (bytes[0] !== COMMAND_VERSION || bytes[1] !== KIND.statements) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(CLOCK_AT, clockMs % 4294967296, true);
  view.setUint32(CLOCK_AT + 4, Math.floor(clockMs / 4294967296), true);
  view.setUint32(SEED_AT, seed.low, true);
  view.setUint32(SEED_AT + 4, seed.high, true);
}

function begin(): ByteWriter {
  shared.reset();
  return shared;
}

function finish(writer: ByteWriter): Uint8Array {
  const bytes = writer.copy();
  if (bytes.length > KEPT_BYTES_MAX) shared = new ByteWriter(4096);
  return bytes;
}

function writeStatements(writer: ByteWriter, statements: readonly Statement[]): void {
  const texts = writeTexts(writer, statements);
  writer.varint(statements.length);
  let lastText = '';
  let lastIndex = -1;
  for (const statement of statements) {
    if (lastIndex < 0 || statement.sql !== lastText) {
      lastText = statement.sql;
      lastIndex = texts?.get(lastText) ?? 0;
    }
    writer.varint(lastIndex);
    const { positional, named } = statement;
    writer.varint(positional.length * 2 + (named.length > 0 ? 1 : 0));
    for (const value of positional) writeValue(writer, value);
    if (named.length === 0) continue;
    writer.varint(named.length);
    for (const [name, value] of named) {
      writer.text(name);
      writeValue(writer, value);
    }
  }
}

/** Names each text once; returns their places, or null when there is at most one. */
function writeTexts(
  writer: ByteWriter,
  statements: readonly Statement[],
): ReadonlyMap<string, number> | null {
  const [first] = statements;
  if (first === undefined) {
    writer.varint(0);
    return null;
  }
  if (statements.every(({ sql }) => sql === first.sql)) {
    writer.varint(1).text(first.sql);
    return null;
  }
  const texts = new Map<string, number>();
  for (const { sql } of statements) if (!texts.has(sql)) texts.set(sql, texts.size);
  writer.varint(texts.size);
  for (const text of texts.keys()) writer.text(text);
  return texts;
}

function writeValue(writer: ByteWriter, value: Value): void {
  if (typeof value === 'string') writer.u8(TAG.text).text(value);
  else if (typeof value === 'bigint') writeInteger(writer, value);
  else if (typeof value === 'number') writer.u8(TAG.real).f64(value);
  else if (value === null) writer.u8(TAG.null);
  else writer.u8(TAG.blob).blob(value);
}

function writeInteger(writer: ByteWriter, value: bigint): void {
  if (value < SMALL_END && value > -SMALL_END) {
    const small = Number(value);
    writer.u8(TAG.small).varint(small < 0 ? small * -2 - 1 : small * 2);
    return;
  }
  assert(BigInt.asIntN(64, value) === value, () => `Cannot encode ${value}: more than 64 bits`);
  writer.u8(TAG.int64).i64(value);
}
