/**
 * Snapshots: machine states in files, named by group, index, term and hash. A snapshot exists once
 * its JSON is beside it, which is the last thing to get its name; whatever else lies in the
 * directory after a crash is unfinished and removed, except `.part` files, which a sender can
 * continue.
 *
 * Nothing is used, installed or sent twice without its hash having been read back from the disk.
 */
import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { GroupId } from '../base/ids.ts';
import type { Config } from '../raft/config.ts';
import type { Index, Position } from '../raft/entry.ts';
import type { Disk, DiskFile } from './disk.ts';
import { type Cancellation, type FileHash, hashFile } from './hash-file.ts';
import { PartialSnapshot } from './partial-snapshot.ts';
import { replaceFile } from './replace-file.ts';
import {
  decodeSnapshot,
  encodeSnapshot,
  isOffer,
  type Snapshot,
  snapshotName,
  type SnapshotOffer,
} from './snapshot-file.ts';

/** Told a snapshot that is complete and durable, or why there is none. */
export type SnapshotDone = (error: QuorliteError | null, snapshot: Snapshot | null) => void;

/** What the store needs. */
export interface SnapshotStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Made when it is not there. */
  readonly directory: string;
}

/** A local snapshot that is being made. */
export interface LocalSnapshot {
  /** The file to write the machine's state to; it does not exist yet. */
  readonly path: string;
  readonly group: GroupId;
  /** How often the state of the group was replaced before. */
  readonly life: number;
}

/** Reads a snapshot for sending; holds the file, so that pruning does not matter. */
export interface SnapshotReader {
  /** Up to `length` bytes from `offset`; fewer at the end. */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/** What becomes of a file that is synced and hashed. */
interface Verdict {
  /** What it is; throws when it must not be used. */
  readonly judge: (found: FileHash) => SnapshotOffer;
  readonly isWanted: () => boolean;
}

/** The snapshots of a node. */
export class SnapshotStore {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #cancellation: Cancellation = { cancelled: false };
  /** By file name without ending. */
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #partials = new Map<string, PartialSnapshot>();
  /** By group, how often its state was replaced: a copy of an earlier one is not wanted. */
  readonly #lives = new Map<GroupId, number>();
  #temporaries = 0;

  /** Use `open`. */
  constructor({ disk, clock, directory }: SnapshotStoreOptions) {
    this.#disk = disk;
    this.#clock = clock;
    this.#directory = directory;
  }

  /** Opens the store and removes what a crash left unfinished. */
  static open(options: SnapshotStoreOptions): SnapshotStore {
    const store = new SnapshotStore(options);
    options.disk.makeDirectory(options.directory);
    store.#load();
    return store;
  }

