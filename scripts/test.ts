// npm test: the units in one process, then each integration test in a process of its own.
//
//   npm test                          everything
//   npm test -- src/raft              a folder, or a file
//   npm test -- --test-only src/raft  flags go to `node --test`

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { listFiles } from './files.ts';
import { ROOT } from './root.ts';
import { type Counts, NO_COUNTS, addCounts, closingLines } from './testing/counts.ts';
import { planTests } from './testing/plan.ts';

/** How one kind of tests is run. */
interface Part {
  readonly name: string;
  readonly files: readonly string[];
  readonly flags: readonly string[];
  /** The whole part must end within this time, so that a hanging test hangs nobody. */
  readonly limitMs: number;
}

interface Outcome {
  readonly ok: boolean;
  readonly counts: Counts;
}

const plan = planTests(process.argv.slice(2), (path) => listFiles(ROOT, path));
const parts: readonly Part[] = [
  {
    name: 'units',
    files: plan.units,
    flags: ['--test-isolation=none', '--test-timeout=30000', ...plan.flags],
    limitMs: 4 * 60_000,
  },
  {
    // Two at a time: the smallest machine that runs these has two cores.
    name: 'integration tests',
    files: plan.integration,
    flags: ['--test-concurrency=2', '--test-timeout=300000', ...plan.flags],
    limitMs: 9 * 60_000,
  },
];

const startedMs = performance.now();
let counts = NO_COUNTS;
let ok = true;
for (const part of parts) {
  if (part.files.length === 0) continue;
  const outcome = await runPart(part);
  counts = addCounts(counts, outcome.counts);
  ok &&= outcome.ok;
}
if (counts.tests === 0) {
  console.error('✖ No test ran. Name a folder or a file with *.test.ts in it.');
  ok = false;
}
console.log(closingLines(counts, performance.now() - startedMs));
process.exitCode = ok ? 0 : 1;

/** Runs one part in a child that reports its counts; without counts it did not end well. */
async function runPart(part: Part): Promise<Outcome> {
  const reporter = fileURLToPath(new URL('./testing/reporter.ts', import.meta.url));
  const args = ['--test', `--test-reporter=${reporter}`, ...part.flags, ...part.files];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let counts: Counts | undefined;
  child.on('message', (message) => {
    counts = message as Counts;
  });
  const limit = setTimeout(() => {
    console.error(`✖ The ${part.name} did not end within ${part.limitMs / 60_000} minutes.`);
    child.kill('SIGKILL');
  }, part.limitMs);
  const { promise: exit, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('close', resolve);
  const code = await exit;
  clearTimeout(limit);
  if (counts === undefined) {
    console.error(`✖ The ${part.name} ended before they were over.`);
    return { ok: false, counts: { ...NO_COUNTS, tests: 1, failed: 1 } };
  }
  return { ok: code === 0 && counts.failed + counts.cancelled === 0, counts };
}
