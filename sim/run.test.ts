import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kindOf } from './kinds.ts';
import { findMutation } from './mutation-proof.ts';
import { MUTATIONS } from './mutations.ts';
import { drawPlan, type Plan } from './plan.ts';
import { run } from './run.ts';
import { shrink } from './shrink.ts';

/** Mutations that the first seeds find: a sample for every push, the rest is `--mutations`. */
const QUICK = ['promise-before-durable', 'lose-hard-state', 'apply-twice', 'read-here-and-now'];

test('run() holds every invariant for the first seeds', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const { failure } = run(drawPlan(seed));
    assert.equal(failure, null, `seed ${seed}: ${failure?.message}`);
  }
});

test('run() gives the same trace twice, and another for another seed', () => {
  const plan = drawPlan(2);
  assert.equal(run(plan).hash, run(plan).hash);
  assert.notEqual(run(plan).hash, run(drawPlan(3)).hash);
});

test('run() takes a plan that was saved', () => {
  const plan = drawPlan(12);
  const saved = JSON.parse(JSON.stringify(plan)) as Plan;
  assert.equal(run(saved).hash, run(plan).hash);
});

test('run() holds every invariant with the SQLite machine', () => {
  for (let seed = 14; seed <= 15; seed++) {
    const { failure } = run(drawPlan(seed, { machine: 'sqlite' }), { kind: kindOf('sqlite') });
    assert.equal(failure, null, `seed ${seed}: ${failure?.message}`);
  }
});

for (const name of QUICK) {
  test(`run() finds the deliberate bug ${name}`, () => {
    const mutation = MUTATIONS.find((candidate) => candidate.name === name);
    assert.ok(mutation !== undefined);
    assert.notEqual(findMutation(mutation).found, null);
  });
}

test('shrink() leaves a plan that a person can read, and that fails alike', () => {
  const mutation = MUTATIONS.find(({ name }) => name === 'forget-term-at-restart');
  assert.ok(mutation !== undefined);
  const plan = drawPlan(findMutation(mutation).found ?? 0);
  const before = run(plan, { mutation });
  assert.ok(before.failure !== null);
  const { plan: small, report } = shrink(plan, { mutation }, 60);
  assert.equal(report.failure?.invariant, before.failure.invariant);
  assert.ok(small.faults.length <= 4, `${small.faults.length} faults are left`);
});

test('shrink() lets a smaller plan break the same rule on another node, at another entry', () => {
  const mutation = MUTATIONS.find(({ name }) => name === 'acknowledge-before-sync');
  assert.ok(mutation !== undefined);
  const plan = drawPlan(1, { nodes: 3 });
  const { plan: small, report } = shrink(plan, { mutation });
  assert.equal(report.failure?.invariant, 'I8');
  assert.ok(small.faults.length <= 3, `${small.faults.length} of ${plan.faults.length} are left`);
});
