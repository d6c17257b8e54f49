/**
 * The closed set of operating errors. Each protocol in `serve` has a `Record<ErrorCode, …>` to its
 * own status, so a new code does not compile until every door has an answer.
 */
export type ErrorCode =
  /** The request itself is malformed: nothing was done. */
  | 'invalid-request'
  /** A configured limit was exceeded: nothing was done. */
  | 'too-large'
  /** A queue is full: nothing was done, a later try may succeed. */
  | 'overloaded'
  /** This node is not the leader and was asked not to forward: nothing was done. */
  | 'not-leader'
  /** No leader is known: nothing was done. */
  | 'no-leader'
  /** Nothing was done before the time given ran out. */
  | 'timeout'
  /** The leader was lost, or time ran out, once the write was handed over: it may happen or not. */
  | 'unknown-outcome'
  /** Known not to have happened: another entry took its place. */
  | 'superseded'
  /** A read could not be answered within the staleness it allows. */
  | 'stale-read'
  /** The node is shutting down: nothing was done. */
  | 'stopping'
  /** The node is still starting or recovering: nothing was done. */
  | 'not-ready'
  /** A membership change is already under way, or the change asked for is not possible. */
  | 'membership'
  /** This node is not (or no longer) part of the cluster it tries to talk to. */
  | 'not-member'
  /** The other side belongs to another cluster. */
  | 'wrong-cluster'
  /** The other side knows this id with another data directory. */
  | 'wrong-incarnation'
  /** A file or peer has a format or version this build does not read. */
  | 'wrong-version'
  /** Another process holds the data directory. */
  | 'locked'
  /** An address cannot be listened on. */
  | 'address'
  /** The disk refused a write: the node stops. */
  | 'disk'
  /** There is no space left: writes are refused until there is. */
  | 'disk-full'
  /** Stored bytes are not what was written. */
  | 'corrupt'
  /** A majority holds another state than this node, which answers nothing from its own. */
  | 'diverged'
  /** The database engine reported an error of the statement. */
  | 'sql'
  /** The configuration given by the user cannot be used. */
  | 'configuration';

/** An operating error: expected to happen, caught by someone, told to the user. */
export class QuorliteError extends Error {
  override readonly name = 'QuorliteError';
  readonly code: ErrorCode;

  /** `message` starts with what was attempted: `Cannot append entry 7: disk is full`. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Turns anything caught into a QuorliteError; `code` is used when it is not one already. */
  static from(cause: unknown, code: ErrorCode): QuorliteError {
    if (cause instanceof QuorliteError) return cause;
    return new QuorliteError(code, messageOf(cause), { cause });
  }
}

/** The text of anything that was thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
