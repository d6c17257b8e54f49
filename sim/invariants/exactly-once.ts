import type { History } from '../history.ts';
import { ACCOUNTS, BALANCE_AT_START, type Model } from '../model.ts';
import { Violation } from '../watch.ts';

/**
 * I11: at the end every acknowledged insert is there once, none that is known to have failed is
 * there, and none is there twice. Appended values likewise; the bank has what it started with.
 */
export function requireExactlyOnce(history: History, model: Model): void {
  const times = new Map<number, number>(model.ids);
  for (const list of model.lists.values()) {
    for (const value of list) times.set(value, (times.get(value) ?? 0) + 1);
  }
  for (const { op, outcome, client } of history.records) {
    if (op.kind !== 'insert' && op.kind !== 'append') continue;
    const count = times.get(op.value) ?? 0;
    const wrong =
      (outcome === 'ok' && count !== 1) || (outcome === 'failed' && count !== 0) || count > 1;
    if (!wrong) continue;
    throw new Violation(
      'I11',
      `${op.kind} of ${op.value} by client ${client} ended ${outcome} and is there ${count} times`,
    );
  }
  const total = model.run({ kind: 'total' });
  const expected = ACCOUNTS * BALANCE_AT_START;
  if (total !== expected) {
    throw new Violation('I11', `The bank holds ${String(total)} instead of ${expected}`);
  }
}
