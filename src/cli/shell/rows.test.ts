import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatRows, type RowSet } from './rows.ts';

const cities: RowSet = {
  columns: ['id', 'name', 'flag'],
  rows: [
    [1n, 'Oslo', null],
    [9007199254740993n, '東京', new Uint8Array([0xca, 0xfe])],
    [2.5, '', true],
  ],
};

test('formatRows() draws a table with numbers to the right', () => {
  assert.equal(
    formatRows(cities, 'table'),
    [
      '+------------------+------+---------+',
      '| id               | name | flag    |',
      '+------------------+------+---------+',
      '|                1 | Oslo | NULL    |',
      "| 9007199254740993 | 東京 | x'cafe' |",
      '|              2.5 |      | true    |',
      '+------------------+------+---------+',
      '',
    ].join('\n'),
  );
});

test('formatRows() draws the columns of a table without rows', () => {
  const expected = '+---+\n| a |\n+---+\n';
  assert.equal(formatRows({ columns: ['a'], rows: [] }, 'table'), expected);
  assert.equal(formatRows({ columns: [], rows: [] }, 'table'), '');
});

test('formatRows() writes CSV that tells NULL from an empty text', () => {
  const rows: RowSet = {
    columns: ['a', 'b,c'],
    rows: [
      [null, ''],
      ['x"y', 'two\nlines'],
    ],
  };
  assert.equal(formatRows(rows, 'csv'), 'a,"b,c"\n,""\n"x""y","two\nlines"\n');
});

test('formatRows() writes JSON that keeps large integers', () => {
  assert.deepEqual(formatRows(cities, 'json').split('\n'), [
    '[{"id":1,"name":"Oslo","flag":null},',
    `{"id":9007199254740993,"name":"東京","flag":"x'cafe'"},`,
    '{"id":2.5,"name":"","flag":true}]',
    '',
  ]);
  assert.equal(formatRows({ columns: ['a'], rows: [] }, 'json'), '[]\n');
});

test('formatRows() writes a line for every value', () => {
  const rows: RowSet = {
    columns: ['id', 'name'],
    rows: [
      [1n, 'Oslo'],
      [2n, null],
    ],
  };
  const expected = '  id = 1\nname = Oslo\n\n  id = 2\nname = NULL\n';
  assert.equal(formatRows(rows, 'line'), expected);
});

test('formatRows() lets no data drive the terminal', () => {
  const rows: RowSet = { columns: ['a'], rows: [['\x1b[2J\n\t\x9b']] };
  assert.match(formatRows(rows, 'table'), /\\x1b\[2J\\n\\t\\x9b/);
  assert.equal(formatRows(rows, 'line'), 'a = \\x1b[2J\n\t\\x9b\n');
});
