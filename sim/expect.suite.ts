/** What the tests of handwritten plans ask. */
import assert from 'node:assert/strict';

import { addCoverage, type Coverage, noCoverage } from './counters.ts';
import { MUTATIONS } from './mutations.ts';
import type { Plan } from './plan.ts';
import { type Report, run } from './run.ts';

/** Runs plans that must hold, and returns what happened in all of them. */
export function expectHolds(plans: readonly Plan[]): Coverage {
  const coverage = noCoverage();
  for (const plan of plans) {
    const report = run(plan);
    assert.equal(report.failure, null, `seed ${plan.seed}: ${report.failure?.message}`);
    assert.equal(report.unavailable, false, `seed ${plan.seed}: a majority is gone`);
    addCoverage(coverage, report.coverage);
  }
  return coverage;
}

/** Runs plans with a deliberate bug until one fails: so the same plans could fail. */
export function expectFinds(name: string, plans: readonly Plan[]): Report {
  const mutation = MUTATIONS.find((candidate) => candidate.name === name);
  assert.ok(mutation !== undefined, `there is no mutation ${name}`);
  for (const plan of plans) {
    const report = run(plan, { mutation });
    if (report.failure !== null) return report;
  }
  return assert.fail(`${name} escaped ${plans.length} plans`);
}

/** The same plan with several seeds. */
export function seeds(count: number, plan: (seed: number) => Plan): Plan[] {
  return Array.from({ length: count }, (_unused, at) => plan(at + 1));
}
