import assert from 'node:assert/strict';
import { test } from 'node:test';

import { foundersOf } from './founding.ts';

test('foundersOf() is the same on every founder, in any order, listing itself or not', () => {
  const join = ['b:1', 'a:1', 'c:1'];
  assert.equal(foundersOf({ self: 'b:1', join, expect: 3 }), 'a:1,b:1,c:1');
  assert.equal(foundersOf({ self: 'c:1', join: ['a:1', 'b:1'], expect: 3 }), 'a:1,b:1,c:1');
  assert.equal(foundersOf({ self: 'a:1', join: [], expect: 1 }), 'a:1');
});

test('foundersOf() is empty for a node that joins', () => {
  assert.equal(foundersOf({ self: 'd:1', join: ['a:1'], expect: 0 }), '');
});

test('foundersOf() refuses fewer founders than are listed, and more, and names them', () => {
  const join = ['a:1', 'b:1', 'c:1', 'd:1'];
  const refused = { code: 'configuration', message: /name 4 \(a:1, b:1, c:1, d:1\)/ };
  assert.throws(() => foundersOf({ self: 'a:1', join, expect: 2 }), refused);
  assert.throws(() => foundersOf({ self: 'a:1', join, expect: 5 }), refused);
  assert.throws(() => foundersOf({ self: 'x:1', join, expect: 4 }), /name 5/);
});
