// npm run bench: our cluster beside rqlite's and plain SQLite, in one run. See docs/BENCHMARKS.md.

import { writeFileSync } from 'node:fs';

import { toDocument } from './document.ts';
import { formatMachine } from './machine.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { formatFailovers, formatPlain, formatRows, problemsOf, verdictOf } from './report.ts';
import { type Outcome, runBenchmark } from './run.ts';

/** The whole run takes less than this, or something hangs. */
const LIMIT_MS = 12 * 60_000;
const INTERRUPTED = 130;
const USAGE = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options | null;
  try {
    options = parseOptions(args);
  } catch (error) {
    console.error(`bench: ${messageOf(error)}; see npm run bench -- --help`);
    return USAGE;
  }
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort()).once('SIGTERM', () => interrupt.abort());
  const limit = AbortSignal.timeout(LIMIT_MS);
  const startedMs = performance.now();
  try {
    const signal = AbortSignal.any([interrupt.signal, limit]);
    const outcome = await runBenchmark(options, signal, showProgress);
    showProgress('');
    print(outcome);
    console.log(`\n${((performance.now() - startedMs) / 1e3).toFixed(0)} s`);
    if (options.json !== null) writeFileSync(options.json, toDocument(options, outcome));
    return exitCode(options, outcome);
  } catch (error) {
    showProgress('');
    if (interrupt.signal.aborted) return INTERRUPTED;
    const minutes = LIMIT_MS / 60_000;
    console.error(limit.aborted ? `bench: not done after ${minutes} minutes` : messageOf(error));
    return 1;
  }
}

function print({ machine, stages, plain, failovers, wrong }: Outcome): void {
  console.log(formatMachine(machine));
  for (const { pair, syncDelayMs, rows } of stages) {
    if (rows.length === 0) continue;
    const slow = `Every sync of the disk ${syncDelayMs} ms slower, on our side only:`;
    console.log(syncDelayMs === 0 ? '' : `\n${slow}\n`);
    console.log(formatRows(rows, pair, syncDelayMs === 0));
  }
  if (failovers.size > 0) console.log(`\n${formatFailovers(failovers)}`);
  if (plain.length > 0) console.log(`\nPlain SQLite, one caller:\n\n${formatPlain(plain)}`);
  for (const problem of wrong) console.error(`WRONG: ${problem}`);
  if (wrong.length === 0) console.log('\nAll acknowledged rows are there, on every node, once.');
}

/** Lost or doubled rows are always an error; slowness only when it was asked for. */
function exitCode(options: Options, { stages, wrong }: Outcome): number {
  if (wrong.length > 0) return 1;
  if (!options.assert) return 0;
  const bad = stages
    .filter(({ syncDelayMs }) => syncDelayMs === 0)
    .some(({ pair, rows }) => rows.some((row) => verdictOf(row, pair) === 'FAIL'));
  const failed = stages.some(({ rows }) => problemsOf(rows).length > 0);
  return bad || failed ? 1 : 0;
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
