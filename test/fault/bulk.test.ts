import assert from 'node:assert/strict';

import { FaultCluster } from './cluster.ts';
import { isolatedTest } from './isolated.ts';
import { Network, NETWORK_NEEDS } from './network.ts';
import { isAcknowledged, numberIn, read, write } from './sql.ts';

const ELECTION_MS = 600;
/**
 * A cable on which one write takes several elections: a heartbeat behind it comes too late. The
 * processors have little to do meanwhile, so that nothing but the cable is slow.
 */
const MEGABITS = 12;
const BLOB_BYTES = 4 * 1024 * 1024;
const WRITES = 2;

isolatedTest({
  file: import.meta.filename,
  name: 'R18: heartbeats are not stuck behind bulk data: no election',
  own: 'network',
  needs: `${NETWORK_NEEDS}; tc qdisc add dev v0 root tbf rate 12mbit burst 64kb latency 100ms`,
  scenario: async () => {
    const network = new Network(3);
    const quick = ['--election-timeout', `${ELECTION_MS}ms`, '--heartbeat', '60ms'];
    await using cluster = await FaultCluster.start((directory) => network.specs(directory, quick));
    const before = await cluster.leader();
    const url = cluster.url(before.at);
    const made = await write(url, ['CREATE TABLE bulk (id INTEGER PRIMARY KEY, bytes TEXT)']);
    assert.ok(isAcknowledged(made), made.text);
    for (const at of cluster.others(before.at)) network.slow(at, MEGABITS);
    const text = 'x'.repeat(BLOB_BYTES);
    const startedMs = performance.now();
    for (let id = 0; id < WRITES; id++) {
      const answer = await write(url, [`INSERT INTO bulk VALUES (${id}, '${text}')`]);
      assert.ok(isAcknowledged(answer), answer.text);
    }
    const eachMs = (performance.now() - startedMs) / WRITES;
    assert.ok(eachMs > 3 * ELECTION_MS, `the cable was not slow: a write took ${eachMs} ms`);
    assert.deepEqual(await cluster.leader(), before);
    const found = await read(url, 'linearizable', 'SELECT count(*) FROM bulk');
    assert.equal(numberIn(found), WRITES, found.text);
  },
});
