import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatSummary, isSound, type Summary } from './summary.ts';

const audit = {
  acknowledged: 1000,
  unknown: 3,
  unknownFound: 1,
  refused: 2,
  lost: 0,
  duplicated: 0,
  unexpected: 0,
};

const sound: Summary = {
  audit,
  problem: null,
  reads: 500,
  violations: [],
  kills: 25,
  leaderKills: 17,
  longestOutageMs: 412.4,
  failoversMs: [100, 300, 200],
  hashes: [
    { id: 'n1', hash: 'abcd', error: null },
    { id: 'n2', hash: 'abcd', error: null },
  ],
};

test('isSound() is false for every broken promise and for what could not be seen', () => {
  assert.equal(isSound(sound), true);
  const broken: readonly Partial<Summary>[] = [
    { audit: { ...audit, lost: 1 } },
    { audit: { ...audit, duplicated: 1 } },
    { audit: { ...audit, unexpected: 1 } },
    { audit: null },
    { problem: 'n2 did not start' },
    { violations: ['n1 saw 3 writes when there were 4'] },
    { hashes: [] },
    { hashes: [{ id: 'n1', hash: null, error: 'n1 is not connected' }] },
    {
      hashes: [
        { id: 'n1', hash: 'abcd', error: null },
        { id: 'n2', hash: 'abce', error: null },
      ],
    },
  ];
  for (const change of broken) {
    const summary = { ...sound, ...change };
    assert.equal(isSound(summary), false, JSON.stringify(change));
    assert.match(formatSummary(summary), /THIS RUN IS NOT CLEAN/);
  }
});

test('formatSummary() says it all in lines', () => {
  assert.equal(
    formatSummary(sound),
    `
acknowledged                 1000
unknown                      3 (1 of them happened)
refused                      2
lost                         0
duplicated                   0
unexpected                   0
reads                        500 linearizable, 0 wrong
kills                        25 (17 of the leader)
longest write outage         412 ms
leader killed to next write  median 200 ms, max 300 ms
content of n1                abcd
content of n2                abcd

Nothing acknowledged was lost, nothing happened twice, and all nodes are equal.
`,
  );
});

test('formatSummary() says why a node could not tell what it holds', () => {
  const hashes = [{ id: 'n2', hash: null, error: 'n2 is not connected' }];
  assert.match(formatSummary({ ...sound, hashes }), /content of n2 +not told: n2 is not connected/);
});
