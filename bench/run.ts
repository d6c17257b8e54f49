import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Child } from './child.ts';
import { type Failovers, measureFailovers } from './failover.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { Options } from './options.ts';
import { PlainBaseline, type PlainSamples } from './plain.ts';
import type { Pair } from './report.ts';
import {
  type Contender,
  type LoadProcess,
  measureRounds,
  type RowSamples,
  warmUp,
} from './rounds.ts';
import { type Cluster, findRoles } from './systems/cluster.ts';
import { compareRows, prepareCluster } from './systems/fixture.ts';
import { startQuorlite } from './systems/quorlite.ts';
import { downloadRqlite, RQLITE_VERSION } from './systems/rqlite-download.ts';
import { startRqlite } from './systems/rqlite.ts';
import { isWrite, type Workload } from './workloads/workload.ts';

/** One table. */
export interface Stage {
  readonly pair: Pair;
  readonly syncDelayMs: number;
  readonly rows: readonly RowSamples[];
}

/** Everything a run found. */
export interface Outcome {
  readonly machine: Machine;
  readonly stages: readonly Stage[];
  readonly plain: readonly PlainSamples[];
  readonly failovers: ReadonlyMap<string, Failovers>;
  /** Rows that are missing or doubled: the figures are worth nothing then. */
  readonly wrong: readonly string[];
}

/** Hears what is done at the moment. */
export type Progress = (text: string) => void;

const QUORLITE = 'quorlite';
const RQLITE = `rqlite ${RQLITE_VERSION}`;
/** Rows are counted with the strictest read there is. */
const COUNT_LEVEL = 'strong';

/** Runs the benchmark. Whatever happens, all its processes have ended and its files are gone. */
export async function runBenchmark(
  options: Options,
  signal: AbortSignal,
  progress: Progress,
): Promise<Outcome> {
  await using resources = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(options.data ?? tmpdir(), 'quorlite-bench-'));
  resources.defer(async () => rm(directory, { recursive: true, force: true }));
  const load: LoadProcess = resources.use(
    new Child('load', new URL('./load/process.ts', import.meta.url)),
  );
  // Nobody waits for a measurement that was interrupted.
  signal.addEventListener('abort', () => void load[Symbol.asyncDispose]());
  const found = { failovers: new Map<string, Failovers>(), wrong: [], warm: new Set<Contender>() };
  const run: Run = { options, signal, progress, load, directory, ...found };
  const machine = describeMachine(directory);
  const rqlite = options.systems.has('rqlite') ? await startRival(run, resources) : null;
  const first = await firstStage(run, rqlite);
  const delayed = await delayedStage(run, rqlite);
  if (rqlite !== null) await checkRows(run, rqlite);
  return {
    machine,
    stages: [first.stage, delayed].filter((stage) => stage !== null),
    plain: first.plain,
    failovers: run.failovers,
    wrong: run.wrong,
  };
}

/** What the parts of a run share. */
interface Run {
  readonly options: Options;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly load: LoadProcess;
  readonly directory: string;
  readonly failovers: Map<string, Failovers>;
  readonly wrong: string[];
  /** Who has been warmed up and still runs. */
  readonly warm: Set<Contender>;
}

/** Our cluster beside rqlite's and plain SQLite, all rows. */
async function firstStage(
  run: Run,
  rqlite: Contender | null,
): Promise<{ stage: Stage; plain: readonly PlainSamples[] }> {
  const { systems, selection, timing } = run.options;
  await using resources = new AsyncDisposableStack();
  const plain = systems.has('sqlite')
    ? resources.use(new PlainBaseline(selection.workloads))
    : null;
  await plain?.open(run.directory);
  const ours = systems.has('quorlite')
    ? await startOurs(run, resources, { name: QUORLITE, syncDelayMs: 0 })
    : null;
  const contenders = [ours, rqlite].filter((each) => each !== null);
  const onRound = async (): Promise<void> => plain?.measure(timing.plainMs);
  const rows = await measure(run, contenders, selection.workloads, onRound);
  if (selection.failover) {
    for (const { cluster } of contenders) await failover(run, cluster);
  }
  if (ours !== null) await checkRows(run, ours);
  run.wrong.push(...((await plain?.compareRows()) ?? []));
  const pair =
    ours === null
      ? { ours: RQLITE, rival: null }
      : { ours: QUORLITE, rival: rqlite === null ? null : RQLITE };
  return { stage: { pair, syncDelayMs: 0, rows }, plain: plain?.samples ?? [] };
}

/** Our cluster on a slow disk, the rows that write; null when that was not asked for. */
async function delayedStage(run: Run, rqlite: Contender | null): Promise<Stage | null> {
  const { systems, selection, syncDelayMs, quick } = run.options;
  // Only writes feel a slow disk; a quick run has no time to see that a follower's do, too.
  const workloads = selection.workloads.filter(
    ({ operation, role }) => isWrite(operation) && (role === 'leader' || !quick),
  );
  if (syncDelayMs === 0 || workloads.length === 0 || !systems.has('quorlite')) return null;
  await using resources = new AsyncDisposableStack();
  const name = `${QUORLITE} +${syncDelayMs} ms`;
  const ours = await startOurs(run, resources, { name, syncDelayMs });
  const contenders = [ours, rqlite].filter((each) => each !== null);
  const rows = await measure(run, contenders, workloads, async () => undefined);
  await checkRows(run, ours);
  return { pair: { ours: name, rival: rqlite === null ? null : RQLITE }, syncDelayMs, rows };
}

async function startOurs(
  run: Run,
  resources: AsyncDisposableStack,
  settings: { readonly name: string; readonly syncDelayMs: number },
): Promise<Contender> {
  run.progress(`starting ${settings.name}`);
  const directory = path.join(run.directory, `quorlite-${settings.syncDelayMs}`);
  return prepare(run, resources.use(await startQuorlite({ ...settings, directory })));
}

async function startRival(run: Run, resources: AsyncDisposableStack): Promise<Contender> {
  run.progress('starting rqlite');
  const binary = await downloadRqlite();
  const directory = path.join(run.directory, 'rqlite');
  return prepare(run, resources.use(await startRqlite(RQLITE, binary, directory)));
}

async function prepare(run: Run, cluster: Cluster): Promise<Contender> {
  await prepareCluster(cluster, run.signal);
  return { cluster, acknowledged: { person: 0, batch: 0, uncertain: false } };
}

async function measure(
  run: Run,
  contenders: readonly Contender[],
  workloads: readonly Workload[],
  onRound: () => Promise<void>,
): Promise<readonly RowSamples[]> {
  if (workloads.length === 0) return [];
  const { load, signal, progress } = run;
  const { timing } = run.options;
  const settings = { contenders, workloads, timing, load, signal, onRow: progress, onRound };
  await warmUp({ ...settings, contenders: contenders.filter((each) => !run.warm.has(each)) });
  for (const each of contenders) run.warm.add(each);
  return measureRounds(settings);
}

async function failover(run: Run, cluster: Cluster): Promise<void> {
  run.progress(`killing leaders of ${cluster.name}`);
  const result = await measureFailovers(cluster, run.options.timing.kills, run.signal);
  run.failovers.set(cluster.name, result);
  if (result.lost.length > 0) {
    run.wrong.push(`${cluster.name} lost ${result.lost.length} acknowledged writes in failovers`);
  }
}

async function checkRows(run: Run, { cluster, acknowledged }: Contender): Promise<void> {
  run.progress(`counting rows of ${cluster.name}`);
  await findRoles(cluster, run.signal);
  run.wrong.push(...(await compareRows(cluster, acknowledged, COUNT_LEVEL)));
}
