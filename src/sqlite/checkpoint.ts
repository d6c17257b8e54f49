/**
 * When the write-ahead log moves into the main file. Durability does not depend on it (the journal
 * has every entry), so it happens when it disturbs least; readers are never waited for.
 */

import type { Connection } from './driver.ts';
import { isFull } from './errors.ts';
import { syncWal, walBytes } from './files.ts';

/** A log of this size is worth moving when nothing else is to be done. */
const IDLE_WAL_BYTES = 4 * 1024 * 1024;

/** A log of this size is moved under load too: readers search it, and it eats the disk. */
const BUSY_WAL_BYTES = 64 * 1024 * 1024;

/** Moves what can be moved, and starts the log over when no reader is in it, if it is large. */
export function checkpoint(connection: Connection, path: string): void {
  if (walBytes(path) > BUSY_WAL_BYTES) moveAndTruncate(connection);
}

/** The same, for a moment of rest. */
export function checkpointIdle(connection: Connection, path: string): void {
  if (walBytes(path) > IDLE_WAL_BYTES) moveAndTruncate(connection);
}

/** Afterwards a power loss costs nothing that was committed before. */
export function makeDurable(connection: Connection, path: string): void {
  movePassively(connection);
  // What was not moved, for a reader or want of space, SQLite does not sync either.
  syncWal(path);
}

/** PASSIVE waits for nobody; TRUNCATE after it finds nothing to wait for, or gives up at once. */
function moveAndTruncate(connection: Connection): void {
  if (!movePassively(connection)) return;
  connection.exec('PRAGMA busy_timeout=0');
  try {
    connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  } finally {
    connection.exec('PRAGMA busy_timeout=10000');
  }
}

/**
 * Whether all of the log is in the main file now. On a full disk it is not, and nothing is lost:
 * the log stays, and is moved when there is space.
 */
function movePassively(connection: Connection): boolean {
  try {
    const [busy, inLog, moved] = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() ?? [];
    return busy === 0n && inLog === moved;
  } catch (cause) {
    if (isFull(cause)) return false;
    throw cause;
  }
}
