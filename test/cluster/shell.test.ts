import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { heal } from '../../src/cli/demo/killer.ts';
import { makeLocalCluster, type LocalCluster } from '../../src/cli/local-cluster.ts';
import { runProgram, type Ended } from './program.ts';

const NEVER = new AbortController().signal;

let cluster: LocalCluster;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorlite-shell-'));
  cluster = await makeLocalCluster({
    nodes: 3,
    directory: null,
    args: ['--log-level', 'error'],
    events: { onLine: () => undefined, onExit: () => undefined },
  });
  await heal(cluster.nodes, NEVER);
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function shell(args: readonly string[], stdin = ''): Promise<Ended> {
  return runProgram(['shell', cluster.urls.join(','), ...args], stdin);
}

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

async function rowsOf(sql: string): Promise<string> {
  const args = ['--level', 'linearizable', '--mode', 'csv', '--command', sql];
  const { stdout, stderr } = await shell(args);
  assert.equal(stderr, '');
  return stdout;
}

test('shell --file loads thousands of statements over several lines', async () => {
  const inserts = Array.from(
    { length: 5000 },
    (_, id) => `INSERT INTO big VALUES (${id},\n  'a;b -- ''${id}''\n;');\n`,
  );
  const script = `CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT);\n${inserts.join('')}`;
  const { code, stderr } = await shell(['--file', await file('big.sql', script)]);
  assert.match(stderr, /^5001 statements in \d+\.\d\d s\n$/);
  assert.equal(code, 0);
  assert.equal(
    await rowsOf('SELECT count(*), sum(id) FROM big'),
    'count(*),sum(id)\n5000,12497500\n',
  );
});

test('shell --file loads a dump of sqlite3', async () => {
  const dump = [
    'PRAGMA foreign_keys=OFF;',
    'BEGIN TRANSACTION;',
    'CREATE TABLE dumped (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);',
    "INSERT INTO dumped VALUES (7, 'seven');",
    'CREATE INDEX dumped_name ON dumped (name);',
    'ANALYZE sqlite_schema;',
    "INSERT INTO sqlite_stat1 VALUES ('dumped','dumped_name','1 1');",
    'DELETE FROM sqlite_sequence;',
    "INSERT INTO sqlite_sequence VALUES ('dumped',7);",
    'COMMIT;',
  ];
  const { code, stderr } = await shell(['--file', await file('dump.sql', dump.join('\n'))]);
  assert.match(stderr, /statements in/);
  assert.equal(code, 0);
  assert.equal(await rowsOf('SELECT * FROM dumped'), 'id,name\n7,seven\n');
});

test('shell --file stops at the first error with everything before it applied', async () => {
  const script = [
    'CREATE TABLE broken (id);',
    'INSERT INTO broken VALUES (1);',
    '',
    'INSERT',
    '  INTO nowhere VALUES (2);',
    'INSERT INTO broken VALUES (3);',
  ].join('\n');
  const { code, stderr } = await shell(['--file', await file('broken.sql', script)]);
  assert.equal(code, 1);
  assert.match(stderr, /^quorlite: Cannot run .*broken\.sql:4: no such table: nowhere\n$/);
  assert.equal(await rowsOf('SELECT id FROM broken'), 'id\n1\n');
});

test('shell reads standard input, and hides what is internal', async () => {
  const script = 'CREATE TABLE shown (id);\n.tables\n.schema shown\n.leader\n';
  const { code, stdout, stderr } = await shell([], script);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.match(stdout, /^shown$/m);
  assert.match(stdout, /^CREATE TABLE shown \(id\);$/m);
  assert.match(stdout, /^n[123] http:\/\/127\.0\.0\.1:\d+$/m);
  assert.doesNotMatch(stdout, /__quorlite_/);
});

test('shell follows the cluster when the leader is killed', async () => {
  const { stdout: leader } = await shell(['--command', '.leader']);
  const node = cluster.nodes.find(({ spec }) => leader.startsWith(`${spec.id} `));
  assert.notEqual(node, undefined);
  await node?.kill();
  const { code, stderr } = await shell(['--command', 'CREATE TABLE after_death (id)']);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  await heal(cluster.nodes, NEVER);
});

test('verify says that all nodes hold the same', async () => {
  const { code, stdout } = await runProgram(['verify', cluster.urls[0] ?? '']);
  assert.match(stdout, /All nodes hold the same\.\n$/);
  assert.equal(code, 0);
});
