import { equalBytes } from '../base/bytes.ts';

/** A byte order mark is a character like others: data must come out as it went in. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Up to this many bytes a loop over ASCII beats the call into TextDecoder (measured: 32 to 48). */
const LOOP_BYTES_MAX = 32;

/** SQL texts come again and again; a slot of the memo holds the last one that fell on it. */
const MEMO_SLOTS = 256;
const MEMO_BYTES_MAX = 1024;

const memoBytes: (Uint8Array | undefined)[] = Array.from({ length: MEMO_SLOTS });
const memoTexts: string[] = Array.from({ length: MEMO_SLOTS }, () => '');

/**
 * The text of UTF-8 `bytes`, the same string for the same bytes where possible: comparing bytes is
 * cheaper than decoding, and a string that was looked up before has its hash.
 */
export function knownTextOf(bytes: Uint8Array): string {
  const length = bytes.length;
  if (length > MEMO_BYTES_MAX) return decoder.decode(bytes);
  const last = bytes[length - 1] ?? 0;
  const middle = bytes[length >> 1] ?? 0;
  const slot = (length * 31 + middle * 7 + last + (bytes[length - 3] ?? 0) * 13) % MEMO_SLOTS;
  const known = memoBytes[slot];
  if (known !== undefined && equalBytes(known, bytes)) return memoTexts[slot] ?? '';
  const text = decoder.decode(bytes);
  memoBytes[slot] = bytes.slice();
  memoTexts[slot] = text;
  return text;
}

/** The text of UTF-8 `bytes`, fast where it is short and ASCII, as most values are. */
export function textOf(bytes: Uint8Array): string {
  const length = bytes.length;
  if (length > LOOP_BYTES_MAX) return decoder.decode(bytes);
  let text = '';
  for (let at = 0; at < length; at++) {
    const code = bytes[at] ?? 128;
    if (code >= 128) return decoder.decode(bytes);
    text += String.fromCharCode(code);
  }
  return text;
}
