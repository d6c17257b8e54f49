import type { Index } from '../raft/entry.ts';

/** The log of a group as the compaction sees it. */
export interface LogView {
  readonly first: Index;
  readonly last: Index;
  /** Bytes of one entry's data; 0 when it is not there. */
  bytesOf(index: Index): number;
}

/**
 * Chooses how much of the log may be forgotten: nothing beyond `durable` (what the machine would
 * still have after a power loss) or `pinned` (what a follower is being sent), and the newest
 * `trailingBytes` stay for followers that are a little behind.
 *
 * Returns the highest index to forget, or null when nothing is to be forgotten.
 */
export function compactionPoint(options: {
  readonly log: LogView;
  readonly durable: Index;
  readonly pinned: Index;
  readonly trailingBytes: number;
}): Index | null {
  const { log } = options;
  let point = log.last;
  let kept = 0;
  while (point >= log.first && kept + log.bytesOf(point) <= options.trailingBytes) {
    kept += log.bytesOf(point);
    point--;
  }
  point = Math.min(point, options.durable, options.pinned);
  return point >= log.first ? point : null;
}