  /** Complete snapshots of a group, newest first. */
  list(group: GroupId): Snapshot[] {
    return [...this.#snapshots.values()]
      .filter((snapshot) => snapshot.group === group)
      .sort((left, right) => right.position.index - left.position.index);
  }

  /** The newest complete snapshot of a group, or null. */
  newest(group: GroupId): Snapshot | null {
    return this.list(group)[0] ?? null;
  }

  /** Where to put a machine's state. Follow with `finish` or `abandon`. */
  begin(group: GroupId): LocalSnapshot {
    const path = `${this.#directory}/${group}-${this.#temporaries++}.tmp`;
    if (this.#disk.exists(path)) this.#disk.remove(path);
    return { path, group, life: this.lifeOf(group) };
  }

  /** Gives up a local snapshot. */
  abandon({ path }: LocalSnapshot): void {
    if (this.#disk.exists(path)) this.#disk.remove(path);
  }

  /**
   * Makes a written local snapshot complete: synced, hashed, named. `done` comes on a later turn,
   * with `not-ready` when the state was replaced since `begin`.
   */
  finish(
    local: LocalSnapshot,
    state: { readonly position: Position; readonly config: Config },
    done: SnapshotDone,
  ): void {
    const { path, group, life } = local;
    const { position, config } = state;
    this.#settle(path, done, {
      judge: ({ hash, size }) => ({ id: hash, group, position, config, size }),
      isWanted: () => life === this.lifeOf(group),
    });
  }

  /**
   * Prepares to receive what a sender offers: says what is there already. Every chunk continues at
   * `offset` of the partial file, wherever it came from before. Partial files of older offers go.
   *
   * @throws {QuorliteError} `invalid-request` when it cannot be an offer
   */
  receive(
    offer: SnapshotOffer,
  ): { readonly have: Snapshot } | { readonly have: null; readonly partial: PartialSnapshot } {
    if (!isOffer(offer)) {
      throw new QuorliteError(
        'invalid-request',
        'Cannot receive a snapshot: the offer is malformed',
      );
    }
    const have = this.#snapshots.get(snapshotName(offer)) ?? null;
    if (have !== null && have.id === offer.id) return { have };
    const known = this.#partials.get(offer.id);
    if (known !== undefined) return { have: null, partial: known };
    const path = `${this.#directory}/${offer.id}.part`;
    const partial = new PartialSnapshot({ disk: this.#disk, path, offer });
    this.#partials.set(offer.id, partial);
    // Each may be as large as the database: what this one makes useless must not fill the disk.
    this.discardPartials(offer.group, offer.position.index);
    this.discardForeignPartials();
    return { have: null, partial };
  }

  /**
   * Makes a received snapshot complete when its hash is the one offered. Otherwise its partial file
   * is removed and `done` gets `corrupt`: ask for a new offer.
   */
  accept(partial: PartialSnapshot, done: SnapshotDone): void {
    const { offer, path } = partial;
    partial.close();
    this.#partials.delete(offer.id);
    const judge = (found: FileHash): SnapshotOffer => {
      if (found.hash === offer.id && found.size === offer.size) return offer;
      throw new QuorliteError(
        'corrupt',
        `Cannot accept snapshot ${snapshotName(offer)}: ${found.size} bytes with hash ` +
          `${found.hash} came, ${offer.size} bytes with ${offer.id} were offered`,
      );
    };
    this.#settle(path, done, { judge, isWanted: () => true });
  }

  /**
   * Reads a snapshot back and compares its hash: before it is installed, and when a receiver says
   * that it came damaged. One that differs is removed; `done` gets `corrupt`.
   */
  verify(snapshot: Snapshot, done: (error: QuorliteError | null) => void): void {
    let file: DiskFile;
    try {
      file = this.#disk.open(snapshot.path, 'existing');
    } catch (error) {
      done(QuorliteError.from(error, 'disk'));
      return;
    }
    hashFile(file, this.#clock, this.#cancellation, (error, found) => {
      file.close();
      if (error !== null || found === null) {
        done(error);
        return;
      }
      if (found.hash === snapshot.id && found.size === snapshot.size) done(null);
      else done(this.#condemn(snapshot));
    });
  }

  /** Opens a snapshot for sending. */
  read(snapshot: Snapshot): SnapshotReader {
    const file = this.#disk.open(snapshot.path, 'existing');
    return {
      read: (offset, length) => {
        const into = new Uint8Array(Math.max(0, Math.min(length, snapshot.size - offset)));
        return into.subarray(0, file.read(into, offset));
      },
      close: () => file.close(),
    };
  }

  /** Keeps the newest `keep` snapshots of a group. */
  prune(group: GroupId, keep: number): void {
    for (const snapshot of this.list(group).slice(keep)) this.#remove(snapshot);
  }

  /**
   * Keeps the snapshot of a group at `path` alone, durably: the state is about to be a copy of it.
   * Local snapshots that were begun before will not be finished.
   */
  keepOnly(group: GroupId, path: string): void {
    this.#lives.set(group, this.lifeOf(group) + 1);
    for (const snapshot of this.list(group)) if (snapshot.path !== path) this.#remove(snapshot);
    // Also for what was pruned before: a name that comes back would be given to others.
    this.#disk.syncDirectory(this.#directory);
  }

  /** How often `keepOnly` was called: a copy from before is one of a state that is gone. */
  lifeOf(group: GroupId): number {
    return this.#lives.get(group) ?? 0;
  }

  /** Removes partial files of a group that are older than `index`: newer state is here already. */
  discardPartials(group: GroupId, index: Index): void {
    for (const [id, partial] of this.#partials) {
      if (partial.offer.group !== group || partial.offer.position.index >= index) continue;
      this.#partials.delete(id);
      partial.discard();
    }
  }

  /** Removes partial files that nobody continued since the store was opened. */
  discardForeignPartials(): void {
    for (const name of this.#disk.list(this.#directory)) {
      if (!name.endsWith('.part') || this.#partials.has(name.slice(0, -5))) continue;
      this.#disk.remove(`${this.#directory}/${name}`);
    }
  }

  /** Removes everything of a group that is gone from this node. */
  forget(group: GroupId): void {
    this.prune(group, 0);
    this.discardPartials(group, Number.POSITIVE_INFINITY);
  }

  /** Ends work under way; its callbacks are not called any more. */
  close(): void {
    this.#cancellation.cancelled = true;
    for (const partial of this.#partials.values()) partial.close();
    this.#partials.clear();
  }

  /**
   * Syncs and hashes the file at `path`, then names it as `judge` says; removes it if that throws
   * or nobody wants it any more.
   */
  #settle(path: string, done: SnapshotDone, verdict: Verdict): void {
    const fail = (error: unknown): void => {
      if (this.#disk.exists(path)) this.#disk.remove(path);
      done(QuorliteError.from(error, 'disk'), null);
    };
    let file: DiskFile;
    try {
      file = this.#disk.open(path, 'existing');
    } catch (error) {
      done(QuorliteError.from(error, 'disk'), null);
      return;
    }
    file.syncSoon((syncError) => {
      if (this.#cancellation.cancelled || syncError !== null) {
        file.close();
        if (syncError !== null) fail(syncError);
        return;
      }
      hashFile(file, this.#clock, this.#cancellation, (hashError, found) => {
        file.close();
        try {
          if (hashError !== null || found === null) throw hashError ?? new Error('no hash');
          if (!verdict.isWanted()) throw unwanted();
          this.#complete(path, verdict, { offer: verdict.judge(found), done });
        } catch (error) {
          fail(error);
        }
      });
    });
  }

  #complete(
    path: string,
    { isWanted }: Verdict,
    { offer, done }: { readonly offer: SnapshotOffer; readonly done: SnapshotDone },
  ): void {
    const disk = this.#disk;
    const name = snapshotName(offer);
    const have = this.#snapshots.get(name);
    if (have !== undefined) {
      // The same bytes: what is complete is not taken apart for them.
      disk.remove(path);
      done(null, have);
      return;
    }
    const base = `${this.#directory}/${name}`;
    const snapshot: Snapshot = { ...offer, path: `${base}.db` };
    if (disk.exists(`${base}.json`)) disk.remove(`${base}.json`);
    disk.rename(path, snapshot.path);
    // The JSON counts as the snapshot: the file's name must be durable before it.
    disk.syncDirectorySoon(this.#directory, (error) => {
      if (this.#cancellation.cancelled) return;
      if (error !== null) {
        this.#giveUp(snapshot.path);
        done(QuorliteError.from(error, 'disk'), null);
        return;
      }
      try {
        if (!isWanted()) throw unwanted();
        replaceFile(disk, `${base}.json`, encodeSnapshot(offer));
      } catch (failure) {
        this.#giveUp(snapshot.path);
        done(QuorliteError.from(failure, 'disk'), null);
        return;
      }
      this.#snapshots.set(name, snapshot);
      done(null, snapshot);
    });
  }

  /** Without its JSON a file does not count, and only takes space. */
  #giveUp(path: string): void {
    try {
      this.#disk.remove(path);
    } catch {
      // The next start removes it.
    }
  }

  #load(): void {
    const disk = this.#disk;
    const directory = this.#directory;
    // A killed process may have left names that only the cache knows; entries are dropped for them.
    disk.syncDirectory(directory);
    const names = new Set(disk.list(directory));
    for (const name of names) {
      // Whoever writes the state may keep files of its own beside the one it was given.
      if (name.includes('.tmp')) disk.remove(`${directory}/${name}`);
      if (!name.endsWith('.json')) continue;
      const base = name.slice(0, -'.json'.length);
      const snapshot = this.#loadOne(`${directory}/${base}`, names.has(`${base}.db`));
      if (snapshot === null) disk.remove(`${directory}/${name}`);
      else this.#snapshots.set(base, snapshot);
    }
    for (const name of names) {
      if (!name.endsWith('.db') || this.#snapshots.has(name.slice(0, -'.db'.length))) continue;
      disk.remove(`${directory}/${name}`);
    }
  }

  /** Null when it is not complete. Only a newer format stops the node. */
  #loadOne(base: string, hasFile: boolean): Snapshot | null {
    try {
      const offer = decodeSnapshot(this.#disk.readAll(`${base}.json`), `${base}.json`);
      if (!hasFile || !base.endsWith(`/${snapshotName(offer)}`)) return null;
      const file = this.#disk.open(`${base}.db`, 'existing');
      const size = file.size();
      file.close();
      return size === offer.size ? { ...offer, path: `${base}.db` } : null;
    } catch (error) {
      const failure = QuorliteError.from(error, 'disk');
      if (failure.code === 'corrupt') return null;
      throw failure;
    }
  }

  #condemn(snapshot: Snapshot): QuorliteError {
    try {
      this.#remove(snapshot);
    } catch (error) {
      return QuorliteError.from(error, 'disk');
    }
    const name = snapshotName(snapshot);
    return new QuorliteError(
      'corrupt',
      `Cannot use snapshot ${name}: the file is not what was written; it was removed`,
    );
  }

  #remove(snapshot: Snapshot): void {
    const base = `${this.#directory}/${snapshotName(snapshot)}`;
    this.#snapshots.delete(snapshotName(snapshot));
    // In this order: without its JSON it does not count.
    for (const path of [`${base}.json`, snapshot.path]) {
      if (this.#disk.exists(path)) this.#disk.remove(path);
    }
  }
}

function unwanted(): QuorliteError {
  return new QuorliteError('not-ready', 'Cannot keep the copy: the state was replaced meanwhile');
}
