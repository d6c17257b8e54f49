import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { encodeCommand } from '../command/encode.ts';
import { entryData, PLAIN, parse, type Said, type SaidOptions, scratch } from './machine.suite.ts';
import { SqliteMachine } from './machine.ts';
import { SqliteThread, type ThreadSnapshotOutcome } from './thread.ts';

/** A thread and what it was given, as promises. */
class Threaded {
  readonly thread: SqliteThread;
  index: number;

  constructor(thread: SqliteThread) {
    this.thread = thread;
    this.index = thread.applied;
  }

  /** Applies entries as one range; results parsed, and digests. */
  apply(sayings: readonly (readonly [said: readonly Said[], options?: SaidOptions])[]): Promise<{
    readonly results: unknown[][];
    readonly digests: readonly number[];
  }> {
    const entries = sayings.map(([said, options]) => {
      const index = ++this.index;
      return { index, data: entryData(index, said, options) };
    });
    return new Promise((resolve) => {
      this.thread.apply(
        { entries, formats: entries.map(() => PLAIN), through: this.index },
        ({ results, digests }) => {
          resolve({ results: results.map(parse), digests });
        },
      );
    });
  }

  async run(...said: readonly Said[]): Promise<unknown[]> {
    const { results } = await this.apply([[said]]);
    return results[0] ?? [];
  }

  /** Applies a checksum entry and gives its index. */
  checksum(): Promise<number> {
    const index = ++this.index;
    const entries = [{ index, data: encodeCommand({ kind: 'checksum' }) }];
    return new Promise((resolve) => {
      this.thread.apply({ entries, formats: [0], through: index }, () => {
        resolve(index);
      });
    });
  }

  snapshot(path: string): Promise<ThreadSnapshotOutcome> {
    return new Promise((resolve) => {
      this.thread.snapshot(path, resolve);
    });
  }

  restore(path: string): Promise<number> {
    return new Promise((resolve) => {
      this.thread.restore(path, (applied) => {
        this.index = applied;
        resolve(applied);
      });
    });
  }

  async count(): Promise<unknown> {
    const { results } = await this.apply([[['SELECT count(*) AS n FROM t'], { rows: true }]]);
    const [result] = results[0] ?? [];
    return (result as { values: unknown[][] }).values[0]?.[0];
  }
}

async function open(t: TestContext, path: string): Promise<Threaded> {
  const thread = await SqliteThread.open({ path, gates: [] });
  thread.onFatal = (error) => {
    assert.fail(error);
  };
  t.after(() => thread.close());
  return new Threaded(thread);
}

test('a thread applies what the machine applies, small and large', async (t) => {
  const path = join(scratch(t), 'main.db');
  const threaded = await open(t, path);
  const machine = SqliteMachine.open();
  const large = 'x'.repeat(1_500_000);
  const ranges: (readonly (readonly [readonly Said[], SaidOptions?])[])[] = [
    [[['CREATE TABLE t(a, r DEFAULT (random()))']]],
    [[["INSERT INTO t(a) VALUES ('é')"]], [['SELECT a FROM t'], { rows: true }]],
    // Beyond the shared memory on the way in, and on the way back.
    [[[['INSERT INTO t(a) VALUES (?)', large]]]],
    [[['SELECT a FROM t ORDER BY length(a)'], { rows: true }], [['blah']]],
  ];
  let index = 0;
  for (const sayings of ranges) {
    const entries = sayings.map(([said, options]) => {
      index++;
      return { index, data: entryData(index, said, options) };
    });
    const want = machine.apply({ entries, formats: entries.map(() => PLAIN), through: index });
    const got = await threaded.apply(sayings);
    assert.deepEqual(got.digests, want.digests);
    assert.deepEqual(got.results, want.results.map(parse));
  }
  assert.equal(threaded.thread.applied, index);
});

test('apply() never calls back before it returned', async (t) => {
  const threaded = await open(t, join(scratch(t), 'main.db'));
  let returned = false;
  await new Promise<void>((resolve) => {
    threaded.thread.apply({ entries: [], formats: [], through: 7 }, () => {
      assert.equal(returned, true);
      resolve();
    });
    returned = true;
  });
  assert.equal(threaded.thread.applied, 7);
});

test('persist() tells the applied index, and a new thread finds it', async (t) => {
  const path = join(scratch(t), 'main.db');
  const first = await SqliteThread.open({ path, gates: [] });
  const threaded = new Threaded(first);
  await threaded.run('CREATE TABLE t(a)');
  await threaded.run('INSERT INTO t VALUES (1)');
  const durable = await new Promise((resolve) => {
    first.persist(resolve);
  });
  assert.equal(durable, 2);
  await first.close();
  const second = await open(t, path);
  assert.equal(second.thread.applied, 2);
  assert.equal(await second.count(), 1);
});

