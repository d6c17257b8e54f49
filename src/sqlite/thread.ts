/**
 * The machine from the main thread: what `replica/machine.ts` asks for, with the work done in a
 * worker. Applying goes through shared memory; everything else is a call.
 */

import { Worker } from 'node:worker_threads';

import { assert } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import { messageOf, QuorliteError } from '../base/errors.ts';
import { Auxiliary } from './auxiliary.ts';
import { type AnswerMessage, Caller, errorOf, type WriterCalls } from './calls.ts';
import { Channel } from './channel.ts';
import { endsRange, type MachineRange } from './machine.ts';
import { decodeOutcome, encodeRange } from './range-codec.ts';
import type { RangeOutcome } from './range-run.ts';
import { WRITER_WORKER } from './worker-urls.ts';
import type { WriterData, WriterNotice } from './worker.ts';

/** Ranges and outcomes up to this go through shared memory; larger ones are messages. */
const SHARED_BYTES = 1_048_576;

/** Connections that must be closed while the database file is replaced. */
export interface Gate {
  /** Resolves when none is open and none will be opened. */
  suspend(): Promise<void>;
  resume(): void;
}

/** A copy of the state on disk, or why there is none. */
export type ThreadSnapshotOutcome =
  | { readonly ok: true; readonly index: number; readonly bytes: number }
  | { readonly ok: false; readonly reason: string };

/** Where the database is, and who else reads it. */
export interface SqliteThreadOptions {
  readonly path: string;
  readonly gates: readonly Gate[];
}

/** A database that is applied to in a thread of its own. */
export class SqliteThread {
  onFatal: (error: Error) => void = (error) => {
    throw error;
  };
  readonly #worker: Worker;
  readonly #channel: Channel;
  readonly #caller: Caller<WriterCalls>;
  readonly #auxiliary: Auxiliary;
  readonly #gates: readonly Gate[];
  readonly #writer = new ByteWriter(65_536);
  #applied = 0;
  #digest = 0;
  #failed: Error | null = null;
  #closing = false;
  #closed: Promise<void> | null = null;
  readonly #exited = Promise.withResolvers<void>();
  #range: { readonly through: number; readonly done: (outcome: RangeOutcome) => void } | null =
    null;
  /** The last entry of the range under way is a checksum. */
  #pins = false;

