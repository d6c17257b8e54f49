import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkPlaces } from './places.ts';
import { makeRepository } from './repository.ts';

const count = (text: string, path = 'README.md'): number =>
  checkPlaces(makeRepository({ [path]: text })).length;

// Each with a bar that is taken out, so that this file passes the check it tests.
const REFUSED = [
  'see /|work/main/src',
  '/|root/.npmrc',
  '/|home/ada/db',
  '../|shared/DESIGN.md',
  'in ../|shared',
  'research/|protocol.md 1.3',
  'https:|//registry.npmjs.org/x',
  'http:|//me@npm.registry.example:4873/',
  'https:|//artifactory.example/x',
].map((text) => text.replace('|', ''));

for (const text of REFUSED) {
  test(`checkPlaces() refuses ${text}`, () => {
    assert.equal(count(text), 1);
    assert.equal(count(`\n# ${text}`, '.github/workflows/ci.yml'), 1);
  });
}

test('checkPlaces() allows what looks alike', () => {
  for (const text of [
    "import '../shared.ts';",
    'https://www.npmjs.com/package/quorlite',
    'teamwork/play and a workaround',
    '/home and /var/lib/quorlite',
    'research and development',
  ]) {
    assert.equal(count(text), 0, text);
  }
});
