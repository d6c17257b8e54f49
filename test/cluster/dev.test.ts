import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { isPortFree } from '../../src/cli/ports.ts';
import { findFreePorts } from '../../src/cli/ports.ts';
import { until } from './nodes.ts';
import { isAlive, Program, runProgram } from './program.ts';

const NODES = 3;

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'quorlite-dev-'));
  t.after(async () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The first of enough ports in a row. */
async function freeRow(length: number): Promise<number> {
  for (;;) {
    const [first = 0] = await findFreePorts(1);
    const free = await Promise.all(Array.from({ length }, (_, at) => isPortFree(first + at)));
    if (!free.includes(false)) return first;
  }
}

async function startDev(
  directory: string,
): Promise<{ readonly dev: Program; readonly base: number }> {
  const base = await freeRow(2 * NODES);
  const dev = new Program(['dev', '--data', directory, '--http-base', String(base)]);
  return { dev, base };
}

/** The process ids of the nodes: they say so on /status. */
async function nodePids(base: number): Promise<readonly number[]> {
  const statuses = Array.from({ length: NODES }, async (_, node) => {
    const response = await fetch(`http://127.0.0.1:${base + 2 * node}/status`);
    const status = (await response.json()) as { readonly os: { readonly pid: number } };
    return status.os.pid;
  });
  return Promise.all(statuses);
}

async function allGone(pids: readonly number[]): Promise<void> {
  await until('the nodes to be gone', () => (pids.some(isAlive) ? null : true));
}

test('dev runs a cluster that survives a kill, and stops it cleanly', async (t) => {
  const directory = await temporary(t);
  const { dev, base } = await startDev(directory);
  await using program = dev;
  await program.prints(/The cluster is ready; n[123] leads/);
  const pids = await nodePids(base);
  const killed = pids[0] ?? 0;
  process.kill(killed, 'SIGKILL');
  await program.prints(/n1 \| was killed by SIGKILL; the others go on/);
  const survivor = `http://127.0.0.1:${base + 2}`;
  const { code, stderr } = await runProgram(['shell', survivor, '--command', 'CREATE TABLE t (x)']);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  program.signal('SIGTERM');
  const ended = await program.ended();
  assert.equal(ended.stderr, '');
  assert.equal(ended.code, 0);
  assert.deepEqual(pids.filter(isAlive), []);
});

test('the nodes of dev end when dev is killed', async (t) => {
  const { dev, base } = await startDev(await temporary(t));
  await using program = dev;
  await program.prints(/The cluster is ready/);
  const pids = await nodePids(base);
  program.signal('SIGKILL');
  await allGone(pids);
});

test('dev starts nothing when a port is in use', async (t) => {
  const base = await freeRow(2 * NODES);
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen({ host: '127.0.0.1', port: base + 3 }, listening.resolve);
  await listening.promise;
  t.after(() => server.close());
  const data = join(await temporary(t), 'data');
  const { code, stderr } = await runProgram(['dev', '--data', data, '--http-base', String(base)]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^quorlite: Cannot start the cluster: port ${base + 3} .*in use`),
  );
});

test('serve leaves cleanly at SIGTERM, and refuses a directory that is in use', async (t) => {
  const directory = await temporary(t);
  const addresses = ['--http', '127.0.0.1:0', '--peer', '127.0.0.1:0'];
  await using first = new Program(['serve', '--data', directory, ...addresses]);
  const [, url = ''] = await first.prints(/^quorlite \S+ serves (http:\S+) \(peers on \S+, data/m);
  const second = await runProgram(['serve', '--data', directory, ...addresses]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^quorlite: Cannot .*\n$/);
  const taken = ['--http', url.replace('http://', ''), '--peer', '127.0.0.1:0'];
  const third = await runProgram(['serve', '--data', join(directory, 'other'), ...taken]);
  assert.equal(third.code, 1);
  assert.match(third.stderr, /^quorlite: Cannot listen for clients on 127\.0\.0\.1:\d+: .*\n$/);
  first.signal('SIGTERM');
  assert.equal((await first.ended()).code, 0);
});

test('serve ends at SIGTERM although a read does not', async (t) => {
  const directory = await temporary(t);
  const addresses = ['--http', '127.0.0.1:0', '--peer', '127.0.0.1:0'];
  await using node = new Program(['serve', '--data', directory, ...addresses]);
  const [, url = ''] = await node.prints(/^quorlite \S+ serves (http:\S+) \(peers on \S+, data/m);
  const endless =
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n';
  const query = new URLSearchParams({ level: 'none', timeout: '200ms', q: endless });
  const answer = await fetch(`${url}/db/query?${query.toString()}`);
  assert.match(await answer.text(), /time/);
  node.signal('SIGTERM');
  const { code, stderr } = await node.ended();
  assert.equal(code, null);
  assert.match(stderr, /A read does not end: this process kills itself/);
});

test('demo finds nothing lost', async () => {
  const { code, stdout } = await runProgram(['demo', '--seconds', '5', '--seed', '1']);
  assert.match(stdout, /^lost +0$/m);
  assert.match(stdout, /Nothing acknowledged was lost/);
  assert.equal(code, 0);
});
