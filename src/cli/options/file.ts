import { readFileSync } from 'node:fs';

import { parse, TomlError } from 'smol-toml';

import { messageOf, QuorliteError } from '../../base/errors.ts';
import { nearest } from './nearest.ts';

/** A value of the file, as the text a flag would have had. */
export interface FileEntry {
  readonly key: string;
  readonly text: string;
  /** `file:line`. */
  readonly place: string;
}

/** A TOML file with one option per key. */
export interface ConfigFile {
  /** Null when the file does not name `key`. */
  get(key: string): FileEntry | null;
  /** @throws {QuorliteError} `configuration` when the file has a key that is not in `known` */
  refuseUnknownKeys(known: readonly string[]): void;
}

/**
 * Reads a configuration file.
 *
 * @throws {QuorliteError} `configuration` when it cannot be read or is not TOML
 */
export function readConfigFile(path: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw failure(`Cannot read the configuration file ${path}: ${messageOf(error)}`, error);
  }
  return parseConfigFile(path, text);
}

/** `readConfigFile` for a text that was read already. */
export function parseConfigFile(path: string, text: string): ConfigFile {
  const values = parseToml(path, text);
  const place = (key: string): string => placeOf(key, path, text);
  return {
    get(key) {
      const value = values[key];
      if (value === undefined) return null;
      return { key, text: toText(value, `${key} in ${place(key)}`), place: place(key) };
    },
    refuseUnknownKeys(known) {
      const unknown = Object.keys(values).find((key) => !known.includes(key));
      if (unknown === undefined) return;
      const meant = nearest(unknown, known);
      const hint = meant === null ? 'there is no such option' : `did you mean ${meant}?`;
      throw failure(`Cannot use ${unknown} in ${place(unknown)}: ${hint}`, null);
    },
  };
}

function parseToml(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0] ?? '';
    throw failure(`Cannot read the configuration file ${path}:${error.line}: ${reason}`, error);
  }
}

function toText(value: unknown, source: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value);
  }
  if (Array.isArray(value)) return value.map((item) => toText(item, source)).join(',');
  throw failure(`Cannot use ${source}: it must be a text, a number or a list of texts`, null);
}

/** `path:line` of the line that gives `key`, or just the path when it is written unusually. */
function placeOf(key: string, path: string, text: string): string {
  const escaped = key.replaceAll(/[^\w]/g, String.raw`\$&`);
  const assignment = new RegExp(String.raw`^\s*(\[\s*)?["']?${escaped}["']?\s*[=.\]]`);
  const line = text.split('\n').findIndex((candidate) => assignment.test(candidate));
  return line < 0 ? path : `${path}:${line + 1}`;
}

function failure(message: string, cause: unknown): QuorliteError {
  return new QuorliteError('configuration', message, { cause });
}
