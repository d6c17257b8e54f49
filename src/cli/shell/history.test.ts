import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { openHistoryFile } from './history.ts';

test('openHistoryFile() keeps lines in a file that only the owner reads', (t) => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'quorlite-history-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'state', 'history');
  const first = openHistoryFile(file);
  first.add('SELECT 1;');
  first.add('  ');
  first.add('SELECT 2;');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(openHistoryFile(file).lines, ['SELECT 2;', 'SELECT 1;']);
  assert.equal(readFileSync(file, 'utf8'), 'SELECT 1;\nSELECT 2;\n');
});

test('openHistoryFile() works without a file when there can be none', () => {
  const history = openHistoryFile(path.join(process.execPath, 'history'));
  history.add('SELECT 1;');
  assert.deepEqual(history.lines, []);
});
