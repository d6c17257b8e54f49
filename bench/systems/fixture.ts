/** What every cluster is given before it is measured, and what it must hold afterwards. */
import { COUNT_ROWS, itemStatements, SCHEMA, type Statement } from '../workloads/schema.ts';
import type { Operation } from '../workloads/workload.ts';
import { type Cluster, findRoles, type ServerNode, urlOf } from './cluster.ts';

const REQUEST_MS = 30_000;

/** Rows that a cluster acknowledged. */
export interface Acknowledged {
  person: number;
  batch: number;
  /** A request failed, and what became of it and of those beside it is unknown. */
  uncertain: boolean;
}

/** Adds the rows of `answers` good answers to an operation. */
export function acknowledge(rows: Acknowledged, operation: Operation, answers: number): void {
  if (operation.kind === 'insert') rows.person += answers;
  if (operation.kind === 'transaction') rows.batch += answers * operation.rows;
}

/** Waits for a leader, then makes the tables and the rows that are read. */
export async function prepareCluster(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const { leader } = await findRoles(cluster, signal);
  await execute(
    leader,
    SCHEMA.map((sql) => [sql] as const),
  );
  await execute(leader, itemStatements());
}

/**
 * Counts the rows on every node, with each node's strictest read, and says what is wrong: too few
 * are lost writes, too many are writes that happened twice. Empty when all is well.
 */
export async function compareRows(
  cluster: Cluster,
  acknowledged: Acknowledged,
  level: string,
): Promise<readonly string[]> {
  const wanted = `${acknowledged.person} and ${acknowledged.batch}`;
  const problems = await Promise.all(
    cluster.nodes.map(async (node) => {
      const [[person, batch] = []] = await query(node, COUNT_ROWS, level);
      const found = `${String(person)} and ${String(batch)}`;
      const missing = Number(person) < acknowledged.person || Number(batch) < acknowledged.batch;
      return found === wanted || (acknowledged.uncertain && !missing)
        ? null
        : `${cluster.name} at ${urlOf(node)} holds ${found} rows, acknowledged were ${wanted}`;
    }),
  );
  return problems.filter((problem) => problem !== null);
}

/** The rows of one statement. @throws {Error} when it fails */
export async function query(
  node: ServerNode,
  sql: string,
  level: string,
): Promise<readonly (readonly unknown[])[]> {
  const answer = await post(node, `/db/query?level=${level}`, [[sql]]);
  return answer.results[0]?.values ?? [];
}

/** Runs statements in one transaction. @throws {Error} when one fails */
export async function execute(node: ServerNode, statements: readonly Statement[]): Promise<void> {
  await post(node, '/db/execute?transaction', statements);
}

interface Results {
  readonly results: readonly { readonly values?: readonly (readonly unknown[])[] }[];
}

async function post(
  node: ServerNode,
  path: string,
  statements: readonly Statement[],
): Promise<Results> {
  const response = await fetch(`${urlOf(node)}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(statements),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const text = await response.text();
  if (!response.ok || text.includes('"error"')) {
    throw new Error(`Cannot run ${path} at ${urlOf(node)}: ${response.status} ${text}`);
  }
  return JSON.parse(text) as Results;
}
