import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Command, Statement, Value } from './command.ts';
import { decodeCommand, decodeStatements, isChecksumCommand } from './decode.ts';
import { encodeCommand, encodeStatements, stampCommand } from './encode.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** `fc.record` without objects that have no prototype, which `deepEqual` tells apart. */
function plain<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const values: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }),
);

const statements: fc.Arbitrary<Statement> = plain({
  sql: fc.oneof(
    fc.constantFrom('SELECT 1', 'INSERT INTO t VALUES (?)'),
    fc.string({ unit: 'binary' }),
  ),
  positional: fc.array(values),
  named: fc.array(fc.tuple(fc.string(), values), { maxLength: 3 }),
});

const seeds = plain({
  low: fc.integer({ min: 0, max: 4294967295 }),
  high: fc.integer({ min: 0, max: 4294967295 }),
});

const commands: fc.Arbitrary<Command> = fc.oneof(
  fc.constant({ kind: 'barrier' } as const),
  fc.constant({ kind: 'checksum' } as const),
  plain({
    kind: fc.constant('statements' as const),
    clockMs: fc.maxSafeNat(),
    seed: seeds,
    transaction: fc.boolean(),
    rows: fc.boolean(),
    statements: fc.array(statements, { maxLength: 20 }),
  }),
);

test('decodeCommand() gives back what encodeCommand() was given', () => {
  fc.assert(
    fc.property(commands, (command) => {
      assert.deepEqual(decodeCommand(encodeCommand(command)), { ok: true, command });
    }),
  );
});

test('decodeStatements() gives back what encodeStatements() was given', () => {
  fc.assert(
    fc.property(fc.array(statements), fc.boolean(), (list, transaction) => {
      const decoded = decodeStatements(encodeStatements(list, transaction));
      assert.deepEqual(decoded, { statements: list, transaction });
    }),
  );
});

test('decodeCommand() never throws on bytes that are cut, changed or made up', () => {
  fc.assert(
    fc.property(commands, fc.nat(), fc.integer({ min: 0, max: 255 }), (command, at, byte) => {
      const bytes = encodeCommand(command);
      assert.equal(decodeCommand(bytes.subarray(0, at % bytes.length)).ok, false);
      const changed = bytes.slice();
      changed[at % bytes.length] = byte;
      decodeCommand(changed);
      decodeStatements(changed);
      assert.equal(decodeCommand(new Uint8Array([...bytes, 0])).ok, false);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      decodeCommand(bytes);
      decodeCommand(new Uint8Array([1, 1, ...bytes]));
      decodeStatements(bytes);
    }),
  );
});

test('decodeCommand() does not guess what a newer version means', () => {
  const bytes = encodeCommand({ kind: 'barrier' });
  bytes[0] = 9;
  assert.deepEqual(decodeCommand(bytes), { ok: false, reason: 'version', version: 9 });
  assert.deepEqual(decodeCommand(new Uint8Array(0)), { ok: false, reason: 'malformed' });
});

test('decodeCommand() does not believe a count that the bytes cannot hold', () => {
  const header = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const huge = [0xff, 0xff, 0xff, 0xff, 0x7f];
  assert.equal(decodeCommand(new Uint8Array([...header, ...huge])).ok, false);
  assert.equal(decodeCommand(new Uint8Array([...header, 0, ...huge])).ok, false);
});

test('stampCommand() changes clock and seed and nothing else', () => {
  fc.assert(
    fc.property(commands, fc.maxSafeNat(), seeds, (command, clockMs, seed) => {
      const bytes = encodeCommand(command);
      stampCommand(bytes, clockMs, seed);
      const stamped = command.kind === 'statements' ? { ...command, clockMs, seed } : command;
      assert.deepEqual(bytes, encodeCommand(stamped));
    }),
  );
});

test('a byte order mark is a character like others', () => {
  const text = `\uFEFF${'é'.repeat(60)}`;
  const list = [{ sql: '\uFEFFSELECT ?', positional: [text, '\uFEFF'], named: [] }];
  assert.deepEqual(decodeStatements(encodeStatements(list, false))?.statements, list);
});

test('encodeCommand() names each text once', () => {
  const sql = 'INSERT INTO t(a, b) VALUES (?, ?)';
  const one: Statement = { sql, positional: [1n, 2n], named: [] };
  const two: Statement = { ...one, sql: 'DELETE FROM t' };
  const mixed = encodeStatements([one, two, one, two], false).length;
  const base = encodeStatements([one, two], false).length;
  // Index, counts, and two values of two bytes each.
  assert.equal(mixed - base, 2 * 6);
});

test('isChecksumCommand() knows a checksum by its first bytes', () => {
  fc.assert(
    fc.property(commands, (command) => {
      assert.equal(isChecksumCommand(encodeCommand(command)), command.kind === 'checksum');
    }),
  );
});

/** One of everything. */
const GOLDEN: readonly (readonly [name: string, command: Command])[] = [
  ['barrier', { kind: 'barrier' }],
  ['checksum', { kind: 'checksum' }],
  [
    'statements',
    {
      kind: 'statements',
      clockMs: 1_700_000_000_123,
      seed: { low: 0xdeadbeef, high: 0x01020304 },
      transaction: true,
      rows: true,
      statements: [
        {
          sql: 'INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)',
          positional: [null, 1n, -2n, INT64_MAX, -0.5, 'é', new Uint8Array([0, 255])],
          named: [],
        },
        { sql: 'SELECT :a', positional: [], named: [['a', 'b']] },
        { sql: 'SELECT :a', positional: [], named: [['a', INT64_MIN]] },
      ],
    },
  ],
];

test('the bytes of version 1 are what they always were', () => {
  const text = readFileSync(new URL('./testdata/golden.json', import.meta.url), 'utf8');
  const golden = JSON.parse(text) as Record<string, string>;
  for (const [name, command] of GOLDEN) {
    const hex = Buffer.from(encodeCommand(command)).toString('hex');
    assert.equal(hex, golden[name], name);
    const bytes = Uint8Array.from(Buffer.from(golden[name] ?? '', 'hex'));
    assert.deepEqual(decodeCommand(bytes), { ok: true, command });
  }
});
