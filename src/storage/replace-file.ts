import type { Disk } from './disk.ts';

/** Gives `path` new contents, whole or not at all, durable on return. */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  if (disk.exists(temporary)) disk.remove(temporary);
  const file = disk.open(temporary, 'create');
  try {
    file.write(bytes, 0);
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(temporary, path);
  disk.syncDirectory(parentOf(path));
}

/** The directory a path is in. */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? (at === 0 ? '/' : '.') : path.slice(0, at);
}
