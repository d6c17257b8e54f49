import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkComments } from './comments.ts';
import { makeRepository } from './repository.ts';

const findings = (text: string, path = 'src/raft/a.ts'): string[] =>
  checkComments(makeRepository({ [path]: text })).map(({ line, message }) => `${line} ${message}`);

const DECLARATIONS = [
  'export function a(): void {}',
  'export async function* a() {}',
  'export abstract class a {}',
  'export default class a {}',
  'export interface a {}',
  'export type a = 1;',
  'export const a = 1;',
];

for (const declaration of DECLARATIONS) {
  test(`checkComments() wants one on ${declaration}`, () => {
    assert.match(findings(`\n${declaration}`).join(), /^2 a is exported without/);
    assert.deepEqual(findings(`/** What. */\n${declaration}`), []);
    assert.deepEqual(
      findings(`/**\n * What.\n */\n// oxlint-disable-next-line x\n${declaration}`),
      [],
    );
  });
}

test('checkComments() takes no other comment for one', () => {
  assert.equal(findings('// What.\nexport const a = 1;').length, 1);
  assert.equal(findings('/* What. */\nexport const a = 1;').length, 1);
  assert.equal(findings('/** What. */\n\nexport const a = 1;').length, 1);
  assert.equal(findings('/** a */\nexport const a = 1;\nexport const b = 1;').length, 1);
});

test('checkComments() wants one for all overloads', () => {
  const text = '/** What. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2;';
  assert.deepEqual(findings(text), []);
});

test('checkComments() leaves re-exports, tests and other folders', () => {
  assert.deepEqual(findings("export { a } from './b.ts';\nexport type { C } from './c.ts';"), []);
  assert.deepEqual(findings('const a = `\nexport const b = 1;\n`;'), []);
  assert.deepEqual(findings('export const a = 1;', 'src/raft/a.suite.ts'), []);
  assert.deepEqual(findings('export const a = 1;', 'sim/a.ts'), []);
});
