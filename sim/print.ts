import type { Failure, Report } from './run.ts';
import type { TraceEvent } from './trace.ts';

/** What the two letters of a line mean. */
export const LEGEND = `time in virtual ms, node, then:
  F  follows   P  pre-candidate   C  candidate   L  leads   N  learner (term, end of log, commit)
  <- received a message       cl a client's operation ended    cf configuration in force
  ++ connected  -- lost       !! refused by a peer             lg said by the node's logger
  up process starts  xx dies  ko ends by itself  no did not start
  lo power lost: what was left of unsynced writes   re starts as recovering   bf a bit flipped
  in a snapshot was taken over   op an operator's wish ended   ** the plan strikes`;

/** One event as a line. */
export function lineOf({ at, node, sign, detail }: TraceEvent): string {
  const who = node < 0 ? '  ' : `n${node + 1}`;
  const text = typeof detail === 'string' ? detail : detail();
  return `${at.toFixed(2).padStart(10)} ${who} ${sign} ${text}`;
}

/** A failure as a person wants it: what broke, how it came to that, how to see it again. */
export function describeFailure(report: Report, failure: Failure, command: string): string {
  const { plan, hash } = report;
  return [
    ...failure.last.map(lineOf),
    '',
    LEGEND,
    '',
    `seed ${plan.seed} (trace ${hash}) breaks ${failure.invariant} at ${failure.at.toFixed(2)} ms:`,
    `  ${failure.message}`,
    `again: ${command}`,
  ].join('\n');
}
