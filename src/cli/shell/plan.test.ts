import assert from 'node:assert/strict';
import { test } from 'node:test';

import { roleOf, ScriptPlan, type PlannedRequest } from './plan.ts';

/** The requests of a script of one-line statements, in short. */
function plan(statements: readonly string[]): readonly string[] {
  const script = new ScriptPlan();
  const requests = statements.flatMap((sql, at) => script.add({ sql, line: at + 1 }));
  return [...requests, ...script.finish()].map(inShort);
}

function inShort(request: PlannedRequest): string {
  if (request.kind === 'alone') return `alone ${request.statement.line}`;
  return `${request.kind} ${request.statements.map(({ line }) => line).join(',')}`;
}

test('roleOf() goes by the first word', () => {
  const roles = (statements: readonly string[]): readonly string[] => statements.map(roleOf);
  assert.deepEqual(roles(['BEGIN', 'begin transaction;', 'BEGIN IMMEDIATE']), [
    'begin',
    'begin',
    'begin',
  ]);
  assert.deepEqual(roles(['COMMIT;', 'END', 'end transaction;']), ['commit', 'commit', 'commit']);
  assert.deepEqual(roles(['ROLLBACK;', 'ROLLBACK TO a', 'rollback transaction to a']), [
    'rollback',
    'alone',
    'alone',
  ]);
  assert.deepEqual(roles(['PRAGMA x', 'VACUUM;', 'SAVEPOINT a', 'RELEASE a', 'ATTACH x']), [
    'alone',
    'alone',
    'alone',
    'alone',
    'alone',
  ]);
  assert.deepEqual(roles(['SELECT 1', 'values(1)', 'EXPLAIN x']), ['read', 'read', 'read']);
  assert.deepEqual(roles(['INSERT', 'WITH a', 'ANALYZE x', 'endless', '(']), [
    'write',
    'write',
    'write',
    'write',
    'write',
  ]);
});

test('ScriptPlan sends statements together and keeps their order', () => {
  assert.deepEqual(plan(['INSERT', 'SELECT', 'DELETE']), ['batch 1,2,3']);
  assert.deepEqual(plan([]), []);
});

test('ScriptPlan sends alone what must not be in a transaction', () => {
  assert.deepEqual(plan(['PRAGMA foreign_keys=OFF', 'INSERT', 'VACUUM', 'INSERT']), [
    'alone 1',
    'batch 2',
    'alone 3',
    'batch 4',
  ]);
});

test('ScriptPlan makes one request of a transaction of the script', () => {
  const dump = [
    'PRAGMA x',
    'INSERT',
    'BEGIN TRANSACTION;',
    'CREATE',
    'INSERT',
    'COMMIT;',
    'SELECT',
  ];
  assert.deepEqual(plan(dump), ['alone 1', 'batch 2', 'transaction 4,5', 'batch 7']);
  assert.deepEqual(plan(['BEGIN', 'INSERT', 'ROLLBACK', 'INSERT']), ['batch 4']);
  assert.deepEqual(plan(['BEGIN', 'COMMIT']), []);
});

test('ScriptPlan bounds batches by statements, reads and length', () => {
  const many = (count: number, sql: string): readonly string[] =>
    Array.from({ length: count }, () => sql);
  const sizes = (requests: readonly string[]): readonly number[] =>
    requests.map((request) => request.split(',').length);
  assert.deepEqual(sizes(plan(many(1100, 'INSERT'))), [500, 500, 100]);
  assert.deepEqual(sizes(plan(many(120, 'SELECT'))), [50, 50, 20]);
  assert.deepEqual(sizes(plan(many(5, `INSERT ${'x'.repeat(100_000)}`))), [2, 2, 1]);
  assert.deepEqual(sizes(plan([`INSERT ${'x'.repeat(1_000_000)}`, 'INSERT'])), [1, 1]);
});

test('ScriptPlan refuses a BEGIN or COMMIT without its partner', () => {
  const refused = (statements: readonly string[], line: number, message: RegExp): void => {
    assert.throws(() => plan(statements), { line, message });
  };
  refused(['INSERT', 'COMMIT'], 2, /no transaction is active/);
  refused(['ROLLBACK'], 1, /no transaction is active/);
  refused(['BEGIN', 'INSERT', 'BEGIN'], 3, /within the one of line 1/);
  refused(['INSERT', 'BEGIN', 'INSERT'], 2, /has no COMMIT, so none of its statements were sent/);
});
