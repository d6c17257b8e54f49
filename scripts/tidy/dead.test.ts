import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkDead } from './dead.ts';
import { makeRepository } from './repository.ts';

const dead = (files: Record<string, string>): string[] =>
  checkDead(makeRepository(files)).map(({ file }) => file);

test('checkDead() finds a file nobody imports, even when it names itself', () => {
  assert.deepEqual(dead({ 'src/raft/a.ts': "const me = './a.ts';" }), ['src/raft/a.ts']);
});

test('checkDead() finds a suite nobody runs', () => {
  assert.deepEqual(dead({ 'src/raft/a.suite.ts': '' }), ['src/raft/a.suite.ts']);
});

test('checkDead() leaves what is used: by files, tests, the simulator, as a worker', () => {
  const files = {
    'src/raft/a.ts': '',
    'src/raft/b.ts': '',
    'src/raft/c.ts': '',
    'src/sqlite/worker.ts': '',
    'src/raft/b.test.ts': "import './b.ts';",
    'sim/c.ts': "import '../src/raft/c.ts';",
    'src/cli/main.ts': "import '../raft/a.ts';\nnew URL('../sqlite/worker.js', import.meta.url);",
  };
  assert.deepEqual(dead(files), []);
});

test('checkDead() leaves entry points', () => {
  const manifest = { exports: { '.': './dist/index.js' } };
  const files = { 'package.json': JSON.stringify(manifest), 'src/index.ts': '' };
  assert.deepEqual(dead({ ...files, 'src/cli/main.ts': '' }), []);
});
