/**
 * Applies a range of entries, if possible in one SQLite transaction.
 *
 * What stands in the way: a statement can end the whole transaction (INSERT OR ROLLBACK,
 * RAISE(ROLLBACK)), with other entries' work in it; some constraints are checked at COMMIT only;
 * VACUUM and some settings need no transaction at all. Then the range is *restarted*: everything
 * since the last commit is applied again, with what was found out. Applying is a function of the
 * entry and the content, so what is applied twice comes out the same.
 *
 * Invariant: `#resume` is what the database file says was applied.
 */

import { assert } from '../base/assert.ts';
import { QuorliteError } from '../base/errors.ts';
import type { StatementsCommand } from '../command/command.ts';
import { decodeCommand } from '../command/decode.ts';
import { formatFromNumber, NO_RESULT, type ResultFormat } from '../result/format.ts';
import { createResultWriter, type ResultWriter } from '../result/writer.ts';
import { type EntryPort, EntryRun, Restart, type Skip } from './entry-run.ts';
import { GENERIC_ERROR, isForeignKeyError, statementErrorOf } from './errors.ts';
import type { Executor } from './executor.ts';
import type { Session } from './session.ts';

/** A committed entry, as far as the machine needs it. */
export interface MachineEntry {
  readonly index: number;
  readonly data: Uint8Array;
}

/** What came of a range, one element per entry. */
export interface RangeOutcome {
  readonly results: readonly (Uint8Array | null)[];
  readonly digests: readonly number[];
}

/** Where the last commit was: before entry `at`, or in the middle of it. */
interface Resume {
  readonly at: number;
  readonly run: EntryRun | null;
  readonly ordinal: number;
  readonly length: number;
}

/** Codes come from clients, so their number is bounded. */
const FORMATS_MAX = 64;

/** One range under way. */
export class RangeRun implements EntryPort {
  readonly #session: Session;
  readonly #executor: Executor;
  readonly #entries: readonly MachineEntry[];
  readonly #formats: readonly number[];
  readonly #results: (Uint8Array | null)[];
  readonly #digests: number[];
  readonly #skips = new Map<string, Skip>();
  readonly #isolated = new Set<number>();
  #at = 0;
  #run: EntryRun | null = null;
  #resume: Resume = { at: 0, run: null, ordinal: 0, length: 0 };
  /** After this entry there is a commit, so that it need not be applied a third time. */
  #commitAfter = -1;

  constructor(options: {
    readonly session: Session;
    readonly executor: Executor;
    readonly entries: readonly MachineEntry[];
    readonly formats: readonly number[];
  }) {
    this.#session = options.session;
    this.#executor = options.executor;
    this.#entries = options.entries;
    this.#formats = options.formats;
    this.#results = options.entries.map(() => null);
    this.#digests = options.entries.map(() => 0);
  }

