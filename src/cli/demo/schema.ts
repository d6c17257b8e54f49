import type { WriteId } from './ledger.ts';

/** Money that transfers move around and never make. */
export const MONEY_TOTAL = 10_000;
const ACCOUNTS = 10;

/** Makes the tables anew. Nothing is unique: a write that is applied twice must be seen twice. */
export const SETUP: readonly string[] = [
  'DROP TABLE IF EXISTS demo_write',
  'DROP TABLE IF EXISTS demo_total',
  'DROP TABLE IF EXISTS demo_account',
  'CREATE TABLE demo_write (writer INTEGER NOT NULL, sequence INTEGER NOT NULL)',
  'CREATE INDEX demo_write_by_id ON demo_write (writer, sequence)',
  'CREATE TABLE demo_total (writes INTEGER NOT NULL)',
  'INSERT INTO demo_total VALUES (0)',
  'CREATE TABLE demo_account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)',
  `WITH RECURSIVE ids(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM ids WHERE id < ${ACCOUNTS - 1})
   INSERT INTO demo_account SELECT id, ${MONEY_TOTAL / ACCOUNTS} FROM ids`,
];

/** How many rows hold a total, and how many writes it counts. */
export const TOTAL = 'SELECT writes FROM demo_total';

/** All the money there is. */
export const MONEY = 'SELECT sum(balance) FROM demo_account';

/** One write: its id, the counter, and a transfer. All of it happens or none. */
export function writeStatements(write: WriteId): readonly string[] {
  const from = (write.sequence + write.writer) % ACCOUNTS;
  const to = (from + 1 + (write.sequence % (ACCOUNTS - 1))) % ACCOUNTS;
  const amount = 1 + (write.sequence % 7);
  return [
    `INSERT INTO demo_write VALUES (${write.writer}, ${write.sequence})`,
    'UPDATE demo_total SET writes = writes + 1',
    `UPDATE demo_account SET balance = balance - ${amount} WHERE id = ${from}`,
    `UPDATE demo_account SET balance = balance + ${amount} WHERE id = ${to}`,
  ];
}

/** How many of these writes are not there. */
export function missingStatement(writes: readonly WriteId[]): string {
  if (writes.length === 0) return 'SELECT 0';
  const wanted = writes.map(({ writer, sequence }) => `(${writer},${sequence})`).join(',');
  return (
    `WITH wanted(writer, sequence) AS (VALUES ${wanted}) SELECT count(*) FROM wanted AS w ` +
    'WHERE NOT EXISTS (SELECT 1 FROM demo_write AS d ' +
    'WHERE d.writer = w.writer AND d.sequence = w.sequence)'
  );
}

/** A page of what is there: the writes of one writer from a sequence on, and how often. */
export function pageStatement(from: WriteId, limit: number): string {
  return (
    `SELECT sequence, count(*) FROM demo_write WHERE writer = ${from.writer} AND ` +
    `sequence >= ${from.sequence} GROUP BY sequence ORDER BY sequence LIMIT ${limit}`
  );
}
