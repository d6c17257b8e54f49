/**
 * A machine of a hundred lines with the crash semantics of a SQLite database in WAL mode with
 * `synchronous=NORMAL`: what was applied survives the death of the process; a power loss may take
 * it back to any range boundary since the last `persist`.
 */
import { decodeText, encodeText } from '../src/base/bytes.ts';
import type { Entry, Index } from '../src/raft/entry.ts';
import type { ApplyOutcome, ApplyRange, Machine, SnapshotOutcome } from '../src/replica/machine.ts';
import type { Disk } from '../src/storage/disk.ts';
import type { Events } from './events.ts';
import type { Life } from './life.ts';
import { Model, type Op, type OpResult } from './model.ts';
import { type Draw, fold, hashBytes } from './random.ts';

/** The command that pins the content for comparison. */
export const CHECKSUM: Uint8Array = encodeText('checksum');

/** Checksums kept for nodes that ask late. */
const HASHES_MAX = 8;

/** What lies in a database file. */
interface Stored {
  readonly applied: Index;
  readonly digest: number;
  readonly text: string;
}

const EMPTY: Stored = { applied: 0, digest: 0, text: new Model().save() };

/** The database files of one machine; outlive its processes. */
export class ModelStore {
  #base: Stored = EMPTY;
  /** Ranges applied since `#base` was made durable. */
  #ranges: { readonly entries: readonly Entry[]; readonly through: Index }[] = [];

  /** Remembers a range that was applied. */
  add(range: { readonly entries: readonly Entry[]; readonly through: Index }): void {
    this.#ranges.push(range);
  }

  /** Everything so far is durable as `stored`. */
  replace(stored: Stored): void {
    this.#base = stored;
    this.#ranges = [];
  }

  /** What a process that opens the files finds. */
  load(): { readonly model: Model; readonly applied: Index; readonly digest: number } {
    const model = Model.load(this.#base.text);
    let { applied, digest } = this.#base;
    for (const { entries, through } of this.#ranges) {
      for (const entry of entries) digest = execute(model, entry.data, digest).digest;
      applied = through;
    }
    return { model, applied, digest };
  }

  /** The power went: the files fall back to some moment since they were last made durable. */
  onPowerLoss(draw: Draw): void {
    this.#ranges = this.#ranges.slice(0, draw.below(this.#ranges.length + 1));
  }

  wipe(): void {
    this.replace(EMPTY);
  }
}

/** What a machine needs of its surroundings. */
export interface ModelMachineOptions {
  readonly store: ModelStore;
  readonly disk: Disk;
  readonly events: Events;
  readonly life: Life;
  readonly timing: Draw;
  /** Mean time of applying a range, milliseconds. */
  readonly applyMs: number;
}

/** The model as a `Machine`. */
export class ModelMachine implements Machine {
  onFatal: (error: Error) => void = () => {};
  readonly #options: ModelMachineOptions;
  #model: Model;
  #applied: Index;
  #digest: number;
  readonly #hashes = new Map<Index, string>();

  constructor(options: ModelMachineOptions) {
    this.#options = options;
    const { model, applied, digest } = options.store.load();
    this.#model = model;
    this.#applied = applied;
    this.#digest = digest;
  }

  get applied(): Index {
    return this.#applied;
  }

  get digest(): number {
    return this.#digest;
  }

  /** A hash of the content, for comparing replicas. */
  contentHash(): string {
    return this.#model.hash().toString(16);
  }

  /** Answers a read from the state as it is now. */
  answer(op: Op): OpResult {
    return this.#model.run(op);
  }

  pinned(index: Index): string | null {
    return this.#hashes.get(index) ?? null;
  }

  spoil(draw: Draw): void {
    this.#model.spoil(draw);
    // Spoiled twice, it must not come back to what it was: nothing would show the content then.
    this.#digest = (this.#digest + 1) >>> 0;
    this.#options.store.replace(this.#save());
  }

  apply(range: ApplyRange, done: (outcome: ApplyOutcome) => void): void {
    this.#later(this.#options.applyMs, () => {
      const { entries, formats, through } = range;
      const results: (Uint8Array | null)[] = [];
      const digests: number[] = [];
      entries.forEach((entry, i) => {
        const { text, digest } = execute(this.#model, entry.data, this.#digest);
        this.#digest = digest;
        digests.push(digest);
        results.push((formats[i] ?? 0) === 0 ? null : encodeText(text));
      });
      this.#applied = through;
      const last = entries.at(-1);
      if (last !== undefined && isChecksum(last.data)) this.#pin(last.index);
      this.#options.store.add({ entries, through });
      done({ results, digests });
    });
  }

  persist(done: (durable: Index) => void): void {
    this.#later(this.#options.applyMs * 4, () => {
      const stored = this.#save();
      this.#options.store.replace(stored);
      done(stored.applied);
    });
  }

  snapshot(path: string, done: (outcome: SnapshotOutcome) => void): void {
    const bytes = encodeText(JSON.stringify(this.#save()));
    const { applied } = this;
    this.#later(this.#options.applyMs * 4, () => {
      const { disk } = this.#options;
      try {
        if (disk.exists(path)) disk.remove(path);
        const file = disk.open(path, 'create');
        file.write(bytes, 0);
        file.sync();
        file.close();
        disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
      } catch (error) {
        done({ ok: false, reason: String(error) });
        return;
      }
      done({ ok: true, index: applied, bytes: bytes.length });
    });
  }

  restore(path: string, done: (applied: Index) => void): void {
    const stored = JSON.parse(decodeText(this.#options.disk.readAll(path))) as Stored;
    this.#later(this.#options.applyMs * 4, () => {
      this.#options.store.replace(stored);
      this.#model = Model.load(stored.text);
      this.#applied = stored.applied;
      this.#digest = stored.digest;
      done(stored.applied);
    });
  }

  endsRange(data: Uint8Array): boolean {
    return isChecksum(data);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #pin(index: Index): void {
    this.#hashes.set(index, this.contentHash());
    const [oldest] = this.#hashes.keys();
    if (this.#hashes.size > HASHES_MAX && oldest !== undefined) this.#hashes.delete(oldest);
  }

  #save(): Stored {
    return { applied: this.#applied, digest: this.#digest, text: this.#model.save() };
  }

  #later(meanMs: number, run: () => void): void {
    const { events, life, timing } = this.#options;
    events.at(life.time + 0.02 + timing.exponential(meanMs), life, run);
  }
}

/** Sizes that inserts are padded to: several sectors, several pages, more than a segment. */
const PADDED_BYTES = [0, 0, 0, 0, 700, 2500, 5000, 12_000];

/** The bytes of an operation in the log. Some are large, so that frames tear in many ways. */
export function encodeOp(op: Op): Uint8Array {
  const text = JSON.stringify(op);
  if (op.kind !== 'insert') return encodeText(text);
  return encodeText(text.padEnd(PADDED_BYTES[fold(7, op.value) % PADDED_BYTES.length] ?? 0));
}

/** The operation of an entry made by `encodeOp`. */
export function decodeOp(data: Uint8Array): Op {
  return JSON.parse(decodeText(data)) as Op;
}

function isChecksum(data: Uint8Array): boolean {
  return data[0] === CHECKSUM[0];
}

function execute(
  model: Model,
  data: Uint8Array,
  digest: number,
): { readonly text: string; readonly digest: number } {
  const text = isChecksum(data) ? '' : JSON.stringify(model.run(decodeOp(data)));
  return { text, digest: fold(fold(digest, hashBytes(data)), text.length) };
}
