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

function openDatabase(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch (cause) {
    throw new QuorliteError('disk', `Cannot lock ${path}: ${messageOf(cause)}`, { cause });
  }
}

function lockFailure(path: string, database: DatabaseSync, cause: unknown): QuorliteError {
  if (!/locked|busy/i.test(messageOf(cause))) {
    return new QuorliteError('disk', `Cannot lock ${path}: ${messageOf(cause)}`, { cause });
  }
  const pid = holder(database);
  const who = pid === null ? 'another process' : `process ${pid}`;
  return new QuorliteError(
    'locked',
    `Cannot lock ${path}: ${who} uses this data directory; stop it, or give this node another one`,
    { cause },
  );
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
