import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Folders nobody wrote by hand. */
const FOLDERS_SKIPPED: ReadonlySet<string> = new Set([
  '.git',
  'node_modules',
  'dist',
  'coverage',
  'quorlite-data',
]);

/**
 * Lists the files at or under `path`, sorted, as paths relative to `root` with forward slashes.
 *
 * A path that does not exist has no files: rooms may be missing in a young checkout.
 */
export function listFiles(root: string, path: string = ''): string[] {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  const files: string[] = [];
  for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isFile()) files.push(child);
    else if (entry.isDirectory() && !FOLDERS_SKIPPED.has(entry.name)) {
      files.push(...listFiles(root, child));
    }
  }
  return files.sort();
}
