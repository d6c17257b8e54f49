import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { splitStatements, type ScriptStatement } from './split.ts';
import { type Pending, StatementSplitter } from './splitter.ts';

/** Splits a script that arrives in the given pieces. */
function splitPieces(pieces: readonly string[]): ScriptStatement[] {
  const splitter = new StatementSplitter();
  const statements = pieces.flatMap((piece) => splitter.push(piece));
  const last = splitter.finish();
  return last === null ? statements : [...statements, last];
}

test('push() gives the same statements when a script is cut anywhere', () => {
  const words =
    `create trigger temp temporary end explain select CREATE ; ; ; ' '' " [ ] \` -- - / /* */ * ` +
    '\n a::b $a( ) $a :: : @ ( x 1 é';
  const tokens = [...words.split(' '), ' ', '\n', '\v', '\uFEFF', 'a_word_longer_than_any_signal'];
  const scripts = fc.array(fc.constantFrom(...tokens), { maxLength: 30 });
  const spaces = fc.constantFrom('', ' ');
  const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 60 });
  fc.assert(
    fc.property(scripts, spaces, cuts, (list, space, positions) => {
      const script = list.join(space);
      const borders = [...new Set([0, ...positions, script.length])].sort((a, b) => a - b);
      const pieces = borders.map((at, order) => script.slice(at, borders[order + 1]));
      assert.deepEqual(splitPieces(pieces), splitStatements(script));
      assert.deepEqual(splitPieces(script.split('')), splitStatements(script));
    }),
    { seed: 2, numRuns: 3_000 },
  );
});

test('push() gives a statement as soon as its semicolon comes when it came in pieces', () => {
  const splitter = new StatementSplitter();
  assert.deepEqual(splitter.push('select 1;sel'), [{ text: 'select 1;', start: 0, end: 9 }]);
  assert.deepEqual(splitter.push("ect '"), []);
  assert.deepEqual(splitter.push(";'"), []);
  assert.equal(splitter.bufferedLength, 10);
  assert.deepEqual(splitter.push('; '), [{ text: "select ';';", start: 9, end: 20 }]);
  assert.equal(splitter.bufferedLength, 0);
  assert.equal(splitter.finish(), null);
});

test('pending() says what is missing when the text stops in the middle', () => {
  const cases: [text: string, pending: Pending | null][] = [
    ['', null],
    ['select 1;\n', null],
    ['-- note\n', null],
    ['select 1\n', 'statement'],
    ["select 'a", 'string'],
    ['select "a', 'name'],
    ['select [a', 'name'],
    ['/* a', 'comment'],
    ['select 1 /* ;', 'comment'],
    ['create trigger a after insert on t begin select 1;\n', 'trigger'],
    ['create trigger a after insert on t begin select 1; end', 'trigger'],
    ['create trigger a after insert on t begin select 1; end;', null],
  ];
  for (const [text, pending] of cases) {
    const splitter = new StatementSplitter();
    splitter.push(text);
    assert.equal(splitter.pending(), pending, text);
  }
});

test('reset() forgets the buffered statement when the user gives it up', () => {
  const splitter = new StatementSplitter();
  splitter.push("select 'a");
  splitter.reset();
  assert.equal(splitter.pending(), null);
  assert.deepEqual(splitter.push('select 1;'), [{ text: 'select 1;', start: 0, end: 9 }]);
});

test('push() takes time in proportion when a megabyte comes in small pieces', () => {
  const splitter = new StatementSplitter();
  const piece = "it''s;  ";
  let count = splitter.push("select '").length;
  for (let sent = 0; sent < 1_048_576; sent += piece.length) count += splitter.push(piece).length;
  count += splitter.push("';").length;
  // Scanning or copying the buffer for every piece would take minutes and meet the runner's limit.
  assert.equal(count, 1);
});
