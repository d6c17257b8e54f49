/**
 * A SQLite database as a machine: committed entries go in, results and digests come out.
 * Synchronous and complete; it knows no threads. Throws only what must end the node.
 */

import { assert } from '../base/assert.ts';
import { isChecksumCommand } from '../command/decode.ts';
import { checkpoint, checkpointIdle, makeDurable } from './checkpoint.ts';
import { hashContent } from './content-hash.ts';
import { requireUtc } from './determinism.ts';
import { IN_MEMORY, type Row, type SqlValue } from './driver.ts';
import { fatalErrorOf } from './errors.ts';
import { Executor } from './executor.ts';
import { removeReplaced, replaceDatabase } from './files.ts';
import { type MachineEntry, type RangeOutcome, RangeRun } from './range-run.ts';
import { Session } from './session.ts';

/** A range of committed entries; `through` is where it ends, with or without an entry there. */
export interface MachineRange {
  readonly entries: readonly MachineEntry[];
  /** Per entry, from `formatToNumber`; `NO_RESULT` where nobody waits. */
  readonly formats: readonly number[];
  readonly through: number;
}

/** Whether an entry with these bytes must be the last of its range: it pins the content it left. */
export function endsRange(data: Uint8Array): boolean {
  return isChecksumCommand(data);
}

/** How many ranges pass between two looks at the size of the write-ahead log. */
const RANGES_PER_LOOK = 32;

/** One database. */
export class SqliteMachine {
  readonly #path: string;
  #session: Session;
  #ranges = 0;
  #executor: Executor;

  /** See `open` and `deserialize`. */
  constructor(path: string, session: Session) {
    this.#path = path;
    this.#session = session;
    this.#executor = new Executor(session);
  }

  /**
   * Opens the database at `path`, or an empty one in memory.
   *
   * @throws {QuorliteError} `configuration` outside UTC, `wrong-version` for a newer file
   */
  static open(path: string = IN_MEMORY): SqliteMachine {
    requireUtc();
    if (path !== IN_MEMORY) removeReplaced(path);
    return new SqliteMachine(
      path,
      attempt(`open the database at ${path}`, () => new Session(path)),
    );
  }

  /** A database in memory with the content of `image`, which `serialize` made. */
  static deserialize(image: Uint8Array): SqliteMachine {
    requireUtc();
    return new SqliteMachine(IN_MEMORY, new Session(IN_MEMORY, image));
  }

  /** Index of the last entry whose effects are all in the content. */
  get applied(): number {
    return this.#session.state.applied;
  }

  /** Rolling digest of all results so far. */
  get digest(): number {
    return this.#session.state.digest;
  }

  /** Applies a range; after a throw the machine must not be used any more. */
  apply({ entries, formats, through }: MachineRange): RangeOutcome {
    const { applied } = this.#session.state;
    const first = entries[0]?.index ?? through;
    assert(
      first > applied && through >= applied,
      () => `Cannot apply entries from ${first} through ${through}: ${applied} is applied`,
    );
    const session = this.#session;
    const run = new RangeRun({ session, executor: this.#executor, entries, formats });
    return attempt(`apply entries ${first} to ${through}`, () => run.apply(through));
  }

  /** Makes everything applied survive a power loss; returns its index. */
  persist(): number {
    if (this.#path !== IN_MEMORY)
      attempt('make the database durable', () => {
        makeDurable(this.#session.connection, this.#path);
      });
    return this.applied;
  }

  /** Called when nothing is to be done: keeps the write-ahead log small. */
  idle(): void {
    if (this.#path === IN_MEMORY) return;
    attempt('checkpoint the database', () => {
      checkpointIdle(this.#session.connection, this.#path);
    });
  }

  /** Called between ranges: bounds the write-ahead log under load. */
  relieve(): void {
    if (this.#path === IN_MEMORY || ++this.#ranges % RANGES_PER_LOOK !== 0) return;
    attempt('checkpoint the database', () => {
      checkpoint(this.#session.connection, this.#path);
    });
  }

  /** A hash of everything that must be equal on all nodes at `index`. */
  contentHash(): { readonly index: number; readonly hash: string } {
    return hashContent(this.#session.connection);
  }

  /** Rows of a SELECT, for oracles: it is no entry and must not change anything. */
  rows(sql: string, ...values: readonly SqlValue[]): Row[] {
    return this.#session.connection.prepare(sql).all(...values);
  }

  /** The whole database as bytes. */
  serialize(): Uint8Array {
    return this.#session.connection.serialize();
  }

  /** Replaces the content of a database in memory by `image`. */
  load(image: Uint8Array): number {
    assert(this.#path === IN_MEMORY, () => `Cannot load an image into ${this.#path}`);
    this.#session.close();
    this.#use(new Session(IN_MEMORY, image));
    return this.applied;
  }

  /** Replaces the database by the copy in `path`, durably; no other connection may be open. */
  restoreFrom(path: string): number {
    assert(this.#path !== IN_MEMORY, () => 'Cannot restore a file into a database in memory');
    return attempt(`restore the database from ${path}`, () => {
      this.#session.close();
      replaceDatabase(path, this.#path);
      this.#use(new Session(this.#path));
      return this.applied;
    });
  }

  close(): void {
    this.#session.close();
  }

  #use(session: Session): void {
    this.#session = session;
    this.#executor = new Executor(session);
  }
}

function attempt<T>(attempted: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw fatalErrorOf(cause, attempted);
  }
}
