import { readFileSync, truncateSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { messageOf, QuorliteError } from '../base/errors.ts';

/** A data directory that belongs to this process until it is closed or the process dies. */
export class DirectoryLock {
  readonly #database: DatabaseSync;

  /** Use `acquire`. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Takes the lock: a write transaction on the SQLite file `path` that never ends. Node has no
   * flock; SQLite's lock is the kernel's, so it goes with the process however that dies, and no
   * stale file has to be judged. Others can still read who holds it.
   *
   * @throws {QuorliteError} `locked` naming the process that holds it, `disk`
   */
  static acquire(path: string): DirectoryLock {
    try {
      return DirectoryLock.#take(path);
    } catch (error) {
      if (!isTorn(path, error)) throw error;
      // A crash left pieces of it, since nothing ever syncs it. Whoever took it meanwhile holds the
      // file, whatever is in it, and keeps it.
      truncateSync(path);
      return DirectoryLock.#take(path);
    }
  }

  static #take(path: string): DirectoryLock {
    const database = openDatabase(path);
    try {
      // In memory: a rollback journal beside the lock would have to be explained.
      database.exec('PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF');
      database.exec('BEGIN IMMEDIATE');
      database.exec(`PRAGMA user_version=${process.pid}`);
      database.exec('COMMIT; BEGIN IMMEDIATE');
      return new DirectoryLock(database);
    } catch (error) {
      const failure = lockFailure(path, database, error);
      database.close();
      throw failure;
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const UNREADABLE: ReadonlySet<unknown> = new Set([11, 26]);

/** Whether this was a lock of ours, or the beginning of one that never reached the disk. */
function isTorn(path: string, error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  if (!(cause instanceof Error && 'errcode' in cause && UNREADABLE.has(cause.errcode)))
    return false;
  const start = readFileSync(path).subarray(0, 16);
  return start.every((byte) => byte === 0) || start.toString('latin1') === 'SQLite format 3\0';
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function lockFailure(path: string, database: DatabaseSync, cause: unknown): QuorliteError {
  if (!/locked|busy/i.test(messageOf(cause))) {
    return unusable(path, cause);
  }
  const pid = holder(database);
  const who = pid === null ? 'another process' : `process ${pid}`;
  return new QuorliteError(
    'locked',
    `Cannot lock ${path}: ${who} uses this data directory; stop it, or give this node another one`,
    { cause },
  );
}

function unusable(path: string, cause: unknown): QuorliteError {
  const why = messageOf(cause);
  const isForbidden = /readonly|unable to open/i.test(why);
  const hint = isForbidden ? '. May this user write there? Start it as the owner of the files' : '';
  return new QuorliteError('disk', `Cannot lock ${path}: ${why}${hint}`, { cause });
}

function holder(database: DatabaseSync): number | null {
  try {
    const row = database.prepare('PRAGMA user_version').get();
    const pid = row?.['user_version'];
    return typeof pid === 'number' && pid > 0 ? pid : null;
  } catch {
    // The holder is just writing its number: then it is not told.
    return null;
  }
}
