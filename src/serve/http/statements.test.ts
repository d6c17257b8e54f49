import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Value } from '../../command/command.ts';
import { STATEMENTS_MAX, parseStatements } from './statements.ts';

function values(parameters: string): readonly Value[] {
  const { statements, error } = parseStatements(`[["x",${parameters}]]`);
  assert.equal(error, undefined);
  return statements?.[0]?.positional ?? [];
}

/** What a number means by its text alone: the rule, without any fast path. */
function meaning(source: string): Value {
  if (!/^-?\d+$/.test(source)) return Number(source);
  const integer = BigInt(source);
  return BigInt.asIntN(64, integer) === integer ? integer : Number(source);
}

test('parseStatements() keeps int64 exact and everything else REAL', () => {
  const digits = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String);
  const fraction = fc.oneof(
    fc.constantFrom(
      '.0',
      '.000',
      '.5',
      '.999999999',
      '.00000000000000000001',
      '.99999999999999999',
    ),
    fc.nat().map((n) => `.${n}`),
  );
  const exponent = fc.constantFrom('e0', 'E+2', 'e-3', 'e10');
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(digits, fc.nat(1_000).map(String)),
      fc.option(fraction, { nil: '' }),
      fc.option(exponent, { nil: '', freq: 5 }),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 4 }), (sources) => {
      assert.deepEqual(values(sources.join(' , ')), sources.map(meaning), sources.join());
      // The same as named parameters.
      const members = sources.map((source, at) => `"p${at}":${source}`).join(',');
      const { statements } = parseStatements(`[["x",{${members}}]]`);
      assert.deepEqual(
        statements?.[0]?.named.map(([, value]) => value),
        sources.map(meaning),
      );
    }),
    { numRuns: 500 },
  );
});

test('parseStatements() tells REAL from INTEGER where a fraction rounds to a whole number', () => {
  assert.deepEqual(values('4503599627370497.25,3'), [4503599627370497, 3n]);
  assert.deepEqual(values('0.99999999999999999999,1'), [1, 1n]);
  assert.deepEqual(values('1234567.9999999999999'), [1234568]);
  assert.deepEqual(values('9007199254740992.5'), [9007199254740992]);
});

test('parseStatements() is not misled by numbers inside texts', () => {
  assert.deepEqual(values(String.raw`"1.0,","\"[2e5]",3`), ['1.0,', '"[2e5]', 3n]);
});

test('parseStatements() answers a megabyte of nested arrays without overflowing', () => {
  const depth = 500_000;
  const nested = '['.repeat(depth) + ']'.repeat(depth);
  assert.deepEqual(parseStatements(nested), { error: 'invalid request' });
  assert.deepEqual(parseStatements(`[["a",${nested}]]`), {
    error: 'unsupported type []interface {}',
  });
  // With a number that needs its source text, every value is visited.
  assert.deepEqual(parseStatements(`[["a",1.0,${nested}]]`), { error: 'invalid JSON body' });
});

test('parseStatements() takes any member name', () => {
  const { statements } = parseStatements('[["x",{"__proto__":1,"1":2,"":3}]]');
  assert.deepEqual(statements?.[0]?.named.toSorted(), [
    ['', 3n],
    ['1', 2n],
    ['__proto__', 1n],
  ]);
});

test('parseStatements() refuses more statements than its limit', () => {
  const body = `[${'"",'.repeat(STATEMENTS_MAX)}""]`;
  assert.deepEqual(parseStatements(body), {
    error: 'more than 1000000 statements in one request',
  });
});
