import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Progress } from './progress.ts';

function record(isTTY: boolean): { readonly written: string[]; readonly progress: Progress } {
  const written: string[] = [];
  const output = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  return { written, progress: new Progress(output, 1000) };
}

test('Progress draws a bar on a terminal and takes it away', () => {
  const { written, progress } = record(true);
  progress.update({ bytes: 500, statements: 7 });
  progress.finish(9);
  assert.equal(written[0], `\r\x1b[K${'#'.repeat(20)}${'.'.repeat(20)}  50 % 7 statements`);
  assert.equal(written[1], '\r\x1b[K');
  assert.match(written[2] ?? '', /^9 statements in \d+\.\d\d s\n$/);
});

test('Progress writes one plain line when nobody watches', () => {
  const { written, progress } = record(false);
  progress.update({ bytes: 500, statements: 7 });
  progress.finish(1);
  assert.equal(written.length, 1);
  assert.match(written[0] ?? '', /^1 statement in/);
});
