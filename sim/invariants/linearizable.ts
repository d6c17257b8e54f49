import type { Index } from '../../src/raft/entry.ts';
import type { History, Record } from '../history.ts';
import { checkLinearizability } from '../linearizability.ts';
import type { Model, Op } from '../model.ts';
import { Violation } from '../watch.ts';
import { requireWitness } from '../witness.ts';

/** What both judges found. */
export interface Judgement {
  readonly model: Model;
  /** Keys the search gave up on. */
  readonly unknown: number;
  readonly keys: number;
}

/** What an answer from a spoiled state says: a read nothing, a write that it may have happened. */
function believed(record: Record): readonly Record[] {
  if (!record.wrong) return [record];
  if (record.level !== 'write') return [];
  return [{ ...record, outcome: 'unknown', returnedAt: Infinity }];
}

/** I10: answers are linearizable where that was promised, and true of some state everywhere. */
export function requireLinearizable(
  history: History,
  log: { readonly last: Index; at(index: Index): Op | null },
): Judgement {
  const model = requireWitness(history, log);
  const verdicts = checkLinearizability(history.records.flatMap(believed));
  const violated = verdicts.find((verdict) => verdict.kind === 'violated');
  if (violated !== undefined) {
    throw new Violation(
      'I10',
      `Linearizability: no order explains the ${violated.records.length} operations on ` +
        violated.key,
    );
  }
  const unknown = verdicts.filter(({ kind }) => kind === 'unknown').length;
  return { model, unknown, keys: verdicts.length };
}
