/**
 * A rolling 32-bit hash of what entries did, compared between nodes after every entry. It must not
 * depend on how entries were grouped, on whether anybody waited for a result, or on time.
 *
 * Mixing is that of MurmurHash3 (Appleby, public domain), one 32-bit word at a time.
 */

import type { Row, SqlValue } from './driver.ts';

const TWO_32 = 4_294_967_296;
const real = new Float64Array(1);
const realWords = new Uint32Array(real.buffer);
const integer = new BigInt64Array(1);
const integerWords = new Uint32Array(integer.buffer);

/** `digest` with one more word. */
export function mix(digest: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = digest ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) >>> 0;
}

/** `digest` with a 64-bit integer. */
export function mixInteger(digest: number, value: bigint): number {
  const number = Number(value);
  // The same two words without going through a bigint's memory.
  if (Number.isSafeInteger(number))
    return mix(mix(digest, number | 0), Math.floor(number / TWO_32) | 0);
  integer[0] = value;
  return mix(mix(digest, integerWords[0] ?? 0), integerWords[1] ?? 0);
}

/** `digest` with the values of a row and their types. */
export function mixRow(digest: number, row: Row): number {
  let h = mix(digest, row.length);
  for (const value of row) h = mixValue(h, value);
  return h;
}

function mixValue(digest: number, value: SqlValue): number {
  if (value === null) return mix(digest, 5);
  if (typeof value === 'bigint') return mixInteger(mix(digest, 1), value);
  if (typeof value === 'number') {
    real[0] = value;
    return mix(mix(mix(digest, 2), realWords[0] ?? 0), realWords[1] ?? 0);
  }
  let h = mix(mix(digest, typeof value === 'string' ? 3 : 4), value.length);
  if (typeof value === 'string')
    for (let at = 0; at < value.length; at++) h = mix(h, value.charCodeAt(at));
  else for (const byte of value) h = mix(h, byte);
  return h;
}
