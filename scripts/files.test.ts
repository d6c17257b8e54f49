import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { listFiles } from './files.ts';

test('listFiles() finds files in order and skips what nobody wrote', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'quorlite-files-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const folder of ['b/c', 'node_modules/x', 'dist']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const file of ['z.ts', 'b/c/a.ts', 'b/b.ts', 'node_modules/x/i.js', 'dist/o.js']) {
    writeFileSync(join(root, file), '');
  }
  assert.deepEqual(listFiles(root), ['b/b.ts', 'b/c/a.ts', 'z.ts']);
  assert.deepEqual(listFiles(root, 'b'), ['b/b.ts', 'b/c/a.ts']);
  assert.deepEqual(listFiles(root, 'z.ts'), ['z.ts']);
  assert.deepEqual(listFiles(root, 'missing'), []);
});
