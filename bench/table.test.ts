import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatMs, formatRate, formatTable } from './table.ts';

test('formatTable() makes columns as wide as their widest cell', () => {
  const table = formatTable(
    ['row', '/s'],
    [
      ['insert', '1'],
      ['x', '37.9k'],
    ],
  );
  assert.deepEqual(table.split('\n'), [
    '| row    |    /s |',
    '| ------ | ----: |',
    '| insert |     1 |',
    '| x      | 37.9k |',
  ]);
});

test('formatRate() keeps three digits that matter', () => {
  const rates = [0, 812.6, 9209.6, 10_000, 37_912, 568_400, 999_700, 2_541_000, null];
  assert.deepEqual(rates.map(formatRate), [
    '0',
    '813',
    '9,210',
    '10.0k',
    '37.9k',
    '568k',
    '1.00M',
    '2.54M',
    '-',
  ]);
});

test('formatMs() shows microseconds where they matter', () => {
  assert.deepEqual([0.2554, 1.5, 27.04, null].map(formatMs), ['0.255', '1.50', '27.0', '-']);
});
