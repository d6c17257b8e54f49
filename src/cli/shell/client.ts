import type { Json, NodeInfo, QuorliteClient, StatementResult } from '../../client/index.ts';
import { connectTo, DEFAULT_URL } from '../connect.ts';
import type { Connection, RunSettings, StatementOutcome } from './connection.ts';
import { roleOf } from './plan.ts';
import { formatRows } from './rows.ts';

/** A cluster as its client sees it. */
export interface ClientConnection extends Connection, AsyncDisposable {
  /** What the user named. */
  readonly target: string;
}

/** Connects to the nodes that `url` names. */
export async function connect(url: string | null): Promise<ClientConnection> {
  const client = await connectTo(url);
  return {
    target: url ?? DEFAULT_URL,
    run: async (statements, settings) => run(client, statements, settings),
    describeNodes: async () => describeNodes(await client.nodes()),
    describeStatus: async () => describeStatus(await client.status()),
    describeLeader: async () => {
      const { id, url: at } = await client.leader();
      return `${id} ${at}\n`;
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

async function run(
  client: QuorliteClient,
  statements: readonly string[],
  { transaction, level }: RunSettings,
): Promise<readonly StatementOutcome[]> {
  // A request of reads alone may be tried again without harm when an answer is lost.
  const reads = statements.every((sql) => roleOf(sql) === 'read');
  const { results } = reads
    ? await client.query(statements, { transaction, level })
    : await client.request(statements, { transaction, level });
  return results.map(toOutcome);
}

function toOutcome(result: StatementResult): StatementOutcome {
  switch (result.kind) {
    case 'rows':
      return { kind: 'rows', rows: { columns: result.columns, rows: result.rows } };
    case 'change':
      return { kind: 'done', rowsAffected: result.rowsAffected };
    case 'error':
      return result;
  }
}

function describeNodes(nodes: readonly NodeInfo[]): string {
  const rows = nodes.map((node) => [
    node.id,
    node.url,
    node.peerAddress,
    node.leader ? 'leader' : node.voter ? 'voter' : 'replica',
    node.reachable ? 'yes' : `no: ${node.error}`,
    node.version,
  ]);
  const columns = ['id', 'clients', 'peers', 'role', 'reachable', 'version'];
  return formatRows({ columns, rows }, 'table');
}

function describeStatus(status: Json): string {
  const plain = (_name: string, value: unknown): unknown =>
    typeof value === 'bigint' ? String(value) : value;
  return `${JSON.stringify(status, plain, 2)}\n`;
}
