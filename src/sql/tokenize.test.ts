import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { below, Sfc32 } from '../base/prng.ts';
import { TokenCursor } from './tokenize.ts';

/** `kind:text` of every token that means something. */
function describe(sql: string): string[] {
  const cursor = new TokenCursor(sql);
  const found: string[] = [];
  while (cursor.nextSignificant() !== 'end') found.push(`${cursor.kind}:${cursor.text}`);
  return found;
}

function firstIllegal(sql: string): string | null {
  const cursor = new TokenCursor(sql);
  while (cursor.next() !== 'end') if (cursor.kind === 'illegal') return cursor.text;
  return null;
}

test('TokenCursor gives each kind of token when it meets one', () => {
  const cases: [sql: string, tokens: string[]][] = [
    ['select a_1$ é', ['word:select', 'word:a_1$', 'word:é']],
    [`'it''s' 'a`, [`string:'it''s'`, `illegal:'a`]],
    ['"a""b" [c]]', ['name:"a""b"', 'name:[c]', 'illegal:]']],
    ['`a``b`', ['name:`a``b`']],
    ['[a;', ['illegal:[a;']],
    [`x'0aF' X'' x'0' x'0g'`, [`illegal:x'0aF'`, `blob:X''`, `illegal:x'0'`, `illegal:x'0g'`]],
    ['xa x', ['word:xa', 'word:x']],
    ['1 1.5 .5 5. 1e5 1E-5 0x1F', tokensOf('number', '1 1.5 .5 5. 1e5 1E-5 0x1F')],
    ['1_000 0x1_f 1e1_0', tokensOf('number', '1_000 0x1_f 1e1_0')],
    ['1__0 1_ 1a 0x 1e1_', tokensOf('illegal', '1__0 1_ 1a 0x 1e1_')],
    ['1._5', ['illegal:1._5']],
    ['1.5.2', ['number:1.5', 'number:.2']],
    ['? ?12 :a @b $c #d', tokensOf('parameter', '? ?12 :a @b $c #d')],
    ['$a::b(c;d) :1 $a(b', ['parameter:$a::b(c;d)', 'parameter::1', 'illegal:$a(b']],
    [': $ @(', ['illegal::', 'illegal:$', 'illegal:@', 'operator:(']],
    ['a->b->>c', ['word:a', 'operator:->', 'word:b', 'operator:->>', 'word:c']],
    ['= == < <= <> << > >= >> !=', tokensOf('operator', '= == < <= <> << > >= >> !=')],
    ['| || + - * / % & ~ , . ; ( )', tokensOf('operator', '| || + - * / % & ~ , . ; ( )')],
    ['! ^ { } \\', tokensOf('illegal', '! ^ { } \\')],
    ['a -- b\nc /* d */ e /*/ f', ['word:a', 'word:c', 'word:e']],
    ['a /*', ['word:a', 'operator:/', 'operator:*']],
    ['\uFEFFa \vb', ['word:a', 'word:b']],
    ['\vb', ['illegal:\v', 'word:b']],
  ];
  for (const [sql, tokens] of cases) assert.deepEqual(describe(sql), tokens, sql);
});

function tokensOf(kind: string, text: string): string[] {
  return text.split(' ').map((token) => `${kind}:${token}`);
}

test('next() covers the text without gaps or overlaps when the text is anything', () => {
  const characters = fc.constantFrom(
    ...`'"[]\`x0_.eE+-/*a$:@#?()\v\n; <>=!|&~%,^é`.split(''),
    '\uFEFF',
    '\0',
  );
  const texts = fc.oneof(fc.string({ unit: characters }), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(texts, (sql) => {
      const cursor = new TokenCursor(sql);
      let at = 0;
      while (cursor.next() !== 'end') {
        assert.equal(cursor.start, at);
        assert.ok(cursor.end > cursor.start);
        at = cursor.end;
      }
      assert.equal(at, sql.length);
    }),
    { seed: 1 },
  );
});

test('TokenCursor finds the illegal token that SQLite finds when tokens are random', () => {
  const pieces =
    `' '' " "" [ ] \` x X x' X'0 0 00 1 . .. e E e+ e1 + - -- / /* */ * a b é $ : :: @ # ? ?1 ` +
    '$a( ) < > = ! | & % , ^ { \\';
  const alphabet = [...pieces.split(' '), ' ', '\n', '\v', '\t', '\f', '\r', '\uFEFF', '\u0001'];
  let compared = 0;
  for (const text of randomTexts(alphabet)) {
    // A module's arguments may be any tokens, so there SQLite complains of nothing but bad ones.
    const sql = `create virtual table t using missing(${text}\n)`;
    const message = prepareError(sql);
    const bad = unrecognized(message);
    if (bad === null && !message.startsWith('no such module')) continue;
    assert.equal(firstIllegal(sql), bad, JSON.stringify(sql));
    compared++;
  }
  assert.ok(compared > 12_000, `only ${compared} texts could be compared`);
});

test('TokenCursor finds an illegal number when SQLite finds one among random digits', () => {
  let compared = 0;
  for (const text of randomTexts('00x11__.eE+-aF'.split(''))) {
    // Separators between digits are checked only where a number has a value.
    const sql = `select 1${text}`;
    const message = prepareError(sql);
    const bad = unrecognized(message);
    if (bad === null && message !== '') continue;
    // Which one cannot be compared: SQLite names another one, or half of one, in some cases.
    assert.equal(firstIllegal(sql) !== null, bad !== null, JSON.stringify(sql));
    compared++;
  }
  assert.ok(compared > 12_000, `only ${compared} texts could be compared`);
});

function* randomTexts(alphabet: readonly string[]): Generator<string> {
  const random = new Sfc32(4711, alphabet.length);
  for (let round = 0; round < 20_000; round++) {
    let text = '';
    for (let left = 1 + below(random, 7); left > 0; left--)
      text += alphabet[below(random, alphabet.length)] ?? '';
    yield text;
  }
}

function unrecognized(message: string): string | null {
  return message.startsWith('unrecognized token: "') ? message.slice(21, -1) : null;
}

const database = new DatabaseSync(':memory:');

function prepareError(sql: string): string {
  try {
    database.prepare(sql);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
