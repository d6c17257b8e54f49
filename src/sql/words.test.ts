import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dequote, foldAscii, foldName } from './words.ts';

test('foldAscii() folds A to Z only when other letters have a lower case too', () => {
  assert.equal(foldAscii('SeLeCT'), 'select');
  // The Kelvin sign and the dotted capital I have ASCII letters as their lower case.
  assert.equal(foldAscii('ROLLBAC\u212A'), 'rollbac\u212A');
  assert.equal(foldAscii('\u0130ÄB'), '\u0130Äb');
});

test('dequote() gives what a token stands for when it is quoted in any of four ways', () => {
  assert.equal(dequote(`"a""b"`), 'a"b');
  assert.equal(dequote(`'it''s'`), "it's");
  assert.equal(dequote('`a``b`'), 'a`b');
  assert.equal(dequote('[a"b]'), 'a"b');
  assert.equal(dequote('plain'), 'plain');
  assert.equal(dequote(`''`), '');
});

test('foldName() gives one form when a name is written in several ways', () => {
  for (const token of ['Main', '"main"', '[MAIN]', '`mAin`', `'main'`])
    assert.equal(foldName(token), 'main');
});
