import assert from 'node:assert/strict';
import { test } from 'node:test';

import { linesOf } from './lines.ts';
import { ScriptReader } from './script.ts';

const SCRIPT = [
  '-- cities',
  'CREATE TABLE city (',
  '  name TEXT -- not null; really',
  ');',
  '',
  "INSERT INTO city VALUES ('a;b",
  "c'); SELECT 1; SELECT",
  '  2;',
  'SELECT 3',
].join('\n');

const LINES = [2, 6, 7, 7, 9];

async function collect(pieces: readonly string[]): Promise<readonly number[]> {
  const reader = new ScriptReader();
  const lines: number[] = [];
  for await (const line of linesOf(pieces)) {
    lines.push(...reader.push(line).map((statement) => statement.line));
  }
  const last = reader.finish();
  return last === null ? lines : [...lines, last.line];
}

test('ScriptReader knows the line that every statement begins on', async () => {
  assert.deepEqual(await collect([SCRIPT]), LINES);
});

test('ScriptReader gives the same for any cut of the text', async () => {
  for (let cut = 0; cut <= SCRIPT.length; cut++) {
    assert.deepEqual(await collect([SCRIPT.slice(0, cut), SCRIPT.slice(cut)]), LINES);
  }
  assert.deepEqual(await collect(SCRIPT.split('')), LINES);
});

test('ScriptReader keeps carriage returns inside strings', () => {
  const [statement] = new ScriptReader().push("INSERT INTO a VALUES ('x\r\ny');\r\n");
  assert.equal(statement?.sql, "INSERT INTO a VALUES ('x\r\ny');");
});

test('linesOf() gives lines with their breaks, and the rest without', async () => {
  const lines: string[] = [];
  for await (const line of linesOf(['a\nb', 'c\n', '\n', 'd'])) lines.push(line);
  assert.deepEqual(lines, ['a\n', 'bc\n', '\n', 'd']);
});
