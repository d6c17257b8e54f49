import { statSync } from 'node:fs';

import { QuorliteError } from '../base/errors.ts';
import { engineInfo } from '../sqlite/engine.ts';
import { ReaderPool } from '../sqlite/readers.ts';
import { type Gate, SqliteThread } from '../sqlite/thread.ts';
import type { ReadEngine } from './read.ts';
import type { EngineView } from './status.ts';
import type { ChecksumMachine } from './verify.ts';

/** The SQLite database of a node: one thread that writes, others that read. */
export interface Engine extends ReadEngine, EngineView, ChecksumMachine {
  readonly machine: SqliteThread;
  /** Whether a read is under way that nothing interrupts; once the machine is closed. */
  isStuck(): boolean;
}

/**
 * Opens the database at `path`, and makes it where there is none. Closing the machine closes all
 * of it.
 *
 * @throws {QuorliteError} when it cannot be opened
 */
export async function openEngine(options: {
  readonly path: string;
  readonly workers: number;
}): Promise<Engine> {
  const { path, workers } = options;
  // The readers need the file, the machine needs to know whom to close before it replaces it.
  const readers: { pool: ReaderPool | null } = { pool: null };
  const gate: Gate = {
    suspend: async () => readers.pool?.suspend(),
    resume: () => readers.pool?.resume(),
  };
  const machine = await SqliteThread.open({ path, gates: [gate] });
  const pool = await ReaderPool.open({ path, workers });
  readers.pool = pool;
  return {
    machine: closingFirst(machine, pool),
    ...engineInfo(),
    isStuck: () => pool.isStuck,
    query: ({ statements, format, statementTimeoutMs, timeoutMs }, settle) => {
      pool.query({ statements, format, statementTimeoutMs, timeoutMs }, settle);
    },
    checksum: (index, settle) => {
      machine.checksum(index).then(
        (hash) => {
          settle.resolve(hash);
        },
        (cause: unknown) => {
          settle.reject(QuorliteError.from(cause, 'not-ready'));
        },
      );
    },
    fileBytes: () => ({ database: sizeOf(path), wal: sizeOf(`${path}-wal`) }),
  };
}

/** The machine, whose end is the end of the readers too: they hold the file open. */
function closingFirst(machine: SqliteThread, pool: ReaderPool): SqliteThread {
  const close = machine.close.bind(machine);
  machine.close = async () => {
    await pool.close();
    await close();
  };
  return machine;
}

/** Never opens the file: that would drop SQLite's locks when it is closed (POSIX). */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
