/**
 * A command as bytes, little endian:
 *
 *     u8  version                 1
 *     u8  kind                    1 statements, 2 barrier, 3 checksum
 *     (statements only)
 *     u8  flags                   1 transaction, 2 rows
 *     u53 clock                   milliseconds since 1970, in eight bytes
 *     u32 seed low, u32 seed high
 *     statement list
 *
 * Clock and seed stand at fixed places, so that the node that takes a command over can stamp it
 * without encoding it again (`stampCommand`). A statement list is also what a forwarded read
 * travels as:
 *
 *     varint number of texts, each text: varint bytes, UTF-8
 *     varint number of statements, each:
 *       varint index of its text  (each SQL text is named once)
 *       varint positional * 2 + (1 when named values follow)
 *       values
 *       varint named, each: text name, value
 *     value: u8 tag, then what the tag says
 */

/** The version this build writes, and the only one it reads. */
export const COMMAND_VERSION = 1;

/** Second byte of a command. */
export const KIND = { statements: 1, barrier: 2, checksum: 3 } as const;

/** Bits of the flags byte. */
export const FLAG = { transaction: 1, rows: 2 } as const;

/** First byte of a value. Small integers, nearly all of them, are zigzag varints. */
export const TAG = { null: 0, small: 1, int64: 2, real: 3, text: 4, blob: 5 } as const;

/** Where the clock stands; the two halves of the seed follow it. */
export const CLOCK_AT = 3;

/** Where the seed's low half stands, then its high half. */
export const SEED_AT = 11;

/** Bytes before the statement list. */
export const STATEMENTS_AT = 19;

/** Integers in (-SMALL_END, SMALL_END) are `small`: their zigzag form is a safe integer. */
export const SMALL_END = 4_503_599_627_370_496n;
