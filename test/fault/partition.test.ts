import assert from 'node:assert/strict';

import { until } from '../cluster/nodes.ts';
import { ELECTION_MS, FaultCluster, type Lead } from './cluster.ts';
import { isolatedTest } from './isolated.ts';
import { Load } from './load.ts';
import { Network, NETWORK_NEEDS } from './network.ts';
import { isAcknowledged, numberIn, read, write } from './sql.ts';

/** Beyond what the protocol takes: processes, sockets and a machine with other work. */
const SLACK_MS = 1500;

const file = import.meta.filename;
const COUNT = 'SELECT count(*) FROM t';

/** A cluster in a network of its own, with the table `t` and one row, and who leads it. */
async function startApart(
  count: number,
): Promise<{ readonly network: Network; readonly cluster: FaultCluster; readonly lead: Lead }> {
  const network = new Network(count);
  const cluster = await FaultCluster.start((directory) => network.specs(directory));
  const lead = await cluster.leader();
  const setUp = ['CREATE TABLE t (id INTEGER PRIMARY KEY)', 'INSERT INTO t VALUES (1)'];
  const made = await write(cluster.url(lead.at), setUp);
  assert.ok(isAcknowledged(made), made.text);
  return { network, cluster, lead };
}

/** Waits until the node no longer says that it leads; how long that took. */
async function deposed(cluster: FaultCluster, at: number): Promise<number> {
  const since = performance.now();
  await until('the old leader to step down', async () => {
    const state = await cluster.state(at);
    return state !== null && state.role !== 'Leader' ? true : null;
  });
  return performance.now() - since;
}

isolatedTest({
  file,
  name: 'D1: a leader cut off from both followers answers no read and acknowledges no write',
  own: 'network',
  needs: NETWORK_NEEDS,
  scenario: async () => {
    const { network, cluster, lead } = await startApart(3);
    await using _ = cluster;
    await using load = await Load.start(cluster.urls);
    await load.acknowledges(50);
    const [one = -1, other = -1] = cluster.others(lead.at);
    const old = cluster.url(lead.at);
    network.part(lead.at, one);
    network.part(lead.at, other);
    const asked = [
      read(old, 'linearizable', COUNT, 3000),
      read(old, 'strong', COUNT, 3000),
      write(old, ['INSERT INTO t VALUES (2)'], 5000),
    ] as const;
    const took = await deposed(cluster, lead.at);
    // It judges once an election timeout, and what it heard just before the cut still counts.
    assert.ok(took < 2 * ELECTION_MS + SLACK_MS, `it led for ${took} ms more`);
    const next = await cluster.leader(one, other);
    assert.ok(next.term > lead.term);
    const third = await write(cluster.url(next.at), ['INSERT INTO t VALUES (3)']);
    assert.ok(isAcknowledged(third), third.text);
    await load.acknowledges(50);
    const [linearizable, strong, written] = await Promise.all(asked);
    assert.equal(numberIn(linearizable), null, linearizable.text);
    assert.equal(numberIn(strong), null, strong.text);
    assert.equal(written.code, 'unknown-outcome', JSON.stringify(written));
    network.heal();
    await cluster.ready();
    assert.equal((await cluster.leader()).at, next.at, 'it follows the one that was elected');
    // Its own write was never on a majority, and another entry is in its place.
    const found = await read(old, 'linearizable', 'SELECT sum(id) FROM t');
    assert.equal(numberIn(found), 4, found.text);
    await load.judge(cluster.urls);
  },
});

isolatedTest({
  file,
  name: 'E17: a leader that sends and does not receive is replaced',
  own: 'network',
  needs: NETWORK_NEEDS,
  scenario: async () => {
    const { network, cluster, lead } = await startApart(3);
    await using _ = cluster;
    await using load = await Load.start(cluster.urls);
    await load.acknowledges(50);
    const [one = -1, other = -1] = cluster.others(lead.at);
    network.cut({ from: one, to: lead.at }, { from: other, to: lead.at });
    const took = await deposed(cluster, lead.at);
    assert.ok(took < 2 * ELECTION_MS + SLACK_MS, `it led for ${took} ms more`);
    const next = await cluster.leader(one, other);
    assert.ok(next.term > lead.term);
    await load.acknowledges(50);
    network.heal();
    await cluster.ready();
    await load.judge(cluster.urls);
  },
});

isolatedTest({
  file,
  name: 'E10: a node that sees only one other disturbs nobody',
  own: 'network',
  needs: NETWORK_NEEDS,
  scenario: async () => {
    const { network, cluster, lead } = await startApart(3);
    await using _ = cluster;
    const [bridge = -1, apart = -1] = cluster.others(lead.at);
    // Without writes its log stays as good as the others': it could win, if somebody let it.
    await cluster.ready();
    network.part(lead.at, apart);
    await until('the node to miss its leader', async () => {
      const state = await cluster.state(apart);
      return state !== null && state.leader === '' ? true : null;
    });
    const since = performance.now();
    await until('it to have stood several times', () =>
      performance.now() - since > 5 * ELECTION_MS ? true : null,
    );
    assert.deepEqual(await cluster.leader(lead.at, bridge), lead);
    await using load = await Load.start([cluster.url(lead.at), cluster.url(bridge)]);
    await load.acknowledges(100);
    assert.deepEqual(await cluster.leader(lead.at, bridge), lead);
    network.heal();
    await cluster.ready();
    assert.deepEqual(await cluster.leader(), lead, 'nor when it is back');
    await load.judge(cluster.urls);
  },
});

isolatedTest({
  file,
  name: 'E10: where only one node of five sees a majority, that one comes to lead',
  own: 'network',
  needs: NETWORK_NEEDS,
  scenario: async () => {
    const { network, cluster, lead } = await startApart(5);
    await using _ = cluster;
    const [bridge = -1, ...rest] = cluster.others(lead.at);
    const apart = [lead.at, ...rest];
    for (const one of apart) for (const other of apart) if (one < other) network.part(one, other);
    const next = await until('the bridge to lead', async () => {
      const state = await cluster.state(bridge);
      return state?.role === 'Leader' ? state : null;
    });
    assert.ok(next.term > lead.term);
    for (const [order, at] of [bridge, ...rest].entries()) {
      const answer = await write(cluster.url(at), [`INSERT INTO t VALUES (${order + 2})`]);
      assert.ok(isAcknowledged(answer), answer.text);
    }
    network.heal();
    await cluster.ready();
    const found = await read(cluster.url(lead.at), 'linearizable', COUNT);
    assert.equal(numberIn(found), 1 + cluster.nodes.length - 1, found.text);
  },
});

isolatedTest({
  file,
  name: 'packet loss costs time and no write',
  own: 'network',
  needs: `${NETWORK_NEEDS}; iptables -A INPUT -m statistic --mode random --probability 0.1 -j DROP`,
  scenario: async () => {
    const { network, cluster } = await startApart(3);
    await using _ = cluster;
    await using load = await Load.start(cluster.urls);
    await load.acknowledges(20);
    network.lose(0.1);
    await load.acknowledges(100);
    await load.judge(cluster.urls);
  },
});
