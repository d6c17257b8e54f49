import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface SimOptions {
  readonly mode: 'soak' | 'seed' | 'mutations' | 'replay';
  readonly seconds: number;
  /** First seed of a soak, or the seed to run. */
  readonly seed: number;
  readonly nodes: number | null;
  readonly machine: 'model' | 'sqlite';
  readonly file: string;
  readonly mutation: string | null;
  readonly shrink: boolean;
  readonly verbose: boolean;
  readonly nightly: boolean;
  readonly workers: number;
}

/** How to use it. */
export const USAGE = `npm run sim -- [options]
  --seconds N     run seeds for so long (60)
  --from N        first seed (drawn from the calendar)
  --seed N        run one seed twice and compare the traces
  --nodes N       this many founders instead of a drawn number
  --machine M     model or sqlite (model)
  --shrink        make what fails small
  --replay FILE   run a saved plan
  --mutation M    with one deliberate bug
  --mutations     find every deliberate bug
  --workers N     processes (2)
  --nightly       a counter of zero is a failure
  --verbose       print every event`;

/** Reads the command line. @throws {TypeError} when it is not one */
export function parseOptions(args: readonly string[], today: number): SimOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      from: { type: 'string' },
      seed: { type: 'string' },
      nodes: { type: 'string' },
      machine: { type: 'string', default: 'model' },
      shrink: { type: 'boolean', default: false },
      replay: { type: 'string' },
      mutation: { type: 'string' },
      mutations: { type: 'boolean', default: false },
      workers: { type: 'string', default: '2' },
      nightly: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
  if (values.machine !== 'model' && values.machine !== 'sqlite') {
    throw new TypeError(`--machine is model or sqlite, not ${values.machine}`);
  }
  const mode = values.mutations
    ? 'mutations'
    : values.replay !== undefined
      ? 'replay'
      : values.seed !== undefined
        ? 'seed'
        : 'soak';
  return {
    mode,
    seconds: numberOf(values.seconds, 'seconds'),
    seed: numberOf(values.seed ?? values.from ?? String(today), 'seed'),
    nodes: values.nodes === undefined ? null : numberOf(values.nodes, 'nodes'),
    machine: values.machine,
    file: values.replay ?? '',
    mutation: values.mutation ?? null,
    shrink: values.shrink,
    verbose: values.verbose,
    nightly: values.nightly,
    workers: numberOf(values.workers, 'workers'),
  };
}

function numberOf(text: string, name: string): number {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new TypeError(`--${name} is a number, not ${text}`);
  return number;
}
