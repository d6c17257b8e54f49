import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ledger, type Outcome, type WriteId } from './ledger.ts';

function ledgerOf(outcomes: readonly Outcome[]): {
  readonly ledger: Ledger;
  readonly writes: readonly WriteId[];
} {
  const ledger = new Ledger(1);
  const writes = outcomes.map((outcome) => {
    const write = ledger.begin(0);
    ledger.settle(write, outcome);
    return write;
  });
  return { ledger, writes };
}

function once(writes: readonly WriteId[]): readonly (WriteId & { readonly copies: number })[] {
  return writes.map((write) => ({ ...write, copies: 1 }));
}

const CLEAN = { lost: 0, duplicated: 0, unexpected: 0, unknown: 0, unknownFound: 0, refused: 0 };

test('audit() is content when every acknowledged write is there once', () => {
  const { ledger, writes } = ledgerOf(['acknowledged', 'acknowledged']);
  assert.deepEqual(ledger.audit(once(writes)), { ...CLEAN, acknowledged: 2 });
});

test('audit() counts acknowledged writes that are missing as lost', () => {
  const { ledger, writes } = ledgerOf(['acknowledged', 'acknowledged', 'acknowledged']);
  assert.equal(ledger.audit(once(writes.slice(0, 1))).lost, 2);
});

test('audit() counts a write that is there twice as duplicated, whatever is known of it', () => {
  const { ledger, writes } = ledgerOf(['acknowledged', 'unknown']);
  const audit = ledger.audit(writes.map((write) => ({ ...write, copies: 2 })));
  assert.equal(audit.duplicated, 2);
  assert.equal(audit.lost, 0);
});

test('audit() allows an unknown write to be there or not', () => {
  const { ledger, writes } = ledgerOf(['unknown', 'unknown']);
  const expected = { ...CLEAN, acknowledged: 0, unknown: 2, unknownFound: 1 };
  assert.deepEqual(ledger.audit(once(writes.slice(1))), expected);
});

test('audit() takes a write without an answer for unknown', () => {
  const ledger = new Ledger(1);
  const write = ledger.begin(0);
  assert.equal(ledger.audit(once([write])).unknownFound, 1);
});

test('audit() counts refused writes that are there, and writes of nobody, as unexpected', () => {
  const { ledger, writes } = ledgerOf(['refused']);
  const strangers = [
    { writer: 0, sequence: 7, copies: 1 },
    { writer: 3, sequence: 0, copies: 1 },
  ];
  assert.equal(ledger.audit([...once(writes), ...strangers]).unexpected, 3);
});

test('recentlyAcknowledged() gives the last ones of every writer', () => {
  const ledger = new Ledger(2);
  for (const outcome of ['acknowledged', 'unknown', 'acknowledged', 'acknowledged'] as const) {
    ledger.settle(ledger.begin(0), outcome);
  }
  ledger.settle(ledger.begin(1), 'acknowledged');
  assert.deepEqual(ledger.recentlyAcknowledged(2), [
    { writer: 0, sequence: 3 },
    { writer: 0, sequence: 2 },
    { writer: 1, sequence: 0 },
  ]);
  assert.equal(ledger.count('acknowledged'), 4);
});
