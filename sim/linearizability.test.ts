import assert from 'node:assert/strict';
import { test } from 'node:test';

import { History, type Record } from './history.ts';
import { checkLinearizability } from './linearizability.ts';
import { Model, type Op, type OpResult } from './model.ts';
import { requireWitness } from './witness.ts';

interface Step {
  readonly op: Op;
  readonly from: number;
  /** Null: nobody knows what became of it. */
  readonly to: number | null;
  readonly result?: OpResult;
  readonly index?: number;
}

function historyOf(steps: readonly Step[]): History {
  const history = new History();
  steps.forEach(({ op, from, to, result, index }, client) => {
    const level = op.kind === 'read' || op.kind === 'list' ? 'linearizable' : 'write';
    const record: Record = history.call({ client, op, level, node: 0, calledAt: from });
    if (to === null) history.lose(record);
    else
      history.succeed(record, {
        at: to,
        result: result === undefined ? true : result,
        index: index ?? 0,
        wrong: false,
      });
  });
  return history;
}

const write = (value: number): Op => ({ kind: 'write', key: 'k', value });
const read: Op = { kind: 'read', key: 'k' };

function verdict(steps: readonly Step[]): string | undefined {
  return checkLinearizability(historyOf(steps).records)[0]?.kind;
}

test('checkLinearizability() accepts overlapping operations in either order', () => {
  assert.equal(
    verdict([
      { op: write(1), from: 0, to: 10 },
      { op: write(2), from: 1, to: 9 },
      { op: read, from: 11, to: 12, result: 1 },
    ]),
    'linearizable',
  );
});

test('checkLinearizability() refuses a read that misses a write acknowledged before', () => {
  assert.equal(
    verdict([
      { op: write(1), from: 0, to: 1 },
      { op: write(2), from: 2, to: 3 },
      { op: read, from: 4, to: 5, result: 1 },
    ]),
    'violated',
  );
});

test('checkLinearizability() refuses reads that go back', () => {
  assert.equal(
    verdict([
      { op: write(1), from: 0, to: 20 },
      { op: read, from: 1, to: 2, result: 1 },
      { op: read, from: 3, to: 4, result: null },
    ]),
    'violated',
  );
});

test('checkLinearizability() lets an unknown write happen late or never', () => {
  const unknown: Step = { op: write(1), from: 0, to: null };
  assert.equal(verdict([unknown, { op: read, from: 5, to: 6, result: null }]), 'linearizable');
  assert.equal(verdict([unknown, { op: read, from: 5, to: 6, result: 1 }]), 'linearizable');
});

test('checkLinearizability() agrees with histories that one machine made', () => {
  const model = new Model();
  const steps: Step[] = [];
  for (let i = 0; i < 60; i++) {
    const op: Op =
      i % 3 === 0 ? write(i) : i % 3 === 1 ? read : { kind: 'append', key: 'k', value: i };
    steps.push({ op, from: i * 2, to: i * 2 + 5, result: model.run(op) });
  }
  assert.ok(
    checkLinearizability(historyOf(steps).records).every(({ kind }) => kind === 'linearizable'),
  );
});

test('requireWitness() refuses answers that the log does not give, and time that runs back', () => {
  const ops = [write(1), write(2)];
  const log = { last: 2, at: (index: number) => ops[index - 1] ?? null };
  const first: Step = { op: write(1), from: 0, to: 1, index: 1 };
  requireWitness(historyOf([first, { op: read, from: 2, to: 3, result: 1, index: 1 }]), log);
  assert.throws(
    () =>
      requireWitness(historyOf([first, { op: read, from: 2, to: 3, result: 2, index: 1 }]), log),
    /Witness/,
  );
  assert.throws(
    () =>
      requireWitness(historyOf([first, { op: read, from: 2, to: 3, result: null, index: 0 }]), log),
    /Witness/,
  );
});
