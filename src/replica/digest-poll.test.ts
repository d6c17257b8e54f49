import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DigestPoll } from './digest-poll.ts';

const VOTERS = ['a', 'b', 'c'];

test('judge() finds the follower wrong once a majority agrees with the leader', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  assert.equal(poll.judge(10, 'a', VOTERS), 'undecided');
  poll.report('c', 9, true);
  assert.equal(poll.judge(10, 'a', VOTERS), 'undecided', 'c has not been seen at 10 yet');
  poll.report('c', 12, true);
  assert.equal(poll.judge(10, 'a', VOTERS), 'follower');
});

test('judge() finds the leader wrong when a majority differs from it', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  poll.report('c', 11, false);
  assert.equal(poll.judge(11, 'a', VOTERS), 'leader');
});

test('judge() stays undecided between two voters: neither is a majority', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  assert.equal(poll.judge(10, 'a', ['a', 'b']), 'undecided');
});

test('report() of agreement takes back what a state said before it was replaced', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  poll.report('b', 11, true);
  poll.report('c', 12, false);
  assert.equal(poll.judge(12, 'a', VOTERS), 'undecided');
});

test('clear() drops what an earlier reign had said', () => {
  const poll = new DigestPoll();
  poll.report('c', 12, true);
  poll.clear();
  poll.report('b', 10, false);
  assert.equal(poll.judge(10, 'a', VOTERS), 'undecided');
});
