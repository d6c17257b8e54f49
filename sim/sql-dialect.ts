/** The operations of `model.ts` as SQL, and back. */
import type { Statement } from '../src/command/command.ts';
import { decodeCommand } from '../src/command/decode.ts';
import { encodeCommand } from '../src/command/encode.ts';
import { ACCOUNTS, BALANCE_AT_START, type Op, type OpResult } from './model.ts';

type Write = Extract<Op, { kind: 'write' | 'cas' | 'append' | 'insert' | 'transfer' }>;

const REGISTERS =
  'CREATE TABLE IF NOT EXISTS registers (key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID';
const LISTS =
  'CREATE TABLE IF NOT EXISTS lists (position INTEGER PRIMARY KEY, key TEXT, value INTEGER)';
const IDS = 'CREATE TABLE IF NOT EXISTS ids (value INTEGER PRIMARY KEY, times INTEGER)';
const ACCOUNTS_TABLE =
  'CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, balance INTEGER)';
const OPEN_ACCOUNTS = `INSERT OR IGNORE INTO accounts VALUES ${Array.from(
  { length: ACCOUNTS },
  (_, id) => `(${id}, ${BALANCE_AT_START})`,
).join(', ')}`;

/** What each kind of write runs: its table first, and last the statement that counts. */
const SQL: Record<Write['kind'], readonly string[]> = {
  write: [
    REGISTERS,
    'INSERT INTO registers VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  ],
  cas: [
    REGISTERS,
    'INSERT INTO registers SELECT ?1, ?2 ' +
      'WHERE ?3 = 0 OR EXISTS (SELECT 1 FROM registers WHERE key = ?1) ' +
      'ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value = ?3',
  ],
  append: [LISTS, 'INSERT INTO lists (key, value) VALUES (?1, ?2)'],
  insert: [
    IDS,
    'INSERT INTO ids VALUES (?1, 1) ON CONFLICT (value) DO UPDATE SET times = times + 1',
  ],
  transfer: [
    ACCOUNTS_TABLE,
    OPEN_ACCOUNTS,
    'UPDATE accounts SET balance = CASE id WHEN ?1 THEN balance - ?3 ELSE balance + ?3 END ' +
      'WHERE id IN (?1, ?2) AND ?1 <> ?2 ' +
      'AND (SELECT balance FROM accounts WHERE id = ?1) >= ?3',
  ],
};

const KIND_OF = new Map(
  (Object.keys(SQL) as Write['kind'][]).map((kind) => [SQL[kind].at(-1) ?? '', kind]),
);

/** A command that does `op`; anything that only reads takes a place and does nothing. */
export function encodeSql(op: Op): Uint8Array {
  if (!isWrite(op)) return encodeCommand({ kind: 'barrier' });
  const texts = SQL[op.kind];
  const statements = texts.map((sql, i): Statement => {
    const positional = i === texts.length - 1 ? parametersOf(op) : [];
    return { sql, positional, named: [] };
  });
  const seed = { low: 0, high: 0 };
  return encodeCommand({
    kind: 'statements',
    clockMs: 0,
    seed,
    transaction: true,
    rows: false,
    statements,
  });
}

/** The operation of a command that `encodeSql` made; null for any other. */
export function decodeSql(data: Uint8Array): Op | null {
  const decoded = decodeCommand(data);
  if (!decoded.ok || decoded.command.kind !== 'statements') return null;
  const { command } = decoded;
  const last = command.statements.at(-1);
  const kind = KIND_OF.get(last?.sql ?? '');
  if (last === undefined || kind === undefined) return null;
  const [first, second, third] = last.positional;
  switch (kind) {
    case 'write':
    case 'append':
      return { kind, key: String(first), value: Number(second) };
    case 'cas':
      return { kind, key: String(first), expect: Number(third), value: Number(second) };
    case 'insert':
      return { kind, value: Number(first) };
    case 'transfer':
      return { kind, from: Number(first), to: Number(second), amount: Number(third) };
  }
}

/** Whether the statement that counts changed anything. */
export function resultOfSql(body: Uint8Array): OpResult {
  const results = JSON.parse(`[${new TextDecoder().decode(body)}]`) as {
    readonly error?: string;
    readonly rows_affected?: number;
  }[];
  const failed = results.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new Error(`A statement of the workload failed: ${failed.error}`);
  return (results.at(-1)?.rows_affected ?? 0) > 0;
}

/** Answers a read with the rows of the tables, which need not exist yet. */
export function answerSql(
  op: Op,
  rows: (sql: string, ...values: readonly string[]) => readonly (readonly unknown[])[],
): OpResult {
  switch (op.kind) {
    case 'read': {
      const found = orNothing(() => rows('SELECT value FROM registers WHERE key = ?1', op.key));
      return found[0] === undefined ? null : Number(found[0][0]);
    }
    case 'list':
      return orNothing(() =>
        rows('SELECT value FROM lists WHERE key = ?1 ORDER BY position', op.key),
      ).map(([value]) => Number(value));
    case 'count':
      return Number(orNothing(() => rows('SELECT count(*) FROM ids'))[0]?.[0] ?? 0);
    default: {
      const total = orNothing(() => rows('SELECT sum(balance) FROM accounts'))[0]?.[0];
      return Number(total ?? ACCOUNTS * BALANCE_AT_START);
    }
  }
}

function isWrite(op: Op): op is Write {
  return op.kind in SQL;
}

function parametersOf(op: Write): Statement['positional'] {
  switch (op.kind) {
    case 'write':
    case 'append':
      return [op.key, BigInt(op.value)];
    case 'cas':
      return [op.key, BigInt(op.value), BigInt(op.expect)];
    case 'insert':
      return [BigInt(op.value)];
    case 'transfer':
      return [BigInt(op.from), BigInt(op.to), BigInt(op.amount)];
  }
}

function orNothing<T>(ask: () => readonly T[]): readonly T[] {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such table')) return [];
    throw error;
  }
}