test('snapshot() runs beside apply() and restore() brings its state back', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'main.db');
  const copy = join(directory, 'copy.db');
  const suspended: string[] = [];
  const thread = await SqliteThread.open({
    path,
    gates: [
      {
        suspend: () => {
          suspended.push('suspend');
          return Promise.resolve();
        },
        resume: () => {
          suspended.push('resume');
        },
      },
    ],
  });
  t.after(() => thread.close());
  const threaded = new Threaded(thread);
  await threaded.run('CREATE TABLE t(a)', 'PRAGMA foreign_keys = ON');
  await threaded.run(['INSERT INTO t VALUES (?)', 'x'.repeat(500_000)]);
  const copying = threaded.snapshot(copy);
  // Rows that come in meanwhile may or may not be in the copy: its index says which.
  for (let at = 0; at < 50; at++) await threaded.run('INSERT INTO t VALUES (1)');
  const outcome = await copying;
  assert.equal(outcome.ok, true);
  assert.equal(existsSync(`${copy}-wal`) || existsSync(`${copy}.partial`), false);
  const index = outcome.ok ? outcome.index : 0;
  await threaded.run('DROP TABLE t');
  assert.equal(await threaded.restore(copy), index);
  assert.deepEqual(suspended, ['suspend', 'resume']);
  assert.equal(await threaded.count(), index - 1);
  const [setting] = (
    await threaded.apply([[['PRAGMA foreign_keys'], { rows: true }]])
  ).results.flat();
  assert.deepEqual((setting as { values: unknown }).values, [[1]]);
  await threaded.run('INSERT INTO t VALUES (2)');
  assert.equal(await threaded.count(), index);
});

test('snapshot() leaves nothing behind when it fails', async (t) => {
  const directory = scratch(t);
  const threaded = await open(t, join(directory, 'main.db'));
  await threaded.run('CREATE TABLE t(x)');
  // The copy is made, and cannot have its name.
  const taken = join(directory, 'taken');
  mkdirSync(taken);
  const outcome = await threaded.snapshot(taken);
  assert.equal(outcome.ok, false);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('taken.')),
    [],
  );
});

test('snapshot() says why when there can be none', async (t) => {
  const directory = scratch(t);
  const threaded = await open(t, join(directory, 'main.db'));
  const outcome = await threaded.snapshot(join(directory, 'nowhere', 'copy.db'));
  assert.equal(outcome.ok, false);
});

test('a checksum is of the content at its own index, whatever is applied meanwhile', async (t) => {
  const path = join(scratch(t), 'main.db');
  const threaded = await open(t, path);
  await threaded.run('CREATE TABLE t(a)');
  await threaded.run(
    `INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 30000)
     SELECT n FROM c`,
  );
  const first = await threaded.checksum();
  await threaded.run('DELETE FROM t WHERE a = 5');
  const second = await threaded.checksum();
  const twin = SqliteMachine.open();
  const hashes: string[] = [];
  const sayings = [
    'CREATE TABLE t(a)',
    `INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 30000)
     SELECT n FROM c`,
    null,
    'DELETE FROM t WHERE a = 5',
    null,
  ];
  sayings.forEach((said, at) => {
    const index = at + 1;
    const data = said === null ? encodeCommand({ kind: 'checksum' }) : entryData(index, [said]);
    twin.apply({ entries: [{ index, data }], formats: [0], through: index });
    if (said === null) hashes.push(twin.contentHash().hash);
  });
  assert.deepEqual(
    [await threaded.thread.checksum(first), await threaded.thread.checksum(second)],
    hashes,
  );
  await assert.rejects(threaded.thread.checksum(1), /none was taken/);
});

test('a thread that cannot open its database says so', async (t) => {
  const directory = scratch(t);
  await assert.rejects(SqliteThread.open({ path: join(directory, 'no', 'main.db'), gates: [] }), {
    name: 'QuorliteError',
  });
});

test('an entry of a newer version ends the machine through onFatal', async (t) => {
  const path = join(scratch(t), 'main.db');
  const thread = await SqliteThread.open({ path, gates: [] });
  const fatal = new Promise<Error>((resolve) => {
    thread.onFatal = resolve;
  });
  const entries = [{ index: 1, data: new Uint8Array([99, 1]) }];
  thread.apply({ entries, formats: [0], through: 1 }, () => {
    assert.fail('it must not be applied');
  });
  assert.match((await fatal).message, /version 99/);
  await thread.close();
});
