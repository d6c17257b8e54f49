import { QuorliteClient, QuorliteError } from '../../client/index.ts';
import type { Outcome } from './ledger.ts';
import { SETUP } from './schema.ts';
import type { NodeHash } from './summary.ts';
import type { Write } from './writer.ts';

/** Longer than any outage that is not a failure by itself. */
const WRITE_MS = 10_000;
const SETUP_MS = 20_000;
const VERIFY_MS = 20_000;

/** A client that writes, and closes its connections when disposed of. */
export interface WriterConnection extends AsyncDisposable {
  readonly write: Write;
}

/** Connects a writer to a cluster; it begins at the first of the nodes. */
export function connectWriter(urls: readonly string[]): WriterConnection {
  const client = new QuorliteClient({ endpoints: urls, timeoutMs: WRITE_MS });
  return {
    write: async (statements) => write(client, statements),
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

/**
 * Makes the tables, as often as it takes: every statement may happen more than once.
 *
 * @throws {QuorliteError} when it cannot be done
 */
export async function setUp(urls: readonly string[], signal: AbortSignal): Promise<void> {
  await using client = new QuorliteClient({ endpoints: urls, timeoutMs: SETUP_MS });
  const { results } = await client.execute(SETUP, { transaction: true, signal });
  const failed = results.find((result) => result.kind === 'error');
  if (failed !== undefined) {
    throw new QuorliteError('sql', `Cannot make the tables: ${failed.message}`);
  }
}

/** The content of all nodes at one index. */
export async function compareNodes(urls: readonly string[]): Promise<readonly NodeHash[]> {
  await using client = new QuorliteClient({ endpoints: urls });
  const { nodes } = await client.verify({ timeoutMs: VERIFY_MS });
  return nodes.map(({ id, hash, error }) => ({ id, hash, error }));
}

async function write(client: QuorliteClient, statements: readonly string[]): Promise<Outcome> {
  try {
    const { results } = await client.execute(statements, { transaction: true });
    const whole = results.length === statements.length;
    return whole && results.every(({ kind }) => kind !== 'error') ? 'acknowledged' : 'refused';
  } catch (error) {
    if (!(error instanceof QuorliteError)) throw error;
    // Every other code says that nothing was done, and the audit holds the cluster to it.
    return error.code === 'unknown-outcome' ? 'unknown' : 'refused';
  }
}
