import { type ErrorCode, QuorliteError } from '../base/errors.ts';
import type { Answer } from './exchange.ts';
import { type Json, member } from './result.ts';

/** Whether a code says that nothing was done and that a later try, or another node, may help. */
const TRY_AGAIN: Readonly<Record<ErrorCode, boolean>> = {
  overloaded: true,
  'not-leader': true,
  'no-leader': true,
  superseded: true,
  stopping: true,
  'not-ready': true,
  'not-member': true,
  diverged: true,
  'invalid-request': false,
  'too-large': false,
  timeout: false,
  'unknown-outcome': false,
  'stale-read': false,
  membership: false,
  'wrong-cluster': false,
  'wrong-incarnation': false,
  'wrong-version': false,
  locked: false,
  address: false,
  disk: false,
  'disk-full': false,
  corrupt: false,
  sql: false,
  configuration: false,
};

/** What rqlite's own texts mean, for servers that do not name the code. */
const TEXTS: readonly (readonly [start: string, code: ErrorCode])[] = [
  ['leadership lost while committing log', 'unknown-outcome'],
  ['leader not found', 'no-leader'],
  ['not leader', 'not-leader'],
  ['stale read', 'stale-read'],
  ['not ready', 'not-ready'],
  ['store not ready', 'not-ready'],
  ['timed out enqueuing operation', 'timeout'],
];

const STATUSES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-request',
  401: 'configuration',
  403: 'configuration',
  404: 'wrong-version',
  405: 'wrong-version',
  408: 'timeout',
  413: 'too-large',
  431: 'too-large',
  501: 'wrong-version',
};

/** Whether nothing was done and trying again may help. */
export function mayTryAgain(error: QuorliteError): boolean {
  return TRY_AGAIN[error.code];
}

/** The error that an answer's status tells; null when it is a success. */
export function refusalOf(
  answer: Answer,
  { target, repeatable }: { readonly target: string; readonly repeatable: boolean },
): QuorliteError | null {
  if (answer.status >= 200 && answer.status < 300) return null;
  const said = answer.text.trim();
  const code =
    knownCode(answer.error) ??
    codeOfText(said) ??
    STATUSES[answer.status] ??
    unnamed(answer, repeatable);
  const path = target.replace(/\?.*$/s, '');
  const words = said === '' ? `the server answered ${answer.status}` : said;
  return new QuorliteError(code, `Cannot ask for ${path}: ${words}`);
}

/**
 * A failure without a code or words we know. A proxy may send it after the node got the write, so
 * that nobody can say what happened; where that does not matter, say what is most likely.
 */
function unnamed({ status }: Answer, repeatable: boolean): ErrorCode {
  if (!repeatable) return 'unknown-outcome';
  if (status === 500) return 'sql';
  return 'overloaded';
}

/** The error of a whole request that stands inside a success; null when there is none. */
export function errorInside(document: Json, answer: Answer): QuorliteError | null {
  const said = member(document, 'error');
  if (typeof said !== 'string') return null;
  return new QuorliteError(knownCode(answer.error) ?? codeOfText(said) ?? 'sql', said);
}

function knownCode(name: string): ErrorCode | null {
  return Object.hasOwn(TRY_AGAIN, name) ? (name as ErrorCode) : null;
}

function codeOfText(said: string): ErrorCode | null {
  return TEXTS.find(([start]) => said.startsWith(start))?.[1] ?? null;
}
