import { fork } from 'node:child_process';

import { addCoverage, COUNTERS, noCoverage } from './counters.ts';
import type { SimOptions } from './options.ts';
import type { Report } from './run.ts';

/** What a worker tells about a run; the plan and the trace only when it failed. */
export interface SoakNews {
  readonly report: Report;
}

/** Seeds of two workers never meet: worker w of n runs from + w, from + w + n, … */
export interface SoakOrder {
  readonly from: number;
  readonly step: number;
  readonly options: SimOptions;
}

/** Runs seeds on several processes for a while, then prints speed and coverage. */
export function soak(options: SimOptions, onFailure: (report: Report) => void): void {
  const started = performance.now();
  const coverage = noCoverage();
  const sum = {
    seeds: 0,
    virtualMs: 0,
    events: 0,
    ok: 0,
    failures: 0,
    unavailable: 0,
    unknownKeys: 0,
    keys: 0,
  };
  let running = options.workers;
  for (let worker = 0; worker < options.workers; worker++) {
    const child = fork(new URL('./soak-worker.ts', import.meta.url));
    const order: SoakOrder = { from: options.seed + worker, step: options.workers, options };
    child.on('message', ({ report }: SoakNews) => {
      sum.seeds++;
      sum.virtualMs += report.ranMs;
      sum.events += report.events;
      sum.ok += report.operations.ok;
      if (report.unavailable) sum.unavailable++;
      sum.unknownKeys += report.keysUnknown;
      sum.keys += report.keys;
      addCoverage(coverage, report.coverage);
      if (report.failure === null) return;
      sum.failures++;
      console.error(`seed ${report.plan.seed}: ${report.failure.message}`);
      if (sum.failures === 1) onFailure(report);
    });
    child.on('exit', (code) => {
      if (code !== 0) process.exitCode = 1;
      if (--running > 0) return;
      const realMs = performance.now() - started;
      const speed = (sum.virtualMs / realMs).toFixed(0);
      console.log(
        `${sum.seeds} seeds, ${(sum.virtualMs / 3_600_000).toFixed(2)} virtual hours in ` +
          `${(realMs / 1000).toFixed(0)} s: ${speed} times real time, ` +
          `${sum.events} events, ${sum.ok} answered operations, ` +
          `${sum.keys} histories (${sum.unknownKeys} too long to judge), ` +
          `${sum.unavailable} clusters left without a majority that could go on, ` +
          `${sum.failures} failures`,
      );
      for (const name of COUNTERS) console.log(`  ${name.padEnd(22)} ${coverage[name]}`);
      const never = COUNTERS.filter((name) => coverage[name] === 0);
      if (never.length > 0) console.log(`never seen: ${never.join(' ')}`);
      if (options.nightly && never.length > 0) process.exitCode = 1;
    });
    child.send(order);
  }
}
