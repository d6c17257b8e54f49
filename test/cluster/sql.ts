import type { Database, ReadLevel, Value } from '../../src/index.ts';
import { formatToNumber } from '../../src/result/format.ts';

const FORMAT = formatToNumber({
  protocol: 'rqlite',
  timings: false,
  associative: false,
  blobArrays: false,
});

/** One element of a results array. */
export interface Result {
  readonly columns?: readonly string[];
  readonly values?: readonly (readonly unknown[])[];
  readonly last_insert_id?: number;
  readonly rows_affected?: number;
  readonly error?: string;
}

/** Runs statements as one entry and gives their results. */
export async function execute(
  database: Database,
  statements: readonly (string | readonly [string, ...Value[]])[],
  options: { readonly transaction?: boolean; readonly timeoutMs?: number } = {},
): Promise<{ readonly results: readonly Result[]; readonly index: number }> {
  const reply = await database.execute({
    statements: statements.map(statementOf),
    transaction: options.transaction ?? false,
    rows: false,
    format: FORMAT,
    timeoutMs: options.timeoutMs ?? 15_000,
    forward: true,
  });
  return { results: parse(reply.body), index: reply.index };
}

/** The rows of one statement. */
export async function rows(
  database: Database,
  statement: string | readonly [string, ...Value[]],
  level: ReadLevel = 'linearizable',
): Promise<readonly (readonly unknown[])[]> {
  const reply = await database.query({
    statements: [statementOf(statement)],
    transaction: false,
    format: FORMAT,
    level,
    timeoutMs: 15_000,
    statementTimeoutMs: 0,
    freshnessMs: 0,
    forward: true,
  });
  const [result] = parse(reply.body);
  if (result?.error !== undefined) throw new Error(result.error);
  return result?.values ?? [];
}

function statementOf(statement: string | readonly [string, ...Value[]]): {
  sql: string;
  positional: Value[];
  named: [];
} {
  if (typeof statement === 'string') return { sql: statement, positional: [], named: [] };
  const [sql, ...positional] = statement;
  return { sql, positional, named: [] };
}

function parse(body: Uint8Array): readonly Result[] {
  return JSON.parse(`[${new TextDecoder().decode(body)}]`) as Result[];
}