  /** Applies everything; afterwards `applied` is `through`. */
  apply(through: number): RangeOutcome {
    this.#session.begin();
    while (this.#at < this.#entries.length) {
      try {
        this.#step();
      } catch (cause) {
        if (!(cause instanceof Restart)) throw cause;
        this.#restart(cause);
      }
    }
    this.#session.state.applied = through;
    this.#session.commit();
    return { results: this.#results, digests: this.#digests };
  }

  #step(): void {
    const at = this.#at;
    const entry = this.#entries[at];
    assert(entry !== undefined, () => `No entry at ${at} of ${this.#entries.length}`);
    const { state } = this.#session;
    // Whatever entries before left for COMMIT to check must not be blamed on this one.
    if (this.#isIsolated(entry.index) && this.#resume.at < at) this.#commit(before(at), -1);
    const done = state.entry === entry.index ? state.done : 0;
    const writer = this.#applyEntry(at, entry, done);
    this.#session.endEntry();
    state.applied = entry.index;
    state.entry = 0;
    state.done = 0;
    if (this.#isIsolated(entry.index) || at === this.#commitAfter)
      this.#commit(before(at + 1), (this.#run?.ordinal ?? 0) - 1);
    this.#results[at] = writer?.finish() ?? null;
    this.#digests[at] = state.digest;
    this.#run = null;
    this.#at = at + 1;
  }

  #applyEntry(at: number, entry: MachineEntry, done: number): ResultWriter | null {
    const run = this.#run ?? this.#open(at, entry, done);
    if (!(run instanceof EntryRun)) return run;
    this.#run = run;
    run.run();
    return run.writer;
  }

  /** Decodes the entry at `at`; one that executes nothing gives its writer at once. */
  #open(at: number, entry: MachineEntry, done: number): EntryRun | ResultWriter | null {
    const format = knownFormat(this.#formats[at] ?? NO_RESULT);
    const writer = format === null ? null : createResultWriter(format);
    const command = this.#decode(entry, writer);
    if (command === null) return writer;
    return new EntryRun({
      command,
      session: this.#session,
      executor: this.#executor,
      port: this,
      writer,
      timings: format?.timings ?? false,
      isolated: this.#isIsolated(entry.index),
      done,
    });
  }

  #decode(entry: MachineEntry, writer: ResultWriter | null): StatementsCommand | null {
    const decoded = decodeCommand(entry.data);
    if (decoded.ok) return decoded.command.kind === 'statements' ? decoded.command : null;
    if (decoded.reason === 'version')
      throw new QuorliteError(
        'wrong-version',
        `Cannot apply entry ${entry.index}: its command has version ${decoded.version}, ` +
          'which this build does not know; run a newer one',
      );
    // Every node has the same bytes, so every node says the same and goes on.
    const message = `Cannot apply entry ${entry.index}: its bytes are no command`;
    this.#executor.writeError(writer, { code: GENERIC_ERROR, message }, false);
    return null;
  }

  #indexAt(at: number): number {
    return this.#entries[at]?.index ?? 0;
  }

  #isIsolated(index: number): boolean {
    return this.#session.checksAtCommit || this.#isolated.has(index);
  }

  skipOf(ordinal: number): Skip | undefined {
    if (this.#skips.size === 0) return undefined;
    return this.#skips.get(`${this.#indexAt(this.#at)}/${ordinal}`);
  }

  /** In the middle of an entry: remembers how far it is, in the file too. */
  commitUnit(ordinal: number): void {
    const at = this.#at;
    const { state } = this.#session;
    state.entry = this.#indexAt(at);
    state.done = ordinal;
    const run = this.#run;
    this.#commit({ at, run, ordinal, length: run?.writer?.length ?? 0 }, ordinal - 1);
  }

  /** Commits; `last` is the ordinal of the statement that COMMIT's own checks are blamed on. */
  #commit(resume: Resume, last: number): void {
    try {
      this.#session.commit();
    } catch (cause) {
      if (!isForeignKeyError(cause) || last < 0) throw cause;
      const { changes, lastInsertRowid } = this.#session.state;
      const skip = { error: statementErrorOf(cause), changes, lastInsertRowid };
      throw new Restart({ ordinal: last, skip });
    }
    this.#session.begin();
    this.#resume = resume;
  }

  /** Goes back to the last commit, with what was found out about the entry under way. */
  #restart({ skip }: Restart): void {
    const index = this.#indexAt(this.#at);
    if (skip === null) {
      assert(!this.#isolated.has(index), () => `Entry ${index} is isolated already`);
      this.#isolated.add(index);
    } else {
      const key = `${index}/${skip.ordinal}`;
      assert(!this.#skips.has(key), () => `Statement ${key} was executed although it is skipped`);
      this.#skips.set(key, skip.skip);
      this.#commitAfter = this.#at;
    }
    this.#session.rollback();
    this.#session.begin();
    const { at, run, ordinal, length } = this.#resume;
    this.#at = at;
    this.#run = run;
    run?.rewind({ ordinal, length, isolated: this.#isIsolated(this.#indexAt(at)) });
  }
}

const formats = new Map<number, ResultFormat>();

/** The format of a number, made once: there are few. */
function knownFormat(code: number): ResultFormat | null {
  if (code === NO_RESULT) return null;
  let format = formats.get(code);
  if (format === undefined) {
    format = formatFromNumber(code);
    if (formats.size < FORMATS_MAX) formats.set(code, format);
  }
  return format;
}

function before(at: number): Resume {
  return { at, run: null, ordinal: 0, length: 0 };
}
