import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { QuorliteClient } from '../../src/client/index.ts';
import { until } from '../cluster/nodes.ts';
import { FaultCluster, loopbackSpecs, stateOf } from './cluster.ts';
import { Load } from './load.ts';
import { isAcknowledged, numberIn, read, write } from './sql.ts';

/** Notes who led in which term, as the nodes themselves said at any moment. */
class LeaderWatch {
  readonly #leaders = new Map<number, Set<string>>();
  #watching = true;
  readonly #running: Promise<unknown>;

  constructor(cluster: FaultCluster) {
    this.#running = Promise.all(
      cluster.nodes.map(async ({ url, spec }) => {
        await until(
          'the end of the test',
          async () => {
            const state = await stateOf(url);
            if (state?.role === 'Leader') this.#note(state.term, spec.id);
            return this.#watching ? null : true;
          },
          120_000,
        );
      }),
    );
  }

  /** Terms with a leader; each must have had exactly one. */
  async terms(): Promise<number> {
    this.#watching = false;
    await this.#running;
    for (const [term, ids] of this.#leaders) {
      assert.equal(ids.size, 1, `term ${term} had the leaders ${[...ids].join(' and ')}`);
    }
    return this.#leaders.size;
  }

  #note(term: number, id: string): void {
    const ids = this.#leaders.get(term) ?? new Set();
    this.#leaders.set(term, ids.add(id));
  }
}

test('E1: kill -9 of random nodes under writers: one leader a term, nothing lost', async () => {
  await using cluster = await FaultCluster.start();
  const watch = new LeaderWatch(cluster);
  await using load = await Load.start(cluster.urls);
  for (let round = 0; round < 3; round++) {
    await load.acknowledges(50);
    const victim = randomInt(3);
    await cluster.kill(victim);
    await load.acknowledges(50);
    // The one that was elected just now, or votes just now, goes too: a majority is lost.
    const second = (victim + 1 + randomInt(2)) % 3;
    await cluster.kill(second);
    await cluster.restart(victim, second);
  }
  await load.acknowledges(50);
  await cluster.ready();
  const audit = await load.judge(cluster.urls);
  const terms = await watch.terms();
  assert.ok(terms >= 2, `only ${terms} terms had a leader`);
  assert.ok(audit.acknowledged >= 350);
});

test('L13: kill -9 of all nodes at once under writers: nothing acknowledged is lost', async () => {
  await using cluster = await FaultCluster.start();
  await using load = await Load.start(cluster.urls);
  for (let round = 0; round < 3; round++) {
    await load.acknowledges(100);
    await cluster.kill(0, 1, 2);
    await cluster.restart(0, 1, 2);
  }
  await load.acknowledges(50);
  await load.judge(cluster.urls);
});

test('R10: a follower that acknowledged and was killed has it', async () => {
  await using cluster = await FaultCluster.start();
  const { at: leader } = await cluster.leader();
  const [follower = -1, sleeper = -1] = cluster.others(leader);
  assert.ok(isAcknowledged(await write(cluster.url(leader), ['CREATE TABLE t (id INTEGER)'])));
  // With one follower asleep, every acknowledged write is on the disks of the two others.
  cluster.signal(sleeper, 'SIGSTOP');
  const rows = 50;
  for (let id = 0; id < rows; id++) {
    const answer = await write(cluster.url(leader), [`INSERT INTO t VALUES (${id})`]);
    assert.ok(isAcknowledged(answer), answer.text);
  }
  // The leader is gone for good, so that only the follower's disk can bring them back.
  await cluster.kill(follower, leader);
  cluster.signal(sleeper, 'SIGCONT');
  await cluster.restart(follower, sleeper);
  const found = await read(cluster.url(sleeper), 'linearizable', 'SELECT count(*) FROM t');
  assert.equal(numberIn(found), rows, found.text);
});

test('R16: when a leader dies before a majority has a write, its outcome is unknown', async () => {
  // It must still lead when the write comes, with nobody to hear.
  const patient = ['--election-timeout', '5s', '--heartbeat', '100ms'];
  await using cluster = await FaultCluster.start((directory) => loopbackSpecs(directory, patient));
  const { at: leader } = await cluster.leader();
  const setUp = await write(cluster.url(leader), ['CREATE TABLE t (id INTEGER)']);
  assert.ok(isAcknowledged(setUp), setUp.text);
  await cluster.ready();
  const before = (await cluster.state(leader))?.lastIndex ?? Infinity;
  const followers = cluster.others(leader);
  for (const at of followers) cluster.signal(at, 'SIGSTOP');
  await using client = new QuorliteClient({ endpoints: [cluster.url(leader)], discover: false });
  const outcome = client.execute('INSERT INTO t VALUES (1)').then(
    () => 'acknowledged',
    (error: unknown) => (error as { readonly code?: string }).code ?? String(error),
  );
  await until('the leader to have the write', async () => {
    const state = await cluster.state(leader);
    return state !== null && state.lastIndex > before ? true : null;
  });
  await cluster.kill(leader);
  assert.equal(await outcome, 'unknown-outcome');
  for (const at of followers) cluster.signal(at, 'SIGCONT');
  await cluster.restart(leader);
  await cluster.ready();
  // Once or not at all, and the same on all nodes.
  const counts = await Promise.all(
    cluster.urls.map(async (url) =>
      numberIn(await read(url, 'linearizable', 'SELECT count(*) FROM t')),
    ),
  );
  assert.ok(counts[0] === 0 || counts[0] === 1, String(counts));
  assert.deepEqual(new Set(counts).size, 1, String(counts));
});
