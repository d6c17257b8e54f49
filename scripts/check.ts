// npm run check: everything that can be said about the code without running the product.
//
//   npm run check                every step; nothing is written
//   npm run check -- lint tidy   some steps
//   npm run fix                  formats, and lets the linter repair what it can

import { spawn } from 'node:child_process';

import { ROOT } from './root.ts';

/** One step: a JavaScript file and its arguments, run with this Node. */
interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

const OXFMT = 'node_modules/oxfmt/bin/oxfmt';
const OXLINT = ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '-f', 'unix'];
const TSC = 'node_modules/typescript/bin/tsc';

const CHECK: readonly Step[] = [
  { name: 'format', args: [OXFMT, '--check'] },
  { name: 'lint', args: OXLINT },
  { name: 'types', args: [TSC, '-p', 'tsconfig.json'] },
  { name: 'pure', args: [TSC, '-p', 'tsconfig.pure.json'] },
  { name: 'tidy', args: ['scripts/tidy.ts'] },
  { name: 'units', args: ['scripts/test.ts', 'src', 'sim', 'scripts'] },
];

const FIX: readonly Step[] = [
  { name: 'lint', args: [...OXLINT, '--fix'] },
  { name: 'format', args: [OXFMT, '--write'] },
];

const args = process.argv.slice(2);
const names = args.filter((arg) => arg !== '--fix');
const known = args.includes('--fix') ? FIX : CHECK;
const unknown = names.filter((name) => !known.some((step) => step.name === name));
if (unknown.length > 0) {
  const steps = known.map((step) => step.name).join(', ');
  console.error(`✖ There is no step ${unknown.join(', ')}. The steps are ${steps}.`);
  process.exitCode = 2;
} else {
  const wanted = known.filter((step) => names.length === 0 || names.includes(step.name));
  const failed: string[] = [];
  for (const step of wanted) if (!(await passes(step))) failed.push(step.name);
  if (failed.length > 0) console.error(`✖ Failed: ${failed.join(', ')}`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

/** Runs one step and prints what it said only when it failed. */
async function passes(step: Step): Promise<boolean> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, step.args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const { promise: exit, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('close', resolve);
  const ok = (await exit) === 0;
  const tookMs = Math.round(performance.now() - startedMs);
  console.log(`${ok ? '✔' : '✖'} ${step.name} (${tookMs} ms)`);
  if (!ok) process.stdout.write(Buffer.concat(output));
  return ok;
}
