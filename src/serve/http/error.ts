import { type ErrorCode, type QuorliteError, messageOf } from '../../base/errors.ts';

/** How rqlite's API says one error. */
interface Door {
  /** On `/db/…`: inside a 200 as `error`, which rqlite's clients rely on; else as a status. */
  readonly inResults: boolean;
  /** The status where the error does not stand inside a 200. */
  readonly status: number;
  /** Words rqlite's clients know; what they need not know word for word follows a colon. */
  readonly text: (message: string) => string;
}

/** What the client is told, and how. */
export interface Refused {
  readonly inResults: boolean;
  readonly status: number;
  readonly text: string;
  /** Ours to tell apart what rqlite's texts do not; in the header `X-QUORLITE-ERROR`. */
  readonly code: ErrorCode;
}

const asIs = (message: string): string => message;
const said = (text: string) => (): string => text;
const before =
  (text: string) =>
  (message: string): string =>
    `${text}: ${message}`;

/** 200 with an `error`, elsewhere `status`. */
function inside(status: number, text: (message: string) => string): Door {
  return { inResults: true, status, text };
}

/** A status and a text everywhere. */
function outside(status: number, text: (message: string) => string): Door {
  return { inResults: false, status, text };
}

/** Every code's answer; the texts are rqlite's where it has one. */
const DOORS: Readonly<Record<ErrorCode, Door>> = {
  'invalid-request': outside(400, asIs),
  'too-large': outside(413, asIs),
  overloaded: outside(503, asIs),
  'not-leader': outside(503, said('not leader')),
  'no-leader': outside(503, said('leader not found')),
  timeout: inside(503, before('timed out enqueuing operation')),
  'unknown-outcome': inside(
    500,
    before(
      'leadership lost while committing log: ' +
        'the outcome is unknown, the write may or may not have happened',
    ),
  ),
  superseded: outside(503, before('leadership lost before the write was committed')),
  'stale-read': inside(503, said('stale read')),
  stopping: outside(503, said('node is stopping')),
  'not-ready': inside(503, said('store not ready')),
  membership: outside(500, asIs),
  'not-member': outside(503, asIs),
  'wrong-cluster': outside(500, asIs),
  'wrong-incarnation': outside(500, asIs),
  'wrong-version': outside(500, asIs),
  locked: outside(500, asIs),
  address: outside(500, asIs),
  disk: outside(500, asIs),
  'disk-full': inside(507, before('database or disk is full')),
  corrupt: outside(500, asIs),
  diverged: outside(503, asIs),
  sql: inside(500, asIs),
  configuration: outside(500, asIs),
};

/** How to tell a client about `error`. */
export function refuse(error: QuorliteError): Refused {
  const { inResults, status, text } = DOORS[error.code];
  return { inResults, status, text: text(messageOf(error)), code: error.code };
}
