import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { kindOf } from './kinds.ts';
import type { Plan } from './plan.ts';
import { run } from './run.ts';

/** A plan that once broke an invariant, and the story of it. */
interface Regression {
  readonly story: string;
  readonly plan: Plan;
}

const directory = new URL('regressions/', import.meta.url);

for (const name of readdirSync(directory).sort()) {
  const text = readFileSync(new URL(name, directory), 'utf8');
  const { story, plan } = JSON.parse(text) as Regression;
  test(`regression ${name}: ${story}`, () => {
    const { failure } = run(plan, { kind: kindOf(plan.setup.machine) });
    assert.equal(failure, null, failure?.message);
  });
}
