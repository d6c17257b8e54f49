import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkFunctions, findBodies } from './functions.ts';
import { mask } from './mask.ts';
import { makeRepository } from './repository.ts';

const lines = (count: number): string => 'work();\n'.repeat(count);
const count = (text: string): number => checkFunctions(makeRepository({ 'src/a.ts': text })).length;
const bodies = (text: string): string[] => {
  const { code } = mask(text);
  return findBodies(code).map(({ open, close }) => text.slice(open, close + 1));
};

test('checkFunctions() allows 70 lines with the braces', () => {
  assert.equal(count(`function f() {\n${lines(68)}}`), 0);
  assert.equal(count(`function f() {\n${lines(69)}}`), 1);
});

test('checkFunctions() names the line and the size', () => {
  const repository = makeRepository({ 'src/a.ts': `\n\nfunction f() {\n${lines(70)}}` });
  const [finding] = checkFunctions(repository);
  assert.equal(finding?.line, 3);
  assert.match(finding?.message ?? '', /^72 lines in one function are more than 70/);
});

test('checkFunctions() allows a long dispatch, but no long function with a switch in it', () => {
  const dispatch = `switch (message.kind) {\n${lines(90)}}\n`;
  assert.equal(count(`function f() {\n${lines(10)}${dispatch}}`), 0);
  assert.equal(count(`function f() {\n${lines(20)}${dispatch}}`), 1);
});

test('checkFunctions() allows a long describe, but no long test', () => {
  assert.equal(count(`describe('it', () => {\n${lines(90)}});`), 0);
  assert.equal(count(`test('it', () => {\n${lines(90)}});`), 1);
});

test('findBodies() finds every form of function', () => {
  assert.deepEqual(bodies('function f(a) { 1 }'), ['{ 1 }']);
  assert.deepEqual(bodies('async function* f<T>(a: T): AsyncGenerator<T, void> { 1 }'), ['{ 1 }']);
  assert.deepEqual(bodies('const f = (a) => { 1 };'), ['{ 1 }']);
  assert.deepEqual(bodies('const f = (a): { b: 1 } => { 1 };'), ['{ 1 }']);
  assert.deepEqual(bodies('class C { #m(a: { b: 1 }): { c: 1 } | D { 1 } }'), ['{ 1 }']);
  assert.deepEqual(bodies('class C { get m(): Map<string, { a: 1 }> { 1 } }'), ['{ 1 }']);
  assert.deepEqual(bodies('function f(a): asserts a is B { 1 }'), ['{ 1 }']);
});

test('findBodies() takes nothing else for a function', () => {
  assert.deepEqual(bodies('if (a) { 1 } else if (b) { 2 } for (;;) { 3 } while (c) { 4 }'), []);
  assert.deepEqual(bodies('switch (a) { case f(b): { 1 } }'), []);
  assert.deepEqual(bodies('try { 1 } catch (e) { 2 } for await (const a of b) { 3 }'), []);
  assert.deepEqual(bodies('const a = b ? f(c) : { d: 1 };'), []);
  assert.deepEqual(bodies('interface I { m(a: A): { b: 1 }; n(): B; o: { p: 1 } }'), []);
});
