import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import type { QuorliteError } from '../../src/index.ts';
import { TestCluster, until } from './nodes.ts';
import { execute, rows } from './sql.ts';

/** Changes the middle byte of the entry's text in whichever segment of `directory` holds it. */
async function flipByte(directory: string, text: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const bytes = await readFile(path);
    const at = bytes.indexOf(text);
    if (at < 0) continue;
    bytes[at] = (bytes[at] ?? 0) ^ 0x20;
    await writeFile(path, bytes);
    return;
  }
  assert.fail(`"${text}" is in no segment of ${directory}`);
}

test('refusals: a second process on a data directory is told who holds it', async () => {
  await using cluster = await TestCluster.start(1);
  await assert.rejects(
    cluster.open(1, { directory: cluster.directory(0) }),
    (error: QuorliteError) => error.code === 'locked' && error.message.includes(`${process.pid}`),
  );
});

test('refusals: a data directory of another node, or of a newer quorlite', async () => {
  await using cluster = await TestCluster.start(1);
  await cluster.stop(0);
  await assert.rejects(cluster.open(0, { id: 'other' }), /it belongs to node n1/);
  const file = join(cluster.directory(0), 'quorlite.json');
  const stored = JSON.parse(await readFile(file, 'utf8')) as { formatVersion: number };
  await writeFile(file, JSON.stringify({ ...stored, formatVersion: 99 }));
  await assert.rejects(
    cluster.open(0),
    (error: QuorliteError) => error.code === 'wrong-version' && error.message.includes('99'),
  );
});

test('refusals: a peer address that is in use names it and says what to do', async () => {
  await using cluster = await TestCluster.start(1);
  await assert.rejects(
    cluster.open(1, { peerAddress: cluster.node(0).peerAddress }),
    (error: QuorliteError) => error.code === 'address' && /uses this port/.test(error.message),
  );
});

test('refusals: founders that are not as many as expected, unless they have founded', async () => {
  await using cluster = await TestCluster.start(3);
  const join = [0, 1, 2].map((at) => cluster.peerAddress(at));
  await assert.rejects(
    cluster.open(3, { join: [...join, cluster.peerAddress(3)], bootstrapExpect: 2 }),
    (error: QuorliteError) => error.code === 'configuration' && /name 4 /.test(error.message),
  );
  await cluster.stop(0);
  await cluster.open(0, { join, bootstrapExpect: 2 });
  await cluster.leader();
});

test('refusals: a node of another cluster is not let in', async () => {
  await using first = await TestCluster.start(1);
  await using second = await TestCluster.start(1);
  await second.stop(0);
  const stranger = await second.open(0, { id: 'n1', join: [first.peerAddress(0)] });
  // It has a cluster of its own and keeps to that; the other one knows nothing of it.
  await second.leader();
  assert.equal(stranger.database.status().clusterId === '', false);
  assert.notEqual(stranger.database.status().clusterId, first.node(0).database.status().clusterId);
  assert.equal((await first.node(0).database.nodes(500)).length, 1);
});

test('L2: a flipped byte in an acknowledged entry is repaired by the others', async () => {
  await using cluster = await TestCluster.start(3);
  await execute(cluster.node(0).database, ['CREATE TABLE t (v TEXT)']);
  for (const word of ['first', 'NEEDLE', 'last']) {
    await execute(cluster.node(0).database, [['INSERT INTO t VALUES(?)', `${word} of all`]]);
  }
  const follower = ((await cluster.leader()) + 1) % 3;
  await cluster.stop(follower);
  await flipByte(join(cluster.directory(follower), 'journal'), 'NEEDLE of all');
  const node = await cluster.open(follower);
  await until('the repair', () => (node.database.readiness().store ? true : null));
  await cluster.leader();
  const found = await rows(node.database, 'SELECT v FROM t ORDER BY rowid');
  assert.deepEqual(found, [['first of all'], ['NEEDLE of all'], ['last of all']]);
  const { nodes } = await node.database.verify(10_000);
  assert.equal(new Set(nodes.map(({ hash }) => hash)).size, 1, JSON.stringify(nodes));
});
