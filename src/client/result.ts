import { QuorliteError } from '../base/errors.ts';

/** A value of a row: booleans come from columns declared BOOLEAN. */
export type RowValue = null | boolean | number | bigint | string | Uint8Array;

/** What one statement came to. */
export type StatementResult = RowsResult | ChangeResult | FailedResult;

/** Rows of a statement that has columns. */
export interface RowsResult {
  readonly kind: 'rows';
  readonly columns: readonly string[];
  /** Declared types in lower case; derived from the first row where none is declared. */
  readonly types: readonly string[];
  readonly rows: readonly (readonly RowValue[])[];
}

/** A statement without rows. */
export interface ChangeResult {
  readonly kind: 'change';
  readonly lastInsertId: number | bigint;
  readonly rowsAffected: number;
}

/** A statement that SQLite refused; with `transaction` nothing of the request was done. */
export interface FailedResult {
  readonly kind: 'error';
  readonly message: string;
}

/** What a request came to. */
export interface Results {
  /** One for each statement; with `transaction` they end at the first error. */
  readonly results: readonly StatementResult[];
  /** The log index of the write or of a linearizable or strong read; 0 for other reads. */
  readonly index: number;
  /** Client address of the node that executed it. */
  readonly servedBy: string;
}

/** A member of the cluster. */
export interface NodeInfo {
  readonly id: string;
  /** Base URL of its HTTP API; empty when not known. */
  readonly url: string;
  readonly peerAddress: string;
  readonly version: string;
  readonly voter: boolean;
  readonly reachable: boolean;
  readonly leader: boolean;
  /** Why it is not reachable; empty when it is. */
  readonly error: string;
}

/** One node's content at a common index. */
export interface NodeHash {
  readonly id: string;
  readonly url: string;
  /** Null when the node could not tell; then `error` says why. */
  readonly hash: string | null;
  readonly error: string | null;
}

/** What `verify` found: the replicas are equal when all hashes are. */
export interface Verification {
  readonly index: number;
  readonly nodes: readonly NodeHash[];
}

/** A JSON value; whole numbers that a `number` cannot hold exactly are bigints. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Keeps integers whole that a double cannot hold, by looking at how they were written. */
const keepIntegers: Reviver = (_key, value, context) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
};

/**
 * Parses an answer; `exact` keeps integers beyond 2^53 as bigints.
 *
 * @throws {QuorliteError} `wrong-version` when it is not JSON
 */
export function parseJson(text: string, exact: boolean): Json {
  try {
    // Looking at every value is slow: only when some number is long enough to need it.
    const reviver = exact && /\d{16}/.test(text) ? keepIntegers : undefined;
    return JSON.parse(text, reviver) as Json;
  } catch (cause) {
    throw new QuorliteError('wrong-version', 'The server answered with something that is no JSON', {
      cause,
    });
  }
}

/** The member `name` of an object; undefined for everything else. */
export function member(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [name: string]: Json })[name];
}

function items(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The results of a data request. */
export function toResults(answer: Json, servedBy: string): Results {
  return {
    results: items(member(answer, 'results')).map(toResult),
    index: Number(member(answer, 'raft_index') ?? 0),
    servedBy,
  };
}

function toResult(result: Json): StatementResult {
  const error = member(result, 'error');
  if (typeof error === 'string') return { kind: 'error', message: error };
  const columns = member(result, 'columns');
  if (columns === undefined) {
    const id = member(result, 'last_insert_id');
    return {
      kind: 'change',
      lastInsertId: typeof id === 'bigint' || typeof id === 'number' ? id : 0,
      rowsAffected: Number(member(result, 'rows_affected') ?? 0),
    };
  }
  return {
    kind: 'rows',
    columns: items(columns).map(text),
    types: items(member(result, 'types')).map(text),
    rows: items(member(result, 'values')).map((row) => items(row).map(toValue)),
  };
}

/** BLOBs are asked for as arrays of integers: base64 looks like any other text. */
function toValue(value: Json): RowValue {
  if (Array.isArray(value)) return Uint8Array.from((value as readonly Json[]).map(Number));
  return typeof value === 'object' ? null : value;
}

/** The list of `/nodes?ver=2`. */
export function toNodes(answer: Json): readonly NodeInfo[] {
  return items(member(answer, 'nodes')).map(toNode);
}

/** One node of `/nodes` or `/leader`. */
export function toNode(node: Json): NodeInfo {
  return {
    id: text(member(node, 'id')),
    url: text(member(node, 'api_addr')),
    peerAddress: text(member(node, 'addr')),
    version: text(member(node, 'version')),
    voter: member(node, 'voter') === true,
    reachable: member(node, 'reachable') === true,
    leader: member(node, 'leader') === true,
    error: text(member(node, 'error')),
  };
}

/** The answer of `/verify`. */
export function toVerification(answer: Json): Verification {
  return {
    index: Number(member(answer, 'index') ?? 0),
    nodes: items(member(answer, 'nodes')).map((node) => ({
      id: text(member(node, 'id')),
      url: text(member(node, 'api_addr')),
      hash: text(member(node, 'hash')) || null,
      error: text(member(node, 'error')) || null,
    })),
  };
}
