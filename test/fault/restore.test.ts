import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { until } from '../cluster/nodes.ts';
import { FaultCluster, loopbackSpecs, QUICK_ELECTIONS } from './cluster.ts';
import { Load } from './load.ts';

/** The log is cut so soon that a node that was away needs a copy of the state. */
const SHORT_LOG = ['--compact-bytes', '64KiB', '--trailing-bytes', '4KiB'];

test('S12: a copy of the state leaves no old -wal or -shm beside the new file', async () => {
  await using cluster = await FaultCluster.start((directory) =>
    loopbackSpecs(directory, [...QUICK_ELECTIONS, ...SHORT_LOG, '--log-level', 'info']),
  );
  const { at: leader } = await cluster.leader();
  const [away = -1] = cluster.others(leader);
  await using load = await Load.start(cluster.urls);
  await load.acknowledges(50);
  const folder = path.join(cluster.node(away).spec.directory, 'databases', 'main');
  const wal = path.join(folder, 'main.db-wal');
  await cluster.kill(away);
  const old = readFileSync(wal);
  assert.ok(old.length > 0, 'the killed node left no write-ahead log, so nothing is tested');
  await load.acknowledges(400);
  await load.stop();
  cluster.node(away).start();
  await until('the node to get a copy', () =>
    /"outcome":"installed","msg":"Received a snapshot"/.test(cluster.output(away)) ? true : null,
  );
  await cluster.ready();
  await load.judge(cluster.urls);
  // A kill in the middle leaves what is there; a start on it must see the copy, not the old log.
  await cluster.kill(away);
  assert.deepEqual(
    readdirSync(folder).filter((name) => !/^main\.db(-wal|-shm)?$/.test(name)),
    [],
    'nothing is left of the copy on its way',
  );
  if (existsSync(wal)) {
    const salts = readFileSync(wal).subarray(16, 24);
    assert.notDeepEqual(salts, old.subarray(16, 24), 'the write-ahead log is the old one');
  }
  await cluster.restart(away);
  await load.judge(cluster.urls);
});

test('S12: an installation that was cut short is finished at the next start', async () => {
  await using cluster = await FaultCluster.start((directory) =>
    loopbackSpecs(directory, [...QUICK_ELECTIONS, ...SHORT_LOG]),
  );
  const { at: leader } = await cluster.leader();
  const [away = -1] = cluster.others(leader);
  await using load = await Load.start(cluster.urls);
  await load.acknowledges(50);
  const folder = path.join(cluster.node(away).spec.directory, 'databases', 'main');
  await cluster.kill(away);
  await load.acknowledges(400);
  await load.stop();
  // As `replaceDatabase` leaves it when it is killed before the rename.
  writeFileSync(path.join(folder, 'main.db.incoming'), 'half a copy');
  rmSync(path.join(folder, 'main.db-shm'), { force: true });
  await cluster.restart(away);
  assert.ok(!existsSync(path.join(folder, 'main.db.incoming')));
  await load.judge(cluster.urls);
});
