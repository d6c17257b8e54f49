import type { Options } from './options.ts';
import { mediansOf, ratioOf, verdictOf } from './report.ts';
import type { Outcome, Stage } from './run.ts';

/** Everything a run found as JSON, every sample of it, for those who draw or compare. */
export function toDocument(options: Options, outcome: Outcome): string {
  const { machine, stages, plain, failovers, wrong } = outcome;
  const document = {
    madeAt: new Date().toISOString(),
    command: ['npm', 'run', 'bench', '--', ...process.argv.slice(2)].join(' '),
    machine,
    timing: options.timing,
    stages: stages.map(stageDocument),
    plain,
    failovers: Object.fromEntries(failovers),
    wrong,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function stageDocument({ pair, syncDelayMs, rows }: Stage): object {
  return {
    syncDelayMs,
    ...pair,
    rows: rows.map((row) => ({
      name: row.workload.name,
      ratio: ratioOf(row, pair),
      ratioMin: row.workload.ratioMin,
      verdict: verdictOf(row, pair),
      medians: Object.fromEntries(
        [pair.ours, pair.rival]
          .filter((name) => name !== null)
          .map((name) => [name, mediansOf(row, name)]),
      ),
      samples: row.samples,
    })),
  };
}
