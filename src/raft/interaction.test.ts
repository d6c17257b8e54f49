import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { runScript } from './testing/script.suite.ts';

// Each script is a conversation: a command, `----`, and exactly what the cores ask for. Run with
// REWRITE=1 to write down what they ask for now, and commit that only when you know why it changed.

const FOLDER = new URL('testdata/', import.meta.url);

for (const name of readdirSync(FOLDER).sort()) {
  if (!name.endsWith('.txt')) continue;
  test(`conversation: ${name.replace('.txt', '')}`, () => {
    const path = new URL(name, FOLDER);
    const script = readFileSync(path, 'utf8');
    const seen = runScript(script);
    if (process.env['REWRITE'] === '1') writeFileSync(path, seen);
    else assert.equal(seen, script);
  });
}
