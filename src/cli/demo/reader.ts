import { below, type Random } from '../../base/prng.ts';
import { readRows } from '../ask.ts';
import { pause } from '../wait.ts';
import type { Ledger } from './ledger.ts';
import { missingStatement, MONEY, MONEY_TOTAL, TOTAL } from './schema.ts';

/** Acknowledged writes that one read looks for, by writer. */
const LOOKED_FOR = 10;
const TIMEOUT_MS = 2000;
/** Between reads: nodes that start again need the processors more than the count needs reads. */
const PAUSE_MS = 20;

/** What readers found. */
export interface Reads {
  done: number;
  /** One line for every promise that was broken. */
  readonly violations: string[];
}

/** What a reader needs. */
export interface ReaderSettings {
  readonly urls: readonly string[];
  readonly ledger: Ledger;
  readonly reads: Reads;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * Reads at level linearizable, from a node at random, until told to stop. Every read must see all
 * that was acknowledged, and all that any reader had seen, before it began.
 */
export async function runReader(settings: ReaderSettings): Promise<void> {
  const { urls, ledger, reads, random, signal } = settings;
  let seen = 0;
  while (!signal.aborted) {
    const url = urls[below(random, urls.length)] ?? '';
    const expected = ledger.recentlyAcknowledged(LOOKED_FOR);
    const atLeast = Math.max(seen, ledger.count('acknowledged'));
    try {
      const statements = [TOTAL, MONEY, missingStatement(expected)];
      const results = await readRows({ url, timeoutMs: TIMEOUT_MS }, 'linearizable', statements);
      const [total = NaN, money = NaN, missing = NaN] = results.map((rows) => rows[0]?.[0]);
      reads.done++;
      seen = Math.max(seen, total);
      check(reads, total >= atLeast, `${url} saw ${total} writes when there were ${atLeast}`);
      check(reads, money === MONEY_TOTAL, `${url} saw ${money} in all accounts`);
      check(reads, missing === 0, `${url} did not see ${missing} acknowledged writes`);
    } catch {
      // Refusing is a node's right while it is down or has no leader; answering wrongly is not.
    }
    await pause(PAUSE_MS, signal);
  }
}

function check(reads: Reads, holds: boolean, violation: string): void {
  if (!holds) reads.violations.push(violation);
}
