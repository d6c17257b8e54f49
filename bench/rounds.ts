/**
 * Rounds in which the systems take turns, row by row: what disturbs the machine for a while then
 * disturbs all of them, and the ratio within a round stays true when the figures do not.
 */
import type { Child } from './child.ts';
import type { LoadJob, LoadReport, LoadResult } from './load/job.ts';
import type { Timing } from './options.ts';
import { type Cluster, findRoles, targetOf } from './systems/cluster.ts';
import { type Acknowledged, acknowledge } from './systems/fixture.ts';
import type { Operation, Role, Workload } from './workloads/workload.ts';

/** A cluster that is measured, and what it acknowledged so far. */
export interface Contender {
  readonly cluster: Cluster;
  readonly acknowledged: Acknowledged;
}

/** One measurement; a row that failed has a reason instead of a result. */
export type Sample = { readonly round: number; readonly cluster: string } & (
  | { readonly result: LoadResult; readonly problem: null }
  | { readonly result: null; readonly problem: string }
);

/** One row of the table, all rounds of all clusters. */
export interface RowSamples {
  readonly workload: Workload;
  readonly samples: readonly Sample[];
}

/** The process that makes the load. */
export type LoadProcess = Child<LoadJob, LoadReport>;

/** What to measure. */
export interface RoundsSettings {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  readonly timing: Timing;
  readonly load: LoadProcess;
  readonly signal: AbortSignal;
  /** Called between the rows of a round, with what is measured next. */
  readonly onRow: (text: string) => void;
  /** Called at the end of each round. */
  readonly onRound: () => Promise<void>;
}

/** Measures every row of every cluster in every round. */
export async function measureRounds(settings: RoundsSettings): Promise<readonly RowSamples[]> {
  const { contenders, workloads, timing, signal } = settings;
  const rows = workloads.map((workload) => ({ workload, samples: new Array<Sample>() }));
  const untilMs = performance.now() + timing.budgetMs;
  for (let round = 0; round < timing.rounds; round++) {
    if (round > 0 && performance.now() > untilMs) break;
    for (const { workload, samples } of rows) {
      settings.onRow(`round ${round + 1} of ${timing.rounds}: ${workload.name}`);
      // Whoever comes second finds caches that the first has filled with its own.
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
        signal.throwIfAborted();
        samples.push(await measureRow(settings, contender, workload, round));
      }
    }
    await settings.onRound();
  }
  return rows;
}

/** What brings each cluster's code and caches to temperature; not measured. */
const WARM_UP: readonly Pick<Workload, 'role' | 'clients' | 'operation' | 'rqliteOperation'>[] = [
  atNode('leader', 16, { kind: 'insert' }),
  atNode('leader', 1, { kind: 'insert' }),
  atNode('follower', 16, { kind: 'insert' }),
  atNode('leader', 4, { kind: 'transaction', rows: 100 }),
  atNode('leader', 16, { kind: 'point-read', level: 'weak', form: 'text' }),
  {
    ...atNode('follower', 16, { kind: 'point-read', level: 'linearizable', form: 'text' }),
    rqliteOperation: { kind: 'point-read', level: 'strong', form: 'text' },
  },
];

/**
 * Does each kind of operation that will be measured for a while, at the same nodes: V8 goes on
 * compiling a server's code for seconds, which took 15 % of its CPU in the first round.
 */
export async function warmUp(settings: RoundsSettings): Promise<void> {
  const { contenders, workloads, signal, onRow } = settings;
  const timing = { ...settings.timing, warmUpMs: 0, measureMs: settings.timing.settleMs };
  const needed = WARM_UP.filter(({ role, operation: { kind } }) =>
    workloads.some((each) => each.role === role && each.operation.kind === kind),
  );
  for (const contender of contenders) {
    const { name } = contender.cluster;
    for (const each of needed) {
      onRow(`warming up ${name}`);
      signal.throwIfAborted();
      const workload: Workload = { ...each, name: 'warm-up', ratioMin: null, quick: true };
      const { problem } = await measureRow({ ...settings, timing }, contender, workload, 0);
      if (problem !== null) throw new Error(`Cannot warm up ${name}: ${problem}`);
    }
  }
}

function atNode(
  role: Role,
  clients: number,
  operation: Operation,
): Pick<Workload, 'role' | 'clients' | 'operation' | 'rqliteOperation'> {
  return { role, clients, operation, rqliteOperation: operation };
}

async function measureRow(
  { timing, load, signal }: RoundsSettings,
  { cluster, acknowledged }: Contender,
  workload: Workload,
  round: number,
): Promise<Sample> {
  const roles = await findRoles(cluster, signal);
  const asked = targetOf(roles, workload.role);
  const operation = cluster.operationOf(workload);
  const report = await load.ask({
    target: asked.target,
    clients: workload.clients,
    operation,
    warmUpMs: timing.warmUpMs,
    measureMs: timing.measureMs,
    pids: [roles.leader, ...roles.followers].map(({ pid }) => pid),
  });
  const sample = { round, cluster: cluster.name };
  if (report.kind === 'failed') {
    acknowledged.uncertain = true;
    return { ...sample, result: null, problem: report.message };
  }
  acknowledge(acknowledged, operation, report.result.acknowledged);
  return { ...sample, result: report.result, problem: null };
}
