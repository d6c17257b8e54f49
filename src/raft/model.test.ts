import assert from 'node:assert/strict';
import { test } from 'node:test';

import { World } from './testing/world.suite.ts';
import type { Weather } from './testing/world.suite.ts';

const STEPS = 1600;

const WEATHERS: Record<string, Weather> = {
  'three voters': { voters: 3, spares: 0, raw: true, lossy: false, leases: false },
  'five voters': { voters: 5, spares: 0, raw: false, lossy: false, leases: false },
  'changing members': { voters: 3, spares: 2, raw: false, lossy: false, leases: false },
  'changing members, late messages': {
    voters: 2,
    spares: 3,
    raw: true,
    lossy: false,
    leases: false,
  },
  'disks that forget': { voters: 3, spares: 1, raw: false, lossy: true, leases: false },
  leases: { voters: 3, spares: 1, raw: true, lossy: false, leases: true },
};

for (const [name, weather] of Object.entries(WEATHERS)) {
  test(`a group keeps its promises under any schedule: ${name}`, () => {
    const seeds = Number(process.env['RAFT_SEEDS'] ?? 350);
    const first = Number(process.env['RAFT_FIRST_SEED'] ?? 1);
    const total = { elections: 0, commits: 0, reads: 0 };
    for (let seed = first; seed < first + seeds; seed++) {
      const { counts } = run(seed, weather);
      total.elections += counts.elections;
      total.commits += counts.commits;
      total.reads += counts.reads;
    }
    // A run in which nothing happens proves nothing.
    assert.ok(total.elections > seeds, `${total.elections} elections`);
    assert.ok(total.commits > seeds, `${total.commits} commits`);
    assert.ok(total.reads > seeds, `${total.reads} reads`);
  });
}

function run(seed: number, weather: Weather): World['oracle'] {
  const world = new World(seed, weather);
  try {
    for (let step = 0; step < STEPS; step++) world.act();
    world.settle(600);
    // Whoever lost entries for good may keep the group from going on, but never lets it go wrong.
    if (!weather.lossy) checkSettled(world);
  } catch (cause) {
    throw new Error(`Seed ${seed} fails: ${String(cause)}`, { cause });
  }
  return world.oracle;
}

/** Liveness: with everybody there, there is one leader, and all that it leads are where it is. */
function checkSettled(world: World): void {
  const states = world.members.map((member) => member.raft.status());
  const leaders = states.filter(({ role }) => role === 'leader');
  assert.equal(leaders.length, 1, `${leaders.length} leaders`);
  assert.equal(world.oracle.unanswered, 0, 'reads hang');
  for (const leader of leaders) {
    for (const { id } of leader.config.members) {
      const state = states.find((status) => status.id === id);
      assert.equal(state?.applied, leader.last, `${id} is not where ${leader.id} is`);
    }
  }
}
