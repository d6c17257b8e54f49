/**
 * The white-box judge: every answer names the place in the log it came from. The run's one log,
 * executed by the model in order, must give those answers, and places must not contradict the time
 * at which calls and answers were seen. Cheap, exact about whole transactions, precise when it
 * complains; `linearizability.ts` is the independent judge beside it.
 */
import type { Index } from '../src/raft/entry.ts';
import type { History, Record } from './history.ts';
import { Model, type Op, sameResult } from './model.ts';
import { Violation } from './watch.ts';

/** Judges a history against the log; returns the state at its end. */
export function requireWitness(
  history: History,
  log: { readonly last: Index; at(index: Index): Op | null },
): Model {
  const answered = history.records.filter(({ outcome }) => outcome === 'ok');
  requireRealTime(answered);
  const byIndex = new Map<Index, Record[]>();
  for (const record of answered) {
    const list = byIndex.get(record.index);
    if (list === undefined) byIndex.set(record.index, [record]);
    else list.push(record);
  }
  const model = new Model();
  for (let index = 0; index <= log.last; index++) {
    const op = index === 0 ? null : log.at(index);
    const result = op === null ? null : model.run(op);
    for (const record of byIndex.get(index) ?? []) {
      const expected = record.level === 'write' ? result : model.run(record.op);
      const same = record.level !== 'write' || isSameOp(op, record.op);
      if (same && (record.wrong || sameResult(expected, record.result))) continue;
      throw new Violation(
        'I10',
        `Witness: client ${record.client} was answered ${JSON.stringify(record.result)} for ` +
          `${JSON.stringify(record.op)} at ${index}; the log says ${JSON.stringify(expected)}` +
          (same ? '' : ` and holds ${JSON.stringify(op)} there`),
      );
    }
  }
  const beyond = answered.find(({ index }) => index > log.last);
  if (beyond !== undefined) {
    throw new Violation(
      'I10',
      `Witness: an answer names ${beyond.index}, the log ends at ${log.last}`,
    );
  }
  return model;
}

/** What returned before something else was called comes before it in the log. */
function requireRealTime(answered: readonly Record[]): void {
  const strong = answered.filter(({ level }) => level !== 'none' && level !== 'weak');
  const calls = [...strong].sort((left, right) => left.calledAt - right.calledAt);
  const returns = [...strong].sort((left, right) => left.returnedAt - right.returnedAt);
  let highest: Record | null = null;
  let at = 0;
  for (const record of calls) {
    let next = returns[at];
    while (next !== undefined && next.returnedAt < record.calledAt) {
      if (highest === null || next.index > highest.index) highest = next;
      next = returns[++at];
    }
    if (highest === null) continue;
    const mustExceed = record.level === 'write';
    if (record.index > highest.index || (!mustExceed && record.index === highest.index)) continue;
    throw new Violation(
      'I10',
      `Witness: client ${record.client}'s ${record.op.kind} (${record.level}) called at ` +
        `${record.calledAt.toFixed(2)} on n${record.node + 1} was served at ${record.index}, but ` +
        `client ${highest.client}'s ${highest.op.kind} had returned ${highest.index} at ` +
        highest.returnedAt.toFixed(2),
    );
  }
}

function isSameOp(left: Op | null, right: Op): boolean {
  return left !== null && JSON.stringify(left) === JSON.stringify(right);
}
