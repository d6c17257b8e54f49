import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { VERSION } from './version.ts';

test('VERSION is the one of package.json', async () => {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  assert.equal((JSON.parse(manifest) as { version: string }).version, VERSION);
});
