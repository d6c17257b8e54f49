import type { ReadLevel } from '../../db/request.ts';
import { parseDuration } from './duration.ts';

/** The parameters of a request's query string, as rqlite reads them. */
export interface Parameters {
  readonly timings: boolean;
  readonly pretty: boolean;
  readonly transaction: boolean;
  readonly associative: boolean;
  readonly blobArray: boolean;
  readonly qualifyColumns: boolean;
  readonly queue: boolean;
  readonly redirect: boolean;
  readonly raftIndex: boolean;
  readonly noLeader: boolean;
  readonly nonVoters: boolean;
  readonly sync: boolean;
  readonly level: ReadLevel | 'auto';
  /** Bounds the whole request; zero and below mean the default. */
  readonly timeoutMs: number;
  /** Null when not given. */
  readonly linearizableTimeoutMs: number | null;
  /** Bounds each statement of a read; 0 is no bound. */
  readonly statementTimeoutMs: number;
  readonly freshnessMs: number;
  /** The statement of a GET; null when not given. */
  readonly query: string | null;
  /** Dotted path of a sub-document; empty for all of it. */
  readonly key: string;
  /** Which form of the answer; only `/nodes` has several. */
  readonly version: string;
}

/** What a query string came to: parameters, or the text of a 400. */
export type ParsedParameters =
  | { readonly parameters: Parameters; readonly error?: undefined }
  | { readonly parameters?: undefined; readonly error: string };

/** rqlite's `defaultTimeout`. */
const TIMEOUT_MS = 30_000;

/** Node's timers hold 31 bits of milliseconds; longer waits are as good as endless. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** A client sends few different query strings, except for the statement in `q`. */
const REMEMBERED_MAX = 256;
const REMEMBERED_LENGTH_MAX = 160;

const DURATIONS = ['timeout', 'freshness', 'db_timeout', 'linearizable_timeout'];
const INTEGERS = ['retries', 'trailing_logs'];
const INT64_MAX = 2n ** 63n - 1n;

const remembered = new Map<string, ParsedParameters>();

/** Parses what stands behind the `?` of a request's target. */
export function parseParameters(query: string): ParsedParameters {
  const known = remembered.get(query);
  if (known !== undefined) return known;
  const parsed = parseAnew(query);
  if (query.length <= REMEMBERED_LENGTH_MAX && parsed.parameters?.query === null) {
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(query, parsed);
  }
  return parsed;
}

function parseAnew(query: string): ParsedParameters {
  const values = new Map<string, string>();
  const error = splitQuery(query, values) ?? findProblem(values);
  return error === null ? { parameters: complete(values) } : { error };
}

/** Go's `url.ParseQuery`, the first value of a key winning; gives the first problem's text. */
function splitQuery(query: string, values: Map<string, string>): string | null {
  let problem: string | null = null;
  for (const pair of query.split('&')) {
    if (pair.includes(';')) {
      problem = 'invalid semicolon separator in query';
      continue;
    }
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = unescapeQuery(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : unescapeQuery(pair.slice(equals + 1));
    if (key === null || value === null) problem ??= escapeProblem(pair);
    else if (!values.has(key)) values.set(key, value);
  }
  return problem;
}

/** Undoes form encoding; null when a `%` is not followed by two hexadecimal digits. */
function unescapeQuery(text: string): string | null {
  // Raw bytes beyond ASCII reach us as latin1, as node:http gives them; browsers escape them.
  // oxlint-disable-next-line no-control-regex -- the control characters are ASCII, too
  const ascii = /^[\x00-\x7f]*$/.test(text);
  const escaped = text.includes('%');
  if (ascii && !escaped) return text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (escaped && /%(?![\da-fA-F]{2})/.test(text)) return null;
  const spaced = text.replaceAll('+', ' ');
  if (ascii) {
    try {
      return decodeURIComponent(spaced);
    } catch {
      // The escaped bytes are not UTF-8: Go keeps them, JSON then shows U+FFFD; so do we.
    }
  }
  const bytes = spaced.replaceAll(/%([\da-fA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Go's `url.EscapeError`. */
function escapeProblem(pair: string): string {
  const at = pair.search(/%(?![\da-fA-F]{2})/);
  return `invalid URL escape ${JSON.stringify(pair.slice(at, at + 3))}`;
}

/** The text of the 400 that rqlite answers, in its order of checks; null when all is well. */
function findProblem(values: ReadonlyMap<string, string>): string | null {
  if (values.has('freshness_strict') && !values.has('freshness')) {
    return 'freshness_strict requires freshness';
  }
  for (const name of DURATIONS) {
    const text = values.get(name);
    if (text !== undefined && parseDuration(text) === null) {
      return `${name} is not a valid duration`;
    }
  }
  for (const name of INTEGERS) {
    const text = values.get(name);
    if (text !== undefined && !isInteger(text)) return `${name} is not a valid integer`;
  }
  return values.get('q') === '' ? 'query parameter not set' : null;
}

/** Whether Go's `strconv.Atoi` takes `text`. */
function isInteger(text: string): boolean {
  if (!/^[-+]?\d+$/.test(text)) return false;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value <= INT64_MAX && value >= -INT64_MAX - 1n;
}

function complete(values: ReadonlyMap<string, string>): Parameters {
  const milliseconds = (name: string): number => {
    const text = values.get(name);
    const given = text === undefined ? 0 : (parseDuration(text) ?? 0);
    return Math.min(Math.max(given, 0), TIMEOUT_MS_MAX);
  };
  return {
    timings: values.has('timings'),
    pretty: values.has('pretty'),
    transaction: values.has('transaction'),
    associative: values.has('associative'),
    blobArray: values.has('blob_array'),
    qualifyColumns: values.has('qualify_columns'),
    queue: values.has('queue'),
    redirect: values.has('redirect'),
    raftIndex: values.has('raft_index'),
    noLeader: values.has('noleader'),
    nonVoters: values.has('nonvoters'),
    sync: values.has('sync'),
    level: parseLevel(values.get('level') ?? ''),
    timeoutMs: milliseconds('timeout') || TIMEOUT_MS,
    linearizableTimeoutMs: milliseconds('linearizable_timeout') || null,
    statementTimeoutMs: milliseconds('db_timeout'),
    freshnessMs: milliseconds('freshness'),
    query: values.get('q') ?? null,
    key: values.get('key') ?? '',
    version: values.get('ver') ?? '',
  };
}

/** In any letter case; words that are not known mean `weak`. */
function parseLevel(text: string): ReadLevel | 'auto' {
  const level = text.toLowerCase();
  switch (level) {
    case 'none':
    case 'linearizable':
    case 'strong':
    case 'auto':
      return level;
    default:
      return 'weak';
  }
}
