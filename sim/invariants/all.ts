import type { Invariant } from '../watch.ts';
import { boundedResources } from './bounded-resources.ts';
import { committedIsDurable } from './committed-is-durable.ts';
import { configurationSafety } from './configuration-safety.ts';
import { electionSafety } from './election-safety.ts';
import { heardByQuorum } from './heard-by-quorum.ts';
import { leaderAppendOnly } from './leader-append-only.ts';
import { leaderCompleteness } from './leader-completeness.ts';
import { logMatching } from './log-matching.ts';
import { monotonicState } from './monotonic-state.ts';
import { noUndurablePromises } from './no-undurable-promises.ts';
import { stateMachineSafety } from './state-machine-safety.ts';

/**
 * The invariants of every step, fresh for one run, in the order they are asked. I10 to I12 judge
 * whole histories (`linearizable.ts`, `exactly-once.ts`, `convergence.ts`); I14 needs the cores
 * themselves (`lease-exclusion.ts`).
 */
export function stepInvariants(): Invariant[] {
  return [
    electionSafety(),
    leaderAppendOnly(),
    logMatching(),
    leaderCompleteness(),
    committedIsDurable(),
    stateMachineSafety(),
    monotonicState(),
    noUndurablePromises(),
    configurationSafety(),
    boundedResources(),
    heardByQuorum(),
  ];
}
