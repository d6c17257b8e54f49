import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeLocalCluster } from '../../src/cli/local-cluster.ts';
import { QuorliteClient } from '../../src/client/index.ts';
import { until } from '../cluster/nodes.ts';

/** Who leads, as the node at `url` says; null when it knows nobody or does not answer. */
async function leaderAt(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/leader`, { signal: AbortSignal.timeout(500) });
    const text = await response.text();
    return response.ok ? ((JSON.parse(text) as { id?: string }).id ?? null) : null;
  } catch {
    return null;
  }
}

async function countAt(url: string): Promise<number> {
  const query = 'level=linearizable&q=SELECT%20count(*)%20FROM%20t';
  const response = await fetch(`${url}/db/query?${query}`);
  const { results } = (await response.json()) as {
    results: readonly { values?: readonly (readonly number[])[] }[];
  };
  return results[0]?.values?.[0]?.[0] ?? -1;
}

test('D1, E15: a leader that was stopped for a while answers nothing stale', async () => {
  const events = { onLine: () => {}, onExit: () => {} };
  await using cluster = await makeLocalCluster({ nodes: 3, directory: null, args: [], events });
  for (const node of cluster.nodes) node.start();
  const urls = cluster.urls;
  const old = await until('a leader', async () => leaderAt(urls[0] ?? ''));
  const at = Number(old.slice(1)) - 1;
  const others = urls.filter((_, index) => index !== at);
  const client = new QuorliteClient({ endpoints: urls });
  await client.execute(['CREATE TABLE t (id INTEGER PRIMARY KEY)', 'INSERT INTO t VALUES (1)']);
  const pid = cluster.nodes[at]?.pid ?? null;
  assert.ok(pid !== null);
  process.kill(pid, 'SIGSTOP');
  try {
    await until('another leader', async () => {
      const now = await leaderAt(others[0] ?? '');
      return now !== null && now !== old ? now : null;
    });
    const survivor = new QuorliteClient({ endpoints: others, discover: false });
    await survivor.execute('INSERT INTO t VALUES (2)');
    survivor.close();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  // The first answer of the node that slept must know what happened meanwhile.
  assert.equal(await countAt(urls[at] ?? ''), 2);
  client.close();
});
