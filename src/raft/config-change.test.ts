import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { changeConfig, leaveJoint } from './config-change.ts';
import type { Config, ConfigStep } from './config.ts';
import { participants } from './quorum.ts';
import { configOf, memberOf } from './testing/cluster.suite.ts';

function changed(config: Config, ...steps: readonly ConfigStep[]): Config {
  const outcome = changeConfig(config, { steps });
  if (!outcome.ok) throw new Error(outcome.text);
  return outcome.config;
}

function refusal(config: Config, ...steps: readonly ConfigStep[]): string {
  const outcome = changeConfig(config, { steps });
  return outcome.ok ? 'accepted' : outcome.text;
}

const THREE = configOf(['n1', 'n2', 'n3'], ['n4']);

test('changeConfig() changes one voter directly', () => {
  const promoted = changed(THREE, { kind: 'promote', id: 'n4' });
  assert.deepEqual(promoted.voters, ['n1', 'n2', 'n3', 'n4']);
  assert.deepEqual([promoted.votersOutgoing, promoted.learners], [[], []]);
  const removed = changed(THREE, { kind: 'remove', id: 'n2' });
  assert.deepEqual(removed.voters, ['n1', 'n3']);
  assert.deepEqual(
    removed.members.map(({ id }) => id),
    ['n1', 'n3', 'n4'],
  );
  const demoted = changed(THREE, { kind: 'demote', id: 'n1' });
  assert.deepEqual(
    [demoted.voters, demoted.learners],
    [
      ['n2', 'n3'],
      ['n4', 'n1'],
    ],
  );
});

test('changeConfig() goes through a joint configuration for more', () => {
  const joint = changed(
    THREE,
    { kind: 'promote', id: 'n4' },
    { kind: 'demote', id: 'n1' },
    { kind: 'remove', id: 'n2' },
  );
  assert.deepEqual(joint.voters, ['n3', 'n4']);
  assert.deepEqual(joint.votersOutgoing, ['n1', 'n2', 'n3']);
  assert.deepEqual([joint.learners, joint.learnersNext], [[], ['n1']]);
  assert.equal(joint.autoLeave, true);
  assert.deepEqual(new Set(joint.members.map(({ id }) => id)), new Set(['n1', 'n2', 'n3', 'n4']));
  const left = leaveJoint(joint);
  assert.deepEqual([left.voters, left.votersOutgoing], [['n3', 'n4'], []]);
  assert.deepEqual([left.learners, left.learnersNext], [['n1'], []]);
  assert.deepEqual(new Set(left.members.map(({ id }) => id)), new Set(['n1', 'n3', 'n4']));
});

test('M7: learners stay learners through changes of others', () => {
  const direct = changed(THREE, { kind: 'remove', id: 'n3' });
  assert.deepEqual(direct.learners, ['n4']);
  const joint = changed(THREE, { kind: 'remove', id: 'n3' }, { kind: 'remove', id: 'n2' });
  assert.deepEqual(joint.learners, ['n4']);
  assert.deepEqual(leaveJoint(joint).learners, ['n4']);
});

test('M9: a new node counts for nothing until it is promoted', () => {
  const grown = changed(THREE, { kind: 'add-learner', member: memberOf('n5') });
  assert.deepEqual(grown.voters, THREE.voters);
  assert.match(refusal(THREE, { kind: 'promote', id: 'n5' }), /n5 is not a learner/);
});

test('M10: an id is not used again by another data directory', () => {
  const stranger = { kind: 'add-learner', member: memberOf('n2', 'other') } as const;
  assert.match(refusal(THREE, stranger), /another data directory/);
  assert.match(refusal(THREE, { kind: 'remove', id: 'n2' }, stranger), /named twice/);
  const update = { kind: 'update', member: memberOf('n2', 'other') } as const;
  assert.match(refusal(THREE, update), /another data directory/);
  assert.match(refusal(THREE, { kind: 'add-learner', member: memberOf('n2') }), /already/);
});

test('M12: the last voter cannot go', () => {
  const steps = THREE.voters.map((id): ConfigStep => ({ kind: 'remove', id }));
  assert.match(refusal(THREE, ...steps), /no voter/);
  assert.match(refusal(configOf(['n1']), { kind: 'demote', id: 'n1' }), /no voter/);
});

test('changeConfig() refuses what makes no sense', () => {
  assert.match(refusal(THREE), /no steps/);
  assert.match(refusal(THREE, { kind: 'remove', id: 'n9' }), /not a member/);
  assert.match(refusal(THREE, { kind: 'demote', id: 'n4' }), /not a voter/);
  const joint = { ...THREE, votersOutgoing: ['n1'] };
  assert.match(refusal(joint, { kind: 'remove', id: 'n2' }), /joint/);
});

test('changeConfig() leads to sound configurations with overlapping quorums', () => {
  const kinds = fc.constantFrom('promote' as const, 'demote' as const, 'remove' as const);
  const id = fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5', 'n6');
  const step = fc.oneof(
    fc.record({ kind: kinds, id }),
    id.map((name): ConfigStep => ({ kind: 'add-learner', member: memberOf(name) })),
  );
  fc.assert(
    fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 4 })), (changes) => {
      let config = THREE;
      for (const steps of changes) {
        const outcome = changeConfig(config, { steps });
        if (!outcome.ok) continue;
        checkSound(outcome.config);
        checkOverlap(config, outcome.config);
        config = outcome.config;
        if (config.votersOutgoing.length === 0) continue;
        config = leaveJoint(config);
        checkSound(config);
      }
    }),
  );
});

function checkSound(config: Config): void {
  assert.ok(config.voters.length > 0);
  const roles = [...config.voters, ...config.learners];
  assert.equal(new Set(roles).size, roles.length, 'nobody has two roles');
  for (const id of config.learnersNext) assert.ok(config.votersOutgoing.includes(id));
  assert.deepEqual(
    new Set(config.members.map(({ id }) => id)),
    new Set(participants(config)),
    'members are everyone named, each once',
  );
  assert.equal(config.members.length, participants(config).size);
}

/** Every majority of the old voters meets every quorum of the new configuration. */
function checkOverlap(before: Config, after: Config): void {
  if (after.votersOutgoing.length > 0) {
    assert.deepEqual(new Set(after.votersOutgoing), new Set(before.voters));
    return;
  }
  const difference =
    before.voters.filter((id) => !after.voters.includes(id)).length +
    after.voters.filter((id) => !before.voters.includes(id)).length;
  assert.ok(difference <= 1);
}
