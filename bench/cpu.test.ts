import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseCpuMicroseconds } from './cpu.ts';

test('parseCpuMicroseconds() adds user and system time, whatever the process is called', () => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 11 0 123';
  assert.equal(parseCpuMicroseconds(stat), 3_000_000);
});

test('parseCpuMicroseconds() is null when the text is something else', () => {
  assert.equal(parseCpuMicroseconds('nothing'), null);
});
