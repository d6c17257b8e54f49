import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeRepository } from './repository.ts';
import { checkSizes } from './sizes.ts';

const count = (path: string, text: string): number =>
  checkSizes(makeRepository({ [path]: text })).length;

test('checkSizes() allows 500 lines, and 900 in a test', () => {
  assert.equal(count('src/raft/a.ts', 'a;\n'.repeat(500)), 0);
  assert.equal(count('src/raft/a.ts', 'a;\n'.repeat(501)), 1);
  assert.equal(count('src/raft/a.test.ts', 'a;\n'.repeat(900)), 0);
  assert.equal(count('src/raft/a.suite.ts', 'a;\n'.repeat(901)), 1);
});

test('checkSizes() allows 100 columns, and any number around a link', () => {
  assert.equal(count('a.ts', `// ${'x'.repeat(97)}`), 0);
  assert.equal(count('a.ts', `// ${'x'.repeat(98)}`), 1);
  assert.equal(count('a.ts', `// https://example.org/${'x'.repeat(98)}`), 0);
});

test('checkSizes() names the line', () => {
  const [finding] = checkSizes(makeRepository({ 'a.ts': `\n${'x'.repeat(120)}` }));
  assert.deepEqual(finding, {
    file: 'a.ts',
    line: 2,
    message: '120 columns are more than 100: break the line',
  });
});
