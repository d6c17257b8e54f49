/**
 * JSON as Go's encoding/json prints it, which rqlite's clients see: `<`, `>`, `&`, U+2028 and
 * U+2029 escaped, floats in the shortest form that reads back equal.
 */

/** What cannot stand in a JSON string as it is. */
// oxlint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /[\u0000-\u001f"\\<>&\u2028\u2029]/;

// oxlint-disable-next-line no-control-regex
const ESCAPES = /[\u0000-\u001f"\\<>&\u2028\u2029]/g;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** `text` as a JSON string, quotes included. */
export function jsonText(text: string): string {
  return NEEDS_ESCAPE.test(text) ? `"${text.replaceAll(ESCAPES, escape)}"` : `"${text}"`;
}

function escape(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * A finite REAL. Go and JavaScript agree on the shortest digits and on where exponents begin
 * (below 1e-6, from 1e21); they differ on negative zero.
 */
export function jsonReal(value: number): string {
  return value === 0 && Object.is(value, -0) ? '-0' : String(value);
}

/** An INTEGER in full, beyond 2^53 too. */
export function jsonInteger(value: bigint): string {
  const number = Number(value);
  // Printing a number is several times faster than printing a bigint.
  return Number.isSafeInteger(number) ? String(number) : value.toString();
}

/** Bytes as a JSON array of integers. */
export function jsonByteArray(bytes: Uint8Array): string {
  return `[${bytes.join(',')}]`;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Bytes as base64 with padding, in quotes. */
export function jsonBase64(bytes: Uint8Array): string {
  let text = '"';
  let at = 0;
  for (; at + 2 < bytes.length; at += 3) {
    const triple = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2);
    text += digit(triple >>> 18) + digit(triple >>> 12) + digit(triple >>> 6) + digit(triple);
  }
  const left = bytes.length - at;
  if (left > 0) {
    const triple = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8);
    text += digit(triple >>> 18) + digit(triple >>> 12);
    text += left === 2 ? `${digit(triple >>> 6)}=` : '==';
  }
  return `${text}"`;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function digit(bits: number): string {
  return BASE64.charAt(bits & 63);
}
