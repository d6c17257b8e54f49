import assert from 'node:assert/strict';

import { FaultCluster } from './cluster.ts';
import { isolatedTest } from './isolated.ts';
import { Network, NETWORK_NEEDS } from './network.ts';
import { isAcknowledged, numberIn, read, write } from './sql.ts';

const ELECTION_MS = 300;
/**
 * A cable that two appends of 1 MiB, which may be under way to a follower, fill for longer than an
 * election: a heartbeat behind them comes too late. The processors have little to do meanwhile, so
 * that nothing but the cable is slow.
 */
const MEGABITS = 24;
const BLOB_BYTES = 512 * 1024;
const WRITES = 32;
const AT_ONCE = 8;

isolatedTest({
  file: import.meta.filename,
  name: 'R18: heartbeats are not stuck behind bulk data: no election',
  own: 'network',
  needs: `${NETWORK_NEEDS}; tc qdisc add dev v0 root tbf rate 24mbit burst 64kb latency 100ms`,
  scenario: async () => {
    const network = new Network(3);
    const quick = ['--election-timeout', `${ELECTION_MS}ms`, '--heartbeat', '30ms'];
    await using cluster = await FaultCluster.start((directory) => network.specs(directory, quick));
    const before = await cluster.leader();
    const url = cluster.url(before.at);
    const made = await write(url, ['CREATE TABLE bulk (id INTEGER PRIMARY KEY, bytes TEXT)']);
    assert.ok(isAcknowledged(made), made.text);
    for (const at of cluster.others(before.at)) network.slow(at, MEGABITS);
    const text = 'x'.repeat(BLOB_BYTES);
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < WRITES) {
        const answer = await write(url, [`INSERT INTO bulk VALUES (${next++}, '${text}')`]);
        assert.ok(isAcknowledged(answer), answer.text);
      }
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, writer));
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs > 4 * ELECTION_MS, `the cable was not slow: all in ${tookMs} ms`);
    assert.deepEqual(await cluster.leader(), before);
    const found = await read(url, 'linearizable', 'SELECT count(*) FROM bulk');
    assert.equal(numberIn(found), WRITES, found.text);
  },
});
