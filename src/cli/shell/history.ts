import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const LINES_MAX = 1000;
/** What people type can hold secrets. */
const PRIVATE = { directory: 0o700, file: 0o600 } as const;

/** The lines typed before, kept in a file that only its owner reads. */
export interface History {
  /** The newest first, as readline wants them. */
  readonly lines: string[];
  add(line: string): void;
}

/** Opens the history under XDG_STATE_HOME; a history that cannot be kept is no reason to fail. */
export function openHistory(env: Readonly<Record<string, string | undefined>>): History {
  const state = env['XDG_STATE_HOME'] ?? '';
  const base = state === '' ? path.join(os.homedir(), '.local', 'state') : state;
  return openHistoryFile(path.join(base, 'quorlite', 'history'));
}

/** `openHistory` for a known file. */
export function openHistoryFile(file: string): History {
  const lines = readLines(file);
  let writable = prepare(file, lines);
  return {
    lines: lines.toReversed(),
    add(line) {
      if (!writable || line.trim() === '') return;
      try {
        appendFileSync(file, `${line}\n`, { mode: PRIVATE.file });
      } catch {
        writable = false;
      }
    },
  };
}

function readLines(file: string): string[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').slice(-LINES_MAX);
  } catch {
    // The first time, or not readable: start without.
    return [];
  }
}

/** Makes the file private and cuts it to its limit; false when it cannot be written. */
function prepare(file: string, lines: readonly string[]): boolean {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: PRIVATE.directory });
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''), { mode: PRIVATE.file });
    chmodSync(file, PRIVATE.file);
    return true;
  } catch {
    return false;
  }
}
