import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { indentJson } from './indent.ts';

test('indentJson() writes what JSON.stringify() writes with four spaces', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(indentJson(JSON.stringify(value)), JSON.stringify(value, null, 4));
    }),
  );
});

test('indentJson() copies numbers and strings as they are', () => {
  assert.equal(
    indentJson('[9007199254740993,-0,1e+21]'),
    '[\n    9007199254740993,\n    -0,\n    1e+21\n]',
  );
  assert.equal(
    indentJson(String.raw`{"a\"{":"\\"}`),
    String.raw`{` + '\n    ' + String.raw`"a\"{": "\\"` + '\n}',
  );
});

test('indentJson() keeps empty arrays and objects on their line', () => {
  assert.equal(indentJson('[]'), '[]');
  assert.equal(indentJson('{"a":{},"b":[]}'), '{\n    "a": {},\n    "b": []\n}');
});

test('indentJson() goes as deep as the text does', () => {
  const deep = indentJson('['.repeat(500) + '1' + ']'.repeat(500));
  assert.ok(deep.startsWith('[\n    [\n        [\n'));
  assert.equal(deep.split('\n').length, 1_001);
});
