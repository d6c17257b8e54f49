import type { Target } from '../load/connection.ts';
import {
  INSERT_BATCH,
  INSERT_PERSON,
  personOf,
  SELECT_ITEM,
  SELECT_ITEMS,
  selectItemText,
  type Statement,
} from './schema.ts';
import { type Operation, SCAN_ROWS } from './workload.ts';

/** The bytes of an operation over rqlite's HTTP API, which both servers speak. */
export interface Requests {
  /** Sent in turn, from the first to the last and again. */
  readonly all: readonly Buffer[];
  /** What the body of every good answer holds. */
  readonly expected: Buffer;
}

/** Different rows that are inserted; more would only fill the cache of the load process. */
const DIFFERENT_INSERTS = 1000;
const DIFFERENT_TRANSACTIONS = 8;

/** Builds everything that will be sent before the clock starts. */
export function makeRequests(operation: Operation, target: Target): Requests {
  switch (operation.kind) {
    case 'insert':
      return {
        all: Array.from({ length: DIFFERENT_INSERTS }, (_, n) =>
          post(target, '/db/execute', [[INSERT_PERSON, ...personOf(n)]]),
        ),
        expected: Buffer.from('"last_insert_id"'),
      };
    case 'transaction':
      return {
        all: Array.from({ length: DIFFERENT_TRANSACTIONS }, (_, n) =>
          post(target, '/db/execute?transaction', transaction(n * operation.rows, operation.rows)),
        ),
        expected: Buffer.from('"last_insert_id"'),
      };
    case 'point-read':
      return {
        all: Array.from({ length: SCAN_ROWS }, (_, n) => pointRead(target, operation, n + 1)),
        expected: Buffer.from('"values":[['),
      };
    case 'scan': {
      const path = `/db/query?level=${operation.level}&q=${encode(SELECT_ITEMS)}`;
      // The last row of the table: an answer that was cut short does not hold it.
      return { all: [get(target, path)], expected: Buffer.from(`[${SCAN_ROWS},"name `) };
    }
  }
}

function pointRead(
  target: Target,
  operation: Operation & { readonly kind: 'point-read' },
  id: number,
): Buffer {
  const path = `/db/query?level=${operation.level}`;
  return operation.form === 'text'
    ? get(target, `${path}&q=${encode(selectItemText(id))}`)
    : post(target, path, [[SELECT_ITEM, id]]);
}

function transaction(first: number, rows: number): readonly Statement[] {
  return Array.from({ length: rows }, (_, n) => [INSERT_BATCH, ...personOf(first + n)]);
}

function get(target: Target, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n\r\n`);
}

function post(target: Target, path: string, statements: readonly Statement[]): Buffer {
  const body = JSON.stringify(statements);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n` +
      'Content-Type: application/json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** As a browser's form does it: `+` for a space. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+');
}
