/**
 * Makes SQLite's answers depend on the entry and the content alone (DESIGN 6): the functions whose
 * value comes from the machine are replaced on the writer's connection, so that defaults, triggers
 * and views that use them behave as in plain SQLite and equally on every node.
 *
 * `last_insert_rowid()` and `changes()` stay SQLite's own, so that they are right inside triggers
 * too; the machine gives the connection the values of the entry before where it lost them
 * (`seed.ts`).
 */

import { QuorliteError } from '../base/errors.ts';
import { ClockFunctions } from './clock-functions.ts';
import { type Connection, openHelper } from './driver.ts';
import { RandomFunctions } from './random-functions.ts';

/** Raise it when the same entries would give other content than before. */
export const DETERMINISM_VERSION = 1;

/** The replaced functions of one connection. */
export class Determinism {
  readonly #clock: ClockFunctions;
  readonly #random: RandomFunctions;
  /** What `total_changes()` says. */
  totalChanges = 0n;

  constructor(connection: Connection) {
    this.#clock = new ClockFunctions(connection);
    this.#random = new RandomFunctions(connection);
    const options = { deterministic: false, varargs: false, useBigIntArguments: true } as const;
    connection.function('total_changes', options, () => this.totalChanges);
  }

  /** An entry begins. */
  beginEntry(clockMs: number, seed: { readonly low: number; readonly high: number }): void {
    this.#clock.set(clockMs);
    this.#random.seed(seed.low, seed.high);
  }

  /** A statement of the entry begins. */
  beginStatement(ordinal: number): void {
    this.#random.begin(ordinal);
  }

  close(): void {
    this.#clock.close();
  }
}

/**
 * Refuses to work in a time zone that moves: 'localtime' and 'utc' would differ between nodes. The
 * program sets TZ=UTC before anything else.
 *
 * @throws {QuorliteError} `configuration`
 */
export function requireUtc(): void {
  const helper = openHelper();
  try {
    // A winter and a summer, in a year when most places changed their clocks.
    const row = helper
      .prepare(`SELECT datetime(1579046400, 'unixepoch', 'localtime') = '2020-01-15 00:00:00' AND
                       datetime(1594771200, 'unixepoch', 'localtime') = '2020-07-15 00:00:00'`)
      .get();
    if (row?.[0] === 1n) return;
  } finally {
    helper.close();
  }
  throw new QuorliteError(
    'configuration',
    'Cannot open the database: the time zone of this process is not UTC. Start it with TZ=UTC',
  );
}
