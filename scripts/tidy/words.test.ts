import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeRepository } from './repository.ts';
import { checkWords } from './words.ts';

const findings = (text: string, path = 'src/raft/a.ts'): string[] =>
  checkWords(makeRepository({ [path]: text })).map(({ line, message }) => `${line} ${message}`);

const REFUSED: readonly (readonly [string, RegExp, string?])[] = [
  ['export enum Role { leader }', /no enum/],
  ['const enum Role {}', /no enum/],
  ['class A {\n  private b = 1;\n}', /no private/],
  ['class A {\n  public constructor() {}\n}', /no private/],
  ['class A {\n  protected async b() {}\n}', /no private/],
  ['let a: any;', /no any/],
  ['let a: Map<string, any>;', /no any/],
  ['let a = b as any;', /no any/],
  ['let a: string | any[];', /no any/],
  ['let a: () => any;', /no any/],
  ['console.log(1);', /no console/, 'src/db/a.ts'],
  ["test.only('a', f);", /no .only/, 'src/db/a.test.ts'],
  ["test('a', { only: true }, f);", /no .only/, 'src/db/a.test.ts'],
  ['await setTimeout(50);', /no sleep/, 'test/cluster/a.test.ts'],
  ['await timers.setTimeout(50);', /no sleep/, 'test/cluster/a.test.ts'],
  ['await sleep(50);', /no sleep/, 'src/db/a.suite.ts'],
  ['await new Promise((resolve) => setTimeout(resolve, 5));', /no sleep/, 'sim/a.test.ts'],
  ['// TODO later', /no note/],
  ['/* FIXME */', /no note/],
];

for (const [text, expected, path] of REFUSED) {
  test(`checkWords() refuses ${text.replaceAll(/\s+/g, ' ')}`, () => {
    const found = findings(text, path);
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', expected);
  });
}

const ALLOWED: readonly (readonly [string, string?])[] = [
  ['const enumerable = { private: true, public: any.thing(), any: 1 };'],
  ["const text = 'enum A { private b: any }'; // enum A {, private b: any"],
  ['/** any of these, or any */ let anyone: string; if (a) any();'],
  ['console.log(1);', 'src/cli/main.ts'],
  ['console.log(1);', 'bench/write.ts'],
  ['await setTimeout(50);', 'src/db/a.ts'],
  ['list.only(1);', 'src/db/a.ts'],
  ['setTimeout(() => fail(), 50);', 'src/db/a.test.ts'],
];

for (const [text, path] of ALLOWED) {
  test(`checkWords() allows ${text} in ${path ?? 'src/raft/a.ts'}`, () => {
    assert.deepEqual(findings(text, path), []);
  });
}

test('checkWords() names the line of the word', () => {
  assert.match(findings('a;\n\n  private b = 1;').join(), /^3 /);
});
