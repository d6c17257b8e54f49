import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_COUNTS, addCounts, closingLines } from './counts.ts';

test('closingLines() reads like node:test over the sum of several runs', () => {
  const one = { tests: 3, suites: 1, passed: 1, failed: 1, cancelled: 0, skipped: 1, todo: 0 };
  const two = { tests: 4, suites: 2, passed: 1, failed: 0, cancelled: 2, skipped: 0, todo: 1 };
  const sum = addCounts(addCounts(NO_COUNTS, one), two);
  assert.equal(
    closingLines(sum, 12.34567),
    'ℹ tests 7\nℹ suites 3\nℹ pass 2\nℹ fail 1\nℹ cancelled 2\nℹ skipped 1\nℹ todo 1\n' +
      'ℹ duration_ms 12.346',
  );
});
