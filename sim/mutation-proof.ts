import { assert } from '../src/base/assert.ts';
import { kindOf } from './kinds.ts';
import { type Mutation, MUTATIONS } from './mutations.ts';
import { drawPlan } from './plan.ts';
import { run } from './run.ts';

/** How a deliberate bug was found, or not. */
export interface Proof {
  readonly name: string;
  /** The seed that found it, counted from 1; null when none of its seeds did. */
  readonly found: number | null;
  /** The invariant it broke. */
  readonly by: string;
}

/**
 * Runs seeds until one finds the bug, and no further than it says. That one must hold without the
 * bug: else it proves nothing.
 */
export function findMutation(mutation: Mutation, seedsMax: number = mutation.seeds): Proof {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const nodes = mutation.setup?.nodes;
    const plan = drawPlan(seed, nodes === undefined ? {} : { nodes });
    const setup = { ...plan.setup, ...mutation.setup };
    const faults = [...plan.faults, ...(mutation.faults ?? [])].toSorted((l, r) => l.at - r.at);
    const bent = { ...plan, setup, faults };
    const kind = kindOf('model');
    const { failure } = run(bent, { mutation, kind });
    if (failure === null) continue;
    const healthy = run(bent, { kind }).failure;
    assert(healthy === null, () => `Without ${mutation.name}, too: ${healthy?.message}`);
    return { name: mutation.name, found: seed, by: failure.invariant };
  }
  return { name: mutation.name, found: null, by: '' };
}

/** Finds all of them, or the one named, and prints the list; whether none escaped. */
export function proveMutations(name: string | null): boolean {
  const chosen = MUTATIONS.filter((mutation) => name === null || mutation.name === name);
  let escaped = 0;
  for (const mutation of chosen) {
    const { found, by } = findMutation(mutation);
    if (found === null) escaped++;
    const verdict = found === null ? `ESCAPED ${mutation.seeds} seeds` : `seed ${found}, ${by}`;
    console.log(`${mutation.name.padEnd(30)} ${verdict.padEnd(22)} ${mutation.what}`);
  }
  console.log(`${chosen.length - escaped} of ${chosen.length} deliberate bugs found`);
  return escaped === 0;
}
