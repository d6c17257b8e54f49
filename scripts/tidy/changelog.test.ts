import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkChangelog } from './changelog.ts';
import { makeRepository } from './repository.ts';

const GOOD = `# Changelog

What changed for people who run it.

## 0.2.0 (unreleased)

### Features

- \`open()\` does this,
  and that.

## 0.1.0 (2026-11-21)

### Safety and performance

- A write is durable.

### Internals

- One room less.
`;

const findings = (text: string): string[] =>
  checkChangelog(makeRepository({ 'CHANGELOG.md': text })).map(
    ({ line, message }) => `${line} ${message}`,
  );

test('checkChangelog() is content with the form, and with none at all', () => {
  assert.deepEqual(findings(GOOD), []);
  assert.deepEqual(checkChangelog(makeRepository({})), []);
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['# Changelog', '# Changes', /^1 begin with/],
  ['## 0.2.0 (unreleased)', '## Version 0.2', /^5 write a release/],
  ['## 0.1.0 (2026-11-21)', '## 0.1.0 (yesterday)', /^12 write a release/],
  ['### Features', '### Added', /^7 the sections are/],
  ['### Internals', '### Safety and performance', /^18 keep each section once/],
  ['- One room less.', 'One room less.', /^20 write one item per change/],
  ['### Features', '', /^9 put an item into a section/],
  ['What changed', '### Features\n\nWhat changed', /^3 put a section into a release/],
];

for (const [good, bad, expected] of REFUSED) {
  test(`checkChangelog() refuses ${JSON.stringify(bad)} for ${JSON.stringify(good)}`, () => {
    assert.match(findings(GOOD.replace(good, bad))[0] ?? '', expected);
  });
}
