import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SQL_TEXT_LENGTH_MAX } from './limits.ts';
import { validateText } from './validate.ts';

test('validateText() refuses a NUL character when SQLite would stop reading there', () => {
  const refusal = validateText('select 1\0; drop table t');
  assert.equal(refusal?.ok, false);
  assert.match(refusal?.message ?? '', /NUL character \(at 8\)/);
});

test('validateText() refuses a text when it is longer than the limit', () => {
  const longest = 'select 1'.padEnd(SQL_TEXT_LENGTH_MAX);
  assert.equal(validateText(longest), null);
  assert.match(
    validateText(`${longest} `)?.message ?? '',
    /16777217 characters: the limit is 16777216/,
  );
  assert.match(validateText('select 1', 7)?.message ?? '', /the limit is 7/);
});

test('validateText() leaves a text to SQLite when it is merely wrong', () => {
  for (const sql of ['', 'garbage', "select '\uD800'", 'select \u0001'])
    assert.equal(validateText(sql), null);
});
