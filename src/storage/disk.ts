/**
 * The disk as storage needs it, at the lowest useful call, so that recovery runs in the simulator.
 * Every method throws `QuorliteError` (`disk`, `disk-full`) on failure, and a failed write or sync
 * means the caller must stop the node: the next sync may succeed with the data lost (fsyncgate).
 */
export interface Disk {
  /** Opens a file for reading and writing; `create` makes it, and fails if it exists. */
  open(path: string, mode: 'create' | 'existing'): DiskFile;
  exists(path: string): boolean;
  /** Names in a directory, sorted. */
  list(directory: string): string[];
  /** Makes a directory and those above it; nothing when it is there. Durable as other names are. */
  makeDirectory(path: string): void;
  /** Whole small files. */
  readAll(path: string): Uint8Array;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes creations, renames and removals in `directory` durable. */
  syncDirectory(directory: string): void;
  /** The same off the thread; `done` gets the error, if any, on a later turn. */
  syncDirectorySoon(directory: string, done: SyncDone): void;
  /** Bytes free for use on the file system of `path`. */
  freeBytes(path: string): number;
}

/** Told the error of a sync that ran off the thread, or null. */
export type SyncDone = (error: Error | null) => void;

/** An open file. Positions and lengths are bytes. */
export interface DiskFile {
  size(): number;
  /** Reads up to `into.length` bytes; returns how many there were. */
  read(into: Uint8Array, position: number): number;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array, position: number): void;
  /** Makes what was written durable before returning (fdatasync). */
  sync(): void;
  /** The same off the thread; `done` gets the error, if any, on a later turn. */
  syncSoon(done: SyncDone): void;
  /** Takes effect once the syncs that are under way are over. */
  close(): void;
}
