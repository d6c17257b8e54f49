/**
 * What is done to database files with `node:fs`.
 *
 * Never open and close the main file or `-shm` of a database that this process has connections to:
 * POSIX drops all locks of the process on it, SQLite's included.
 * `-wal` carries no locks. Files that no connection has open may be treated as one likes.
 */

import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Bytes of the write-ahead log of the database at `path`. */
export function walBytes(path: string): number {
  return statSync(walOf(path), { throwIfNoEntry: false })?.size ?? 0;
}

/** Makes the write-ahead log durable, and with it every transaction committed so far. */
export function syncWal(path: string): void {
  if (statSync(walOf(path), { throwIfNoEntry: false }) === undefined) return;
  syncFile(walOf(path));
  syncDirectory(path);
}

/**
 * Puts a copy of `source` in the place of the database at `path`, whole or not at all. Nothing of
 * the old one may stay beside it: a `-wal` left over would be replayed into the new file. Nor may a
 * crash leave the old main file without its log. The last connection that closes moves all of the
 * log into the main file; where one cannot end, the main file goes first, and a crash leaves none.
 */
export function replaceDatabase(source: string, path: string): void {
  const incoming = `${path}.incoming`;
  const old = `${path}.old`;
  removeReplaced(path);
  copyFileSync(source, incoming, constants.COPYFILE_FICLONE);
  syncFile(incoming);
  if (walBytes(path) > 0) {
    renameSync(path, old);
    syncDirectory(path);
  }
  rmSync(walOf(path), { force: true });
  rmSync(`${path}-shm`, { force: true });
  syncDirectory(path);
  renameSync(incoming, path);
  syncDirectory(path);
  rmSync(old, { force: true });
}

/** Removes what a process that died in `replaceDatabase` left, each as large as the database. */
export function removeReplaced(path: string): void {
  for (const ending of ['incoming', 'old']) rmSync(`${path}.${ending}`, { force: true });
}

/** Moves a finished file to its name, durably. */
export function publishFile(from: string, to: string): number {
  const bytes = statSync(from).size;
  syncFile(from);
  renameSync(from, to);
  syncDirectory(to);
  return bytes;
}

/** Removes a file and what SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const file of [path, walOf(path), `${path}-shm`, `${path}-journal`])
    rmSync(file, { force: true });
}

function walOf(path: string): string {
  return `${path}-wal`;
}

function syncFile(path: string): void {
  sync(path, constants.O_RDONLY);
}

function syncDirectory(path: string): void {
  sync(dirname(path), constants.O_RDONLY);
}

function sync(path: string, flags: number): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
