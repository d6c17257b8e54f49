import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_BYTES } from '../base/bytes.ts';
import type { Entry } from '../raft/entry.ts';
import type { ProposalOutcome } from './outcome.ts';
import { Proposals } from './proposals.ts';

function entryAt(index: number, term: number): Entry {
  return { index, term, kind: 'normal', data: NO_BYTES };
}

function proposed(proposals: Proposals, first: number, term: number, deadline = 1000) {
  const outcomes: ProposalOutcome[] = [];
  proposals.push({
    payload: NO_BYTES,
    format: 7,
    deadline,
    done: (outcome) => {
      outcomes.push(outcome);
    },
  });
  proposals.accepted(proposals.take(), first, term);
  return outcomes;
}

test('applied() answers the waiter of the same index and term with the result', () => {
  const proposals = new Proposals();
  const outcomes = proposed(proposals, 5, 2);
  const result = Uint8Array.of(1);
  assert.equal(proposals.formatOf(entryAt(5, 2)), 7);
  proposals.applied(entryAt(5, 2), result);
  assert.deepEqual(outcomes, [{ kind: 'applied', index: 5, result }]);
  assert.equal(proposals.outstanding, 0);
});

test('applied() tells a waiter that another term took its index: nothing was done', () => {
  const proposals = new Proposals();
  const outcomes = proposed(proposals, 5, 2);
  assert.equal(proposals.formatOf(entryAt(5, 3)), 0);
  proposals.applied(entryAt(5, 3), Uint8Array.of(1));
  assert.deepEqual(outcomes, [{ kind: 'superseded' }]);
});

test('expire() reports unknown, once, and a late entry is not answered again', () => {
  const proposals = new Proposals();
  const outcomes = proposed(proposals, 5, 2, 100);
  proposals.expire(99);
  assert.equal(outcomes.length, 0);
  proposals.expire(100);
  proposals.applied(entryAt(5, 2), null);
  assert.equal(outcomes.length, 1);
  assert.equal(outcomes[0]?.kind, 'unknown');
});

test('bound() brings deadlines forward when leadership ends, never back', () => {
  const proposals = new Proposals();
  const early = proposed(proposals, 5, 2, 50);
  const late = proposed(proposals, 6, 2, 5000);
  proposals.bound(100);
  proposals.expire(60);
  assert.equal(early.length, 1);
  assert.equal(late.length, 0);
  proposals.expire(100);
  assert.equal(late[0]?.kind, 'unknown');
});

test('skipped() reports unknown for what a snapshot covered, and leaves the rest', () => {
  const proposals = new Proposals();
  const covered = proposed(proposals, 5, 2);
  const beyond = proposed(proposals, 6, 2);
  proposals.skipped(5);
  assert.equal(covered[0]?.kind, 'unknown');
  assert.equal(beyond.length, 0);
});

test('close() refuses what was not proposed yet and calls the rest unknown', () => {
  const proposals = new Proposals();
  const waiting = proposed(proposals, 5, 2);
  const inbox: ProposalOutcome[] = [];
  proposals.push({
    payload: NO_BYTES,
    format: 0,
    deadline: 1,
    done: (outcome) => {
      inbox.push(outcome);
    },
  });
  proposals.close();
  assert.equal(waiting[0]?.kind, 'unknown');
  assert.deepEqual(inbox, [{ kind: 'refused', reason: 'stopping', leader: null }]);
});

test('accepted() answers who still waits at an index from an earlier reign here', () => {
  const proposals = new Proposals();
  const first = proposed(proposals, 5, 2);
  const third = proposed(proposals, 5, 4);
  assert.deepEqual(first, [{ kind: 'unknown', reason: 'leadership changed twice' }]);
  proposals.applied(entryAt(5, 4), null);
  assert.deepEqual(third, [{ kind: 'applied', index: 5, result: null }]);
  assert.equal(first.length, 1);
  assert.equal(proposals.outstanding, 0);
});
