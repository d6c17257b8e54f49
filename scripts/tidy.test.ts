import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkAll, CHECKS } from './tidy/all.ts';
import { makeRepository } from './tidy/repository.ts';

const findings = (files: Record<string, string>): string[] =>
  checkAll(makeRepository(files)).map(({ file, line, message }) => `${file}:${line}: ${message}`);

/** For each check, a repository with exactly one fault of its kind. */
const FAULTS: Readonly<Record<string, Record<string, string>>> = {
  changelog: { 'CHANGELOG.md': '# Changes' },
  comments: { 'src/cli/main.ts': 'export const a = 1;' },
  dead: { 'src/raft/a.ts': '' },
  functions: { 'sim/a.ts': `function f() {\n${'a();\n'.repeat(70)}}` },
  imports: { 'src/cli/main.ts': "import '../raft/raft.ts';" },
  packages: { 'package.json': '{ "bin": { "a": "bin/a.js" } }' },
  places: { 'README.md': ['..', 'shared'].join('/') },
  sizes: { 'sim/a.ts': 'a;\n'.repeat(501) },
  words: { 'sim/a.ts': 'enum A {}' },
};

test('checkAll() runs every check', () => {
  assert.deepEqual(Object.keys(FAULTS), Object.keys(CHECKS));
  for (const [name, files] of Object.entries(FAULTS)) {
    assert.equal(findings(files).length, 1, `the check ${name} found no fault`);
  }
});

test('checkAll() orders what it finds by file and line', () => {
  const fault = 'enum A {}\nenum B {}\n';
  const places = findings({ 'sim/b.ts': fault, 'sim/a.ts': fault }).map((text) =>
    text.slice(0, 'sim/a.ts:1'.length),
  );
  assert.deepEqual(places, ['sim/a.ts:1', 'sim/a.ts:2', 'sim/b.ts:1', 'sim/b.ts:2']);
});

test('checkAll() allows an exception with a reason, on the line or above', () => {
  assert.deepEqual(findings({ 'sim/a.ts': 'enum A {} // tidy-allow words: the wire says so' }), []);
  assert.deepEqual(findings({ 'sim/a.ts': '// tidy-allow words: the wire\nenum A {}' }), []);
  assert.equal(findings({ 'sim/a.ts': '// tidy-allow words: the wire\n\nenum A {}' }).length, 2);
  assert.equal(findings({ 'sim/a.ts': '// tidy-allow sizes: the wire\nenum A {}' }).length, 2);
});

test('checkAll() refuses an exception without a reason or a fault', () => {
  assert.match(findings({ 'sim/a.ts': '// tidy-allow words\nenum A {}' }).join(), /needs a reason/);
  assert.match(findings({ 'sim/a.ts': '// tidy-allow words: a' }).join(), /allows nothing here/);
});
