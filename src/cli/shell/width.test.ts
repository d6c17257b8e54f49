import assert from 'node:assert/strict';
import { test } from 'node:test';

import { displayWidth, pad } from './width.ts';

test('displayWidth() counts terminal columns', () => {
  const widths: readonly (readonly [string, number])[] = [
    ['', 0],
    ['Oslo', 4],
    ['Ålesund', 7],
    ['A\u030alesund', 7],
    ['東京', 4],
    ['서울', 4],
    ['ＡＢ', 4],
    ['😀', 2],
    ['👨‍👩‍👧', 2],
    ['🇳🇴', 2],
    ['❤️', 2],
    ['a\u200bb', 2],
    ['Żółć', 4],
    ['שלום', 4],
  ];
  for (const [text, width] of widths) assert.equal(displayWidth(text), width, text);
});

test('pad() fills up to a width in columns', () => {
  assert.equal(pad('東', 4, 'left'), '東  ');
  assert.equal(pad('7', 3, 'right'), '  7');
  assert.equal(pad('longer', 3, 'left'), 'longer');
});
