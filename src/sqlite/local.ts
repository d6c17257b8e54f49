/**
 * The machine without threads, for the simulator and for tests: the same synchronous core behind
 * the same port. Where its files are and when its callbacks run is up to whoever makes it.
 */

import { messageOf } from '../base/errors.ts';
import { endsRange, type MachineRange, SqliteMachine } from './machine.ts';
import type { RangeOutcome } from './range-run.ts';
import type { ThreadSnapshotOutcome } from './thread.ts';

/** Durable places for images of the database. */
export interface LocalFiles {
  /** Replaces what the machine will find when it is opened again. */
  save(image: Uint8Array): void;
  /** What `save` kept last, or null. */
  load(): Uint8Array | null;
  /** Writes a snapshot, durably. */
  write(path: string, image: Uint8Array): void;
  /** Reads a snapshot. */
  read(path: string): Uint8Array;
}

/** What a local machine is made of. */
export interface LocalMachineOptions {
  readonly files: LocalFiles;
  /** Runs `call` later, never at once. */
  readonly defer: (call: () => void) => void;
}

/** Checksums kept for nodes that ask late. */
const HASHES_MAX = 8;

/** A database in memory as a machine; a crash goes back to what `persist` saved last. */
export class LocalMachine {
  onFatal: (error: Error) => void = (error) => {
    throw error;
  };
  readonly #options: LocalMachineOptions;
  readonly #machine: SqliteMachine;
  readonly #hashes = new Map<number, string>();
  #closed = false;

  constructor(options: LocalMachineOptions) {
    this.#options = options;
    const image = options.files.load();
    this.#machine = image === null ? SqliteMachine.open() : SqliteMachine.deserialize(image);
  }

  /** Index of the last entry whose effects are in the content. */
  get applied(): number {
    return this.#machine.applied;
  }

  /** Rolling digest of all results so far. */
  get digest(): number {
    return this.#machine.digest;
  }

  /** The synchronous machine, to look into. */
  get core(): SqliteMachine {
    return this.#machine;
  }

  apply(range: MachineRange, done: (outcome: RangeOutcome) => void): void {
    this.#later(() => {
      const outcome = this.#machine.apply(range);
      const last = range.entries.at(-1);
      if (last !== undefined && endsRange(last.data)) this.#keepHash();
      done(outcome);
    });
  }

  /** Whether an entry with these bytes must be the last of its range. */
  endsRange(data: Uint8Array): boolean {
    return endsRange(data);
  }

  persist(done: (durable: number) => void): void {
    this.#later(() => {
      this.#options.files.save(this.#machine.serialize());
      done(this.#machine.applied);
    });
  }

  snapshot(path: string, done: (outcome: ThreadSnapshotOutcome) => void): void {
    this.#later(() => {
      const image = this.#machine.serialize();
      this.#options.files.write(path, image);
      done({ ok: true, index: this.#machine.applied, bytes: image.length });
    });
  }

  restore(path: string, done: (applied: number) => void): void {
    this.#later(() => {
      const image = this.#options.files.read(path);
      const applied = this.#machine.load(image);
      this.#options.files.save(image);
      done(applied);
    });
  }

  /** The content hash at the index of a checksum entry that was applied lately. */
  checksum(index: number): Promise<string> {
    const hash = this.pinned(index);
    if (hash !== null) return Promise.resolve(hash);
    return Promise.reject(new Error(`No checksum was taken at ${index}`));
  }

  /** The same, at once; null when it was not taken, or too long ago. */
  pinned(index: number): string | null {
    return this.#hashes.get(index) ?? null;
  }

  close(): Promise<void> {
    if (!this.#closed) this.#machine.close();
    this.#closed = true;
    return Promise.resolve();
  }

  #keepHash(): void {
    const { index, hash } = this.#machine.contentHash();
    this.#hashes.set(index, hash);
    const [oldest] = this.#hashes.keys();
    if (this.#hashes.size > HASHES_MAX && oldest !== undefined) this.#hashes.delete(oldest);
  }

  #later(work: () => void): void {
    this.#options.defer(() => {
      if (this.#closed) return;
      try {
        work();
      } catch (cause) {
        this.onFatal(cause instanceof Error ? cause : new Error(messageOf(cause)));
      }
    });
  }
}