  constructor({ path, gates }: SqliteThreadOptions) {
    this.#channel = Channel.create({
      slots: 1,
      requestBytesMax: SHARED_BYTES,
      responseBytesMax: SHARED_BYTES,
    });
    const workerData: WriterData = { path, channel: this.#channel.shared };
    this.#worker = new Worker(WRITER_WORKER, { workerData, name: 'quorlite writer' });
    this.#caller = new Caller((message) => {
      this.#worker.postMessage(message);
      this.#channel.wake();
    });
    this.#auxiliary = new Auxiliary(path);
    this.#gates = [...gates, this.#auxiliary];
  }

  /**
   * Opens, and creates where there is none, the database at `path`.
   *
   * @throws {QuorliteError} when it cannot be opened
   */
  static open(options: SqliteThreadOptions): Promise<SqliteThread> {
    return new Promise((resolve, reject) => {
      const thread = new SqliteThread(options);
      thread.onFatal = reject;
      thread.#listen(() => {
        resolve(thread);
      });
    });
  }

  /** Index of the last entry whose effects are in the content. */
  get applied(): number {
    return this.#applied;
  }

  /** Rolling digest of all results so far. */
  get digest(): number {
    return this.#digest;
  }

  /** Applies a range; `done` never runs before this returns. */
  apply(range: MachineRange, done: (outcome: RangeOutcome) => void): void {
    assert(this.#range === null, () => `Cannot apply up to ${range.through}: a range is under way`);
    this.#range = { through: range.through, done };
    const last = range.entries.at(-1);
    this.#pins = last !== undefined && endsRange(last.data);
    const bytes = encodeRange(this.#writer, range);
    if (bytes.length <= SHARED_BYTES) this.#channel.send(0, bytes);
    else this.#detached(this.#applyLarge(bytes.slice()));
  }

  /** Whether an entry with these bytes must be the last of its range. */
  endsRange(data: Uint8Array): boolean {
    return endsRange(data);
  }

  /** Makes everything applied so far survive a power loss. */
  persist(done: (durable: number) => void): void {
    this.#detached(this.#persist(done));
  }

  /** Writes a copy of the database, as it is now, to the new file `path`, durably. */
  snapshot(path: string, done: (outcome: ThreadSnapshotOutcome) => void): void {
    this.#detached(this.#snapshot(path, done));
  }

  /** Replaces the database, durably, by the copy in `path`, which stays. */
  restore(path: string, done: (applied: number) => void): void {
    this.#detached(this.#restore(path, done));
  }

  /** The content hash at the index of a checksum entry that was applied lately. */
  checksum(index: number): Promise<string> {
    return this.#auxiliary.checksum(index);
  }

  /** Finishes what is under way and lets go of files and threads. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing = true;
    await this.#auxiliary.close();
    if (this.#failed === null)
      await Promise.race([this.#caller.call('close', null), this.#exited.promise]);
    await this.#worker.terminate();
  }

  #listen(opened: () => void): void {
    this.#worker.on('message', (message: null | AnswerMessage | WriterNotice) => {
      if (message === null) this.#onApplied(decodeOutcome(this.#channel.takeResponse(0)));
      else if ('id' in message) this.#caller.answered(message);
      else this.#noticed(message, opened);
    });
    this.#worker.on('error', (error: unknown) => {
      this.#fail(error instanceof Error ? error : new Error(messageOf(error)));
    });
    this.#worker.on('exit', () => {
      const error = new QuorliteError('disk', 'The database writer has ended');
      this.#exited.resolve();
      this.#fail(error);
      // Also while closing: nobody will answer any more.
      this.#caller.fail(error);
    });
  }

  #noticed(notice: WriterNotice, opened: () => void): void {
    switch (notice.kind) {
      case 'opened':
        this.#applied = notice.applied;
        this.#digest = notice.digest;
        opened();
        return;
      case 'fatal':
        this.#fail(errorOf(notice.error));
        return;
      case 'outcome':
        this.#onApplied(decodeOutcome(notice.bytes));
    }
  }

  /** The range is in the database; content to be hashed is pinned before anybody goes on. */
  #onApplied(outcome: RangeOutcome): void {
    const range = this.#range;
    assert(range !== null, () => 'The writer answered although no range was under way');
    const finish = (): void => {
      this.#range = null;
      this.#applied = range.through;
      this.#digest = outcome.digests.at(-1) ?? this.#digest;
      range.done(outcome);
    };
    if (this.#pins) this.#detached(this.#pinned(range.through, finish));
    else finish();
  }

  async #pinned(index: number, finish: () => void): Promise<void> {
    await this.#auxiliary.pin(index);
    finish();
  }

  async #applyLarge(bytes: Uint8Array): Promise<void> {
    this.#onApplied(await this.#caller.call('apply', bytes));
  }

  async #persist(done: (durable: number) => void): Promise<void> {
    const durable = await this.#caller.call('persist', null);
    done(durable);
  }

  async #snapshot(path: string, done: (outcome: ThreadSnapshotOutcome) => void): Promise<void> {
    let outcome: ThreadSnapshotOutcome;
    try {
      outcome = { ok: true, ...(await this.#auxiliary.snapshot(path)) };
    } catch (cause) {
      outcome = { ok: false, reason: messageOf(cause) };
    }
    done(outcome);
  }

  async #restore(path: string, done: (applied: number) => void): Promise<void> {
    await Promise.all(this.#gates.map((gate) => gate.suspend()));
    const { applied, digest } = await this.#caller.call('restore', path);
    this.#applied = applied;
    this.#digest = digest;
    for (const gate of this.#gates) gate.resume();
    done(this.#applied);
  }

  /** What fails here cannot be reported to a caller: it ends the node. */
  #detached(work: Promise<void>): void {
    work.catch((cause: unknown) => {
      this.#fail(cause instanceof Error ? cause : new Error(messageOf(cause)));
    });
  }

  #fail(error: Error): void {
    if (this.#failed !== null || this.#closing) return;
    this.#failed = error;
    this.#caller.fail(error);
    this.onFatal(error);
  }
}
