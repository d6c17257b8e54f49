import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nearest } from './nearest.ts';

test('nearest() finds what was meant, and nothing when it is far from all', () => {
  const names = ['http', 'heartbeat', 'election-timeout', 'join', '.tables'];
  assert.equal(nearest('hearbeat', names), 'heartbeat');
  assert.equal(nearest('heartbaet', names), 'heartbeat');
  assert.equal(nearest('htpp', names), 'http');
  assert.equal(nearest('electionTimeout', names), 'election-timeout');
  assert.equal(nearest('.table', names), '.tables');
  assert.equal(nearest('replicas', names), null);
  assert.equal(nearest('x', names), null);
});
