/** `npm run sim`: runs seeds, replays and shrinks failures, proves itself on deliberate bugs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { messageOf } from '../src/base/errors.ts';
import { kindOf } from './kinds.ts';
import { proveMutations } from './mutation-proof.ts';
import { MUTATIONS } from './mutations.ts';
import { parseOptions, type SimOptions, USAGE } from './options.ts';
import { drawPlan, type Plan, type Wishes } from './plan.ts';
import { describeFailure, lineOf } from './print.ts';
import { type Report, run, type RunOptions } from './run.ts';
import { shrink } from './shrink.ts';
import { soak } from './soak.ts';

main();

function main(): void {
  let options: SimOptions;
  try {
    options = parseOptions(process.argv.slice(2), Math.floor(Date.now() / 1000) * 1000);
    requireMutation(options.mutation);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  switch (options.mode) {
    case 'soak':
      soak(options, (report) => {
        fail(report, options);
      });
      return;
    case 'seed':
      one(drawPlan(options.seed, wishesOf(options)), options);
      return;
    case 'replay': {
      const plan = readPlan(options.file);
      if (plan !== null) one(plan, options);
      return;
    }
    case 'mutations':
      if (!proveMutations(options.mutation)) process.exitCode = 1;
  }
}

/** @throws {TypeError} for a deliberate bug that is none: runs without it prove nothing */
function requireMutation(name: string | null): void {
  if (name === null || MUTATIONS.some((mutation) => mutation.name === name)) return;
  const names = MUTATIONS.map((mutation) => mutation.name).join(' ');
  throw new TypeError(`--mutation ${name}: there is none of that name. There are: ${names}`);
}

/** A saved plan, alone or with its story; null, and said so, when the file holds none. */
function readPlan(file: string): Plan | null {
  try {
    const saved = JSON.parse(readFileSync(file, 'utf8')) as Plan | { readonly plan: Plan };
    const plan = 'plan' in saved ? saved.plan : saved;
    if (Array.isArray(plan.faults)) return plan;
    console.error(`Cannot replay ${file}: it holds no plan, which has a seed, a setup and faults`);
  } catch (error) {
    console.error(`Cannot replay ${file}: ${messageOf(error)}`);
  }
  process.exitCode = 2;
  return null;
}

/** Runs one plan twice: it must come out the same. */
function one(plan: Plan, options: SimOptions): void {
  const choices = choicesOf(options, plan);
  const report = run(plan, {
    ...choices,
    ...(options.verbose ? { listener: (event) => console.log(lineOf(event)) } : {}),
  });
  const again = run(plan, choices);
  console.log(`trace ${report.hash}, ${report.events} events in ${report.ranMs.toFixed(0)} ms`);
  if (again.hash !== report.hash) {
    console.error(
      `The same plan gave trace ${again.hash} the second time: something is not determined`,
    );
    process.exitCode = 1;
  }
  if (report.failure === null) console.log(`ok ${JSON.stringify(report.operations)}`);
  else fail(report, options);
}

/** Prints a failure, small if wished, and where its plan is. */
function fail(report: Report, options: SimOptions): void {
  process.exitCode = 1;
  const shown = options.shrink
    ? shrink(report.plan, choicesOf(options, report.plan)).report
    : report;
  const file = `${tmpdir()}/quorlite-sim-${report.plan.seed}.json`;
  writeFileSync(file, `${JSON.stringify(shown.plan, null, 1)}\n`);
  const command = `npm run sim -- --replay ${file}${flagsOf(options)}`;
  if (shown.failure !== null) console.error(describeFailure(shown, shown.failure, command));
  if (options.shrink) console.error(JSON.stringify(shown.plan, null, 1));
}

function flagsOf({ mutation, machine }: SimOptions): string {
  const bug = mutation === null ? '' : ` --mutation ${mutation}`;
  return machine === 'model' ? bug : `${bug} --machine ${machine}`;
}

function wishesOf({ nodes, machine }: SimOptions): Wishes {
  return { machine, ...(nodes === null ? {} : { nodes }) };
}

function choicesOf(options: SimOptions, plan: Plan): RunOptions {
  const mutation = MUTATIONS.find(({ name }) => name === options.mutation) ?? null;
  return { mutation, kind: kindOf(plan.setup.machine) };
}
