import assert from 'node:assert/strict';
import { test } from 'node:test';

import { planTests } from './plan.ts';

const FILES = [
  'bench/write.test.ts',
  'scripts/tidy.test.ts',
  'sim/disk.test.ts',
  'src/raft/raft.test.ts',
  'src/raft/raft.ts',
  'src/storage/disk.suite.ts',
  'test/cluster/kill.test.ts',
];

const list = (path: string): string[] =>
  FILES.filter((file) => file === path || file.startsWith(`${path}/`));

test('planTests() separates units from integration tests', () => {
  assert.deepEqual(planTests([], list), {
    units: ['src/raft/raft.test.ts', 'sim/disk.test.ts', 'scripts/tidy.test.ts'],
    integration: ['test/cluster/kill.test.ts'],
    flags: [],
  });
});

test('planTests() keeps to the paths it is given and passes flags on', () => {
  const plan = planTests(['./src/raft/', '--test-only', 'src', 'nowhere'], list);
  assert.deepEqual(plan, {
    units: ['src/raft/raft.test.ts'],
    integration: [],
    flags: ['--test-only'],
  });
});
