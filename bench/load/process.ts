/**
 * The process that makes the load, apart from the one that runs the benchmark: its event loop does
 * nothing else. It takes one job at a time over the channel to its parent and ends with it.
 */
import { runClosedLoop } from './closed-loop.ts';
import type { LoadJob, LoadReport } from './job.ts';

process.on('message', (job) => void report(job as LoadJob));
// Ctrl-C reaches the whole terminal; the parent decides when this process ends.
process.on('SIGINT', () => undefined);

async function report(job: LoadJob): Promise<void> {
  const result = await runClosedLoop(job).then(
    (done): LoadReport => ({ kind: 'done', result: done }),
    (error: unknown): LoadReport => ({ kind: 'failed', message: String(error) }),
  );
  process.send?.(result);
}
