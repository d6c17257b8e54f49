import { isIP } from 'node:net';
import path from 'node:path';

import type { Address } from '../../base/ids.ts';

/** How the text of an option becomes a value. */
export interface ValueType<T> {
  /** What stands in `--flag <placeholder>`. */
  readonly placeholder: string;
  /** The range, for the help text; empty when there is none. */
  readonly limit: string;
  /** @throws {ValueError} saying what was expected */
  parse(text: string): T;
}

/** A text that is not a value of its type; the message continues `Cannot use --flag text: `. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};
const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

/** Any text that is not empty. */
export function text(placeholder: string): ValueType<string> {
  return { placeholder, limit: '', parse: (value) => value };
}

/** A file or directory; becomes absolute. */
export function filePath(placeholder: string): ValueType<string> {
  return { placeholder, limit: '', parse: (value) => path.resolve(value) };
}

/** One of some words. */
export function oneOf<T extends string>(words: readonly T[]): ValueType<T> {
  return {
    placeholder: words.join('|'),
    limit: '',
    parse(value) {
      const word = words.find((candidate) => candidate === value);
      if (word === undefined) throw new ValueError(`it must be one of ${words.join(', ')}`);
      return word;
    },
  };
}

/** A whole number within a range. */
export function count(range: { readonly min: number; readonly max: number }): ValueType<number> {
  const limit = `${range.min} to ${range.max}`;
  return {
    placeholder: 'number',
    limit,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
      if (number >= range.min && number <= range.max) return number;
      throw new ValueError(`it must be a whole number from ${limit}`);
    },
  };
}

/** A duration such as `300ms` or `1.5s`; becomes milliseconds. Limits are texts too. */
export function duration(range: { readonly min: string; readonly max: string }): ValueType<number> {
  return measure({ ...range, placeholder: 'duration', example: '300ms or 1s', read: toMs });
}

/** A size such as `64MiB` or `1000000`; becomes bytes. Limits are texts too. */
export function size(range: { readonly min: string; readonly max: string }): ValueType<number> {
  return measure({ ...range, placeholder: 'size', example: '64MiB', read: toBytes });
}

/** A node id. */
export function nodeId(): ValueType<string> {
  return {
    placeholder: 'id',
    limit: '',
    parse(value) {
      if (ID.test(value)) return value;
      throw new ValueError(
        'an id is up to 63 letters, digits, dots, dashes and underscores, such as n1',
      );
    },
  };
}

/** `host:port` to listen on; port 0 lets the system choose. */
export function address(): ValueType<Address> {
  return { placeholder: 'host:port', limit: '', parse: (value) => toAddress(value, 0) };
}

/** `host:port` that other machines reach a node at. */
export function reachableAddress(): ValueType<Address> {
  return { placeholder: 'host:port', limit: '', parse: toReachable };
}

/** Comma-separated `host:port`s; the flag may also be repeated. */
export function addressList(): ValueType<readonly Address[]> {
  return {
    placeholder: 'host:port,…',
    limit: '',
    parse: (value) => splitList(value).map((item) => toReachable(item)),
  };
}

/** The parts of an address; `host` is without brackets. */
export function splitAddress(value: Address): { readonly host: string; readonly port: number } {
  const colon = value.lastIndexOf(':');
  const host = value.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(value.slice(colon + 1)) };
}

/** Whether only this machine reaches an address. */
export function isLoopback(value: Address): boolean {
  const { host } = splitAddress(value);
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Whether an address means every interface of the machine, and so no place to connect to. */
export function isWildcard(value: Address): boolean {
  const { host } = splitAddress(value);
  return host === '0.0.0.0' || host === '::' || host === '';
}

interface Measure {
  readonly placeholder: string;
  readonly example: string;
  readonly min: string;
  readonly max: string;
  readonly read: (text: string) => number | null;
}

function measure(settings: Measure): ValueType<number> {
  const { read, min, max } = settings;
  const lowest = read(min) ?? 0;
  const highest = read(max) ?? Number.MAX_SAFE_INTEGER;
  return {
    placeholder: settings.placeholder,
    limit: `${min} to ${max}`,
    parse(value) {
      const result = read(value);
      if (result === null) {
        throw new ValueError(`it must be a ${settings.placeholder} such as ${settings.example}`);
      }
      if (result >= lowest && result <= highest) return result;
      throw new ValueError(`it must be from ${min} to ${max}`);
    },
  };
}

function toMs(value: string): number | null {
  if (value === '0') return 0;
  const parts = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)$/.exec(value);
  return parts === null ? null : Number(parts[1]) * (DURATION_UNITS[parts[2] ?? ''] ?? NaN);
}

function toBytes(value: string): number | null {
  const parts = /^(\d{1,15}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB|KB|MB|GB)?$/.exec(value);
  if (parts === null) return null;
  return Math.round(Number(parts[1]) * (SIZE_UNITS[parts[2] ?? 'B'] ?? NaN));
}

function toReachable(value: string): Address {
  const reachable = toAddress(value, 1);
  if (!isWildcard(reachable)) return reachable;
  throw new ValueError('it must be an address that other machines can connect to');
}

function toAddress(value: string, portMin: number): Address {
  if (value.includes('://')) throw new ValueError('it must be host:port, without a scheme');
  const parts = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(value);
  const host = parts?.[1] ?? '';
  const port = Number(parts?.[2] ?? NaN);
  if (!isHost(host)) throw new ValueError('it must be host:port, such as 127.0.0.1:4001');
  if (port < portMin || port > 65_535) {
    throw new ValueError(`the port must be from ${portMin} to 65535`);
  }
  return value;
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIP(host.slice(1, -1)) === 6;
  if (/^[\d.]+$/.test(host)) return isIP(host) === 4;
  return HOST_NAME.test(host);
}

function splitList(value: string): readonly string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
