import { decodeText, encodeText } from '../base/bytes.ts';

/** Begins a byte string that is not results; no protocol's results begin with it. */
const FAILURE_MARK = 0;

/** In place of results: the whole reply fails with `message`. */
export function encodeReplyFailure(message: string): Uint8Array {
  const text = encodeText(message);
  const bytes = new Uint8Array(1 + text.length);
  bytes[0] = FAILURE_MARK;
  bytes.set(text, 1);
  return bytes;
}

/** Why the whole reply fails, or null when `bytes` are results. rqlite's door answers 500. */
export function replyFailure(bytes: Uint8Array): string | null {
  return bytes[0] === FAILURE_MARK ? decodeText(bytes.subarray(1)) : null;
}
