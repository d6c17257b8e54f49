import type { Statement } from '../../command/command.ts';
import type { ReadLevel, ReadRequest, WriteRequest } from '../../db/request.ts';
import { formatToNumber } from '../../result/format.ts';
import type { Parameters } from './parameters.ts';
import { type ParsedStatements, parseStatements, plainStatement } from './statements.ts';

/** The routes that carry statements. */
export type DataRoute = 'execute' | 'query' | 'request';

/** What a request line asks for. */
export interface Target {
  readonly path: string;
  /** What stands behind the `?`. */
  readonly query: string;
}

/** Takes a request's target apart; clients of proxies may send a whole URL. */
export function parseTarget(url: string): Target {
  const start = url.startsWith('/') ? 0 : pathStart(url);
  const mark = url.indexOf('?', start);
  if (mark < 0) return { path: url.slice(start) || '/', query: '' };
  return { path: url.slice(start, mark) || '/', query: url.slice(mark + 1) };
}

function pathStart(url: string): number {
  const authority = /^https?:\/\/[^/?#]*/i.exec(url);
  return authority === null ? 0 : authority[0].length;
}

/** The data route of a path, by prefix as in rqlite; null when it is another route. */
export function dataRouteOf(path: string): DataRoute | null {
  if (!path.startsWith('/db/')) return null;
  if (path.startsWith('execute', 4)) return 'execute';
  if (path.startsWith('query', 4)) return 'query';
  return path.startsWith('request', 4) ? 'request' : null;
}

/** Whether `route` takes `method`; `HEAD` is `GET` without the body. */
export function allowsMethod(route: DataRoute, method: string): boolean {
  if (method === 'POST') return true;
  return route === 'query' && (method === 'GET' || method === 'HEAD');
}

/** The statements of a body: one text when it is plain, else JSON. */
export function readStatements(
  route: DataRoute,
  contentType: string,
  body: Buffer,
): ParsedStatements {
  const text = body.toString('utf8');
  const plain = route !== 'request' && contentType.startsWith('text/plain');
  return plain ? { statements: plainStatement(text) } : parseStatements(text);
}

/** What of `parameters` this version does not do; null when it does all that is asked. */
export function findUnavailable(route: DataRoute, parameters: Parameters): string | null {
  if (parameters.queue && route === 'execute') {
    return 'queued writes are not available in this version';
  }
  if (parameters.qualifyColumns) return 'qualify_columns is not available in this version';
  return null;
}

/** A write as the database takes it. */
export function toWrite(
  statements: readonly Statement[],
  parameters: Parameters,
  rows: boolean,
): WriteRequest {
  return {
    statements,
    transaction: parameters.transaction,
    rows,
    format: formatOf(parameters),
    timeoutMs: parameters.timeoutMs,
    forward: !parameters.redirect,
  };
}

/** A read as the database takes it; `level` is the one asked for, `auto` decided. */
export function toRead(
  statements: readonly Statement[],
  parameters: Parameters,
  level: ReadLevel,
): ReadRequest {
  const { linearizableTimeoutMs } = parameters;
  const bounded = level === 'linearizable' && linearizableTimeoutMs !== null;
  return {
    statements,
    transaction: parameters.transaction,
    format: formatOf(parameters),
    level,
    timeoutMs: bounded
      ? Math.min(parameters.timeoutMs, linearizableTimeoutMs)
      : parameters.timeoutMs,
    statementTimeoutMs: parameters.statementTimeoutMs,
    freshnessMs: parameters.freshnessMs,
    forward: !parameters.redirect,
  };
}

function formatOf(parameters: Parameters): number {
  return formatToNumber({
    protocol: 'rqlite',
    timings: parameters.timings,
    associative: parameters.associative,
    blobArrays: parameters.blobArray,
  });
}
