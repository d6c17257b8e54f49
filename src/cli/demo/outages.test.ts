import assert from 'node:assert/strict';
import { test } from 'node:test';

import { medianAndMax, Outages } from './outages.ts';

test('Outages finds the longest time without an acknowledged write', () => {
  const outages = new Outages();
  for (const answeredMs of [10, 15, 115, 120]) outages.onAcknowledged({ sentMs: 0, answeredMs });
  assert.equal(outages.longestMs, 100);
});

test('Outages measures from a kill to the answer of a write sent after it', async () => {
  const outages = new Outages();
  outages.onLeaderKilled(100);
  const recovered = outages.recovered();
  outages.onAcknowledged({ sentMs: 99, answeredMs: 101 });
  assert.deepEqual(outages.failoversMs, []);
  outages.onAcknowledged({ sentMs: 150, answeredMs: 180 });
  outages.onAcknowledged({ sentMs: 181, answeredMs: 182 });
  assert.deepEqual(outages.failoversMs, [80]);
  await recovered;
  await outages.recovered();
});

test('medianAndMax() takes the middle of what there is', () => {
  assert.equal(medianAndMax([]), null);
  assert.deepEqual(medianAndMax([9, 1, 5]), { medianMs: 5, maxMs: 9 });
  assert.deepEqual(medianAndMax([4]), { medianMs: 4, maxMs: 4 });
});
