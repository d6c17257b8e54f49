import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DigestPoll, type DigestVerdict } from './digest-poll.ts';

const VOTERS = ['a', 'b', 'c'];

/** What leader `a` says to `b`, which saw a difference at `index`. */
function judged(
  poll: DigestPoll,
  index: number,
  voters: readonly string[] = VOTERS,
): DigestVerdict {
  return poll.judge({ index, self: 'a', from: 'b', voters });
}

test('judge() finds the follower wrong once a majority agrees with the leader', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  assert.equal(judged(poll, 10), 'undecided');
  poll.report('c', 9, true);
  assert.equal(judged(poll, 10), 'undecided', 'c has not been seen at 10 yet');
  poll.report('c', 12, true);
  assert.equal(judged(poll, 10), 'follower');
});

test('judge() finds the leader wrong when a majority differs from it', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  poll.report('c', 11, false);
  assert.equal(judged(poll, 11), 'leader');
});

test('judge() stays undecided between two voters: neither is a majority', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  assert.equal(judged(poll, 10, ['a', 'b']), 'undecided');
});

test('report() of agreement takes back what a state said before it was replaced', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  poll.report('b', 11, true);
  poll.report('c', 12, false);
  assert.equal(judged(poll, 12), 'undecided');
});

test('judge() takes no agreement from before the place where the follower differs', () => {
  const poll = new DigestPoll();
  // All agreed up to 50; then the leader went wrong, and `c` has not been heard since.
  poll.report('b', 50, true);
  poll.report('c', 50, true);
  poll.report('b', 56, false);
  assert.equal(judged(poll, 37), 'undecided');
  poll.report('c', 56, true);
  assert.equal(judged(poll, 37), 'follower');
});

test('clear() drops what an earlier reign had said', () => {
  const poll = new DigestPoll();
  poll.report('c', 12, true);
  poll.clear();
  poll.report('b', 10, false);
  assert.equal(judged(poll, 10), 'undecided');
});

test('judge() finds the leader wrong by followers that it saw differ later than they did', () => {
  const poll = new DigestPoll();
  poll.report('b', 14, false);
  poll.report('c', 15, false);
  assert.equal(
    judged(poll, 10),
    'leader',
    'they apply a little late, so b noticed at 10 by itself',
  );
});

test('judge() condemns nobody whose own answers do not differ', () => {
  const poll = new DigestPoll();
  poll.report('c', 12, true);
  assert.equal(judged(poll, 10), 'undecided');
  poll.report('b', 12, true);
  assert.equal(judged(poll, 10), 'undecided');
});

test('judge() does not count who agreed once and differs since', () => {
  const poll = new DigestPoll();
  poll.report('c', 10, true);
  poll.report('b', 10, false);
  assert.equal(judged(poll, 10), 'follower');
  poll.report('c', 12, false);
  assert.equal(judged(poll, 10), 'leader');
});

test('report() of agreement that was overtaken does not take a later difference back', () => {
  const poll = new DigestPoll();
  poll.report('b', 10, false);
  poll.report('b', 9, true);
  poll.report('c', 12, false);
  assert.equal(judged(poll, 12), 'leader');
});

test('standing() is doubted while a voter contradicts the leader and no majority agrees', () => {
  const poll = new DigestPoll();
  assert.equal(poll.standing('a', VOTERS, 5), 'unknown');
  assert.equal(poll.standing('a', ['a'], 5), 'confirmed');
  poll.report('b', 10, false);
  assert.equal(poll.standing('a', VOTERS, 5), 'doubted');
  poll.report('c', 9, true);
  assert.equal(poll.standing('a', VOTERS, 5), 'doubted', 'c may come to differ at 10');
  poll.report('c', 10, true);
  assert.equal(poll.standing('a', VOTERS, 5), 'confirmed');
  assert.equal(poll.standing('a', ['a', 'b'], 5), 'doubted');
});
