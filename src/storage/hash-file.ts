import { createHash } from 'node:crypto';

import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { DiskFile } from './disk.ts';

/** Bytes hashed in one turn of the loop: about a millisecond. */
const CHUNK_BYTES = 1024 * 1024;

/** Stops work that goes on over many turns; its callback is then not called. */
export interface Cancellation {
  cancelled: boolean;
}

/** What a file's bytes hash to. */
export interface FileHash {
  readonly size: number;
  /** SHA-256, 64 hexadecimal digits. */
  readonly hash: string;
}

/** Hashes a file a piece a turn, so that sockets and elections go on. */
export function hashFile(
  file: DiskFile,
  clock: Clock,
  cancellation: Cancellation,
  done: (error: QuorliteError | null, result: FileHash | null) => void,
): void {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(CHUNK_BYTES);
  let size = 0;
  const step = (): void => {
    if (cancellation.cancelled) return;
    let count: number;
    try {
      count = file.read(chunk, size);
    } catch (error) {
      done(QuorliteError.from(error, 'disk'), null);
      return;
    }
    hash.update(chunk.subarray(0, count));
    size += count;
    if (count === CHUNK_BYTES) clock.defer(step);
    else done(null, { size, hash: hash.digest('hex') });
  };
  step();
}
