import { readRows } from '../ask.ts';
import type { Audit, FoundWrite, Ledger } from './ledger.ts';
import { MONEY, MONEY_TOTAL, pageStatement, TOTAL } from './schema.ts';

const PAGE_ROWS = 10_000;
const TIMEOUT_MS = 20_000;

/** What a cluster that has come to rest holds, compared with the ledger. */
export interface FinalCheck {
  readonly audit: Audit;
  /** Totals that do not add up. */
  readonly violations: readonly string[];
}

/** Reads everything at level linearizable from one node. No write may be under way. */
export async function checkAtRest(
  url: string,
  ledger: Ledger,
  writers: number,
): Promise<FinalCheck> {
  const found: FoundWrite[] = [];
  for (let writer = 0; writer < writers; writer++) {
    for await (const write of writesOf(url, writer)) found.push(write);
  }
  const rows = found.reduce((sum, { copies }) => sum + copies, 0);
  const question = { url, timeoutMs: TIMEOUT_MS };
  const results = await readRows(question, 'linearizable', [TOTAL, MONEY]);
  const [total = NaN, money = NaN] = results.map((result) => result[0]?.[0]);
  const violations: string[] = [];
  if (total !== rows) violations.push(`the counter says ${total}, and there are ${rows} writes`);
  if (money !== MONEY_TOTAL) violations.push(`the accounts hold ${money}, not ${MONEY_TOTAL}`);
  return { audit: ledger.audit(found), violations };
}

async function* writesOf(url: string, writer: number): AsyncGenerator<FoundWrite> {
  const question = { url, timeoutMs: TIMEOUT_MS };
  for (let from = 0, more = true; more;) {
    const statement = pageStatement({ writer, sequence: from }, PAGE_ROWS);
    const [rows = []] = await readRows(question, 'linearizable', [statement]);
    for (const [sequence = NaN, copies = NaN] of rows) yield { writer, sequence, copies };
    from = (rows.at(-1)?.[0] ?? 0) + 1;
    more = rows.length === PAGE_ROWS;
  }
}
