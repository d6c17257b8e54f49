import type { Failovers } from './failover.ts';
import type { LoadResult } from './load/job.ts';
import type { PlainSamples } from './plain.ts';
import type { RowSamples } from './rounds.ts';
import { median, medianOf } from './statistics.ts';
import { formatMs, formatNumber, formatRate, formatTable } from './table.ts';
import { rowsPerRequest } from './workloads/workload.ts';

/** Ours in a table, and what it is compared with; null when it runs alone. */
export interface Pair {
  readonly ours: string;
  readonly rival: string | null;
}

/** How a row did against what is wanted of it. */
export type Verdict = 'pass' | 'FAIL' | '';

/** The middle of the rounds of one cluster in one row. */
export interface Medians {
  /** Rows, not requests. */
  readonly perSecond: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Per request: the leader, then the followers, first the one that was asked. */
  readonly cpuMicroseconds: readonly (number | null)[];
  readonly loadMicroseconds: number | null;
  /** Largest minus smallest throughput, as a part of the middle one. */
  readonly spread: number | null;
}

/** Medians of what one cluster did in a row. */
export function mediansOf(row: RowSamples, cluster: string): Medians {
  const results = resultsOf(row, cluster);
  const rates = results.map((result) => perSecond(row, result));
  const middle = median(rates);
  const nodes = results[0]?.cpuMicroseconds.length ?? 0;
  return {
    perSecond: middle,
    p50Ms: medianOf(results, ({ p50Ms }) => p50Ms),
    p99Ms: medianOf(results, ({ p99Ms }) => p99Ms),
    cpuMicroseconds: Array.from({ length: nodes }, (_, node) =>
      medianOf(results, ({ cpuMicroseconds }) => cpuMicroseconds[node]),
    ),
    loadMicroseconds: medianOf(results, ({ loadMicroseconds }) => loadMicroseconds),
    spread: middle === null ? null : (Math.max(...rates) - Math.min(...rates)) / middle,
  };
}

/** Our throughput over the rival's: the median of the ratios within each round. */
export function ratioOf(row: RowSamples, { ours, rival }: Pair): number | null {
  const rate = (round: number, cluster: string | null): number | null => {
    const sample = row.samples.find((each) => each.round === round && each.cluster === cluster);
    return sample?.result ? perSecond(row, sample.result) : null;
  };
  const rounds = [...new Set(row.samples.map(({ round }) => round))];
  return medianOf(rounds, (round) => {
    const [our, their] = [rate(round, ours), rate(round, rival)];
    return our === null || their === null ? null : our / their;
  });
}

/** Whether a row reaches what is wanted; nothing when there is nothing to compare. */
export function verdictOf(row: RowSamples, pair: Pair): Verdict {
  const ratio = ratioOf(row, pair);
  const { ratioMin } = row.workload;
  if (ratio === null || ratioMin === null) return '';
  return ratio >= ratioMin ? 'pass' : 'FAIL';
}

/** The table of rows; `wanted` adds the thresholds. Problems of single samples follow below it. */
export function formatRows(rows: readonly RowSamples[], pair: Pair, wanted: boolean): string {
  const compared = pair.rival !== null;
  const head = ['row', ...clusterHead(pair.ours), 'load us'];
  if (pair.rival !== null) head.push(...clusterHead(pair.rival), 'ratio');
  if (compared && wanted) head.push('wanted', '');
  const lines = rows.map((row) => {
    const ours = mediansOf(row, pair.ours);
    const cells = [row.workload.name, ...clusterCells(ours)];
    cells.push(formatNumber(ours.loadMicroseconds, 0));
    if (pair.rival !== null) cells.push(...clusterCells(mediansOf(row, pair.rival)));
    if (compared) cells.push(formatNumber(ratioOf(row, pair), 2));
    if (compared && wanted) cells.push(wantedCell(row), verdictOf(row, pair));
    return cells;
  });
  return [formatTable(head, lines), ...problemsOf(rows)].join('\n');
}

/** What went wrong in rows, a line for each sample. */
export function problemsOf(rows: readonly RowSamples[]): readonly string[] {
  return rows.flatMap(({ workload, samples }) =>
    samples
      .filter(({ problem }) => problem !== null)
      .map(({ cluster, round, problem }) => {
        const place = `${workload.name}, ${cluster}, round ${round + 1}`;
        return `${place} failed: ${String(problem)}`;
      }),
  );
}

/** Plain SQLite: calls, not requests. */
export function formatPlain(samples: readonly PlainSamples[]): string {
  const head = ['operation', 'rows/s', 'p50 us', 'p99 us', 'CPU us'];
  const lines = samples.map(({ name, operation, results }) => {
    const rows = rowsPerRequest(operation);
    const rate = medianOf(results, ({ calls, elapsedMs }) => (calls * rows * 1e3) / elapsedMs);
    return [
      name,
      formatRate(rate),
      formatNumber(inMicroseconds(medianOf(results, ({ p50Ms }) => p50Ms)), 1),
      formatNumber(inMicroseconds(medianOf(results, ({ p99Ms }) => p99Ms)), 1),
      formatNumber(
        medianOf(results, ({ cpuMicroseconds }) => cpuMicroseconds),
        1,
      ),
    ];
  });
  return formatTable(head, lines);
}

/** From `kill -9` of the leader to the next acknowledged write. */
export function formatFailovers(failovers: ReadonlyMap<string, Failovers>): string {
  const head = ['kill -9 of the leader', 'kills', 'median ms', 'max ms', 'lost'];
  const lines = [...failovers].map(([name, { outagesMs, lost }]) => [
    name,
    String(outagesMs.length),
    formatNumber(median(outagesMs), 0),
    formatNumber(Math.max(...outagesMs), 0),
    String(lost.length),
  ]);
  return formatTable(head, lines);
}

function clusterHead(name: string): readonly string[] {
  return [`${name} rows/s`, 'p50 ms', 'p99 ms', 'CPU us'];
}

function clusterCells(medians: Medians): readonly string[] {
  const cpu = medians.cpuMicroseconds.map((value) => formatNumber(value, 0)).join(' + ');
  return [
    formatRate(medians.perSecond),
    formatMs(medians.p50Ms),
    formatMs(medians.p99Ms),
    cpu === '' ? '-' : cpu,
  ];
}

function wantedCell({ workload }: RowSamples): string {
  return workload.ratioMin === null ? '' : workload.ratioMin.toFixed(1);
}

function resultsOf({ samples }: RowSamples, cluster: string): readonly LoadResult[] {
  return samples
    .filter((sample) => sample.cluster === cluster)
    .map(({ result }) => result)
    .filter((result) => result !== null);
}

function perSecond({ workload }: RowSamples, { answers, elapsedMs }: LoadResult): number {
  return (answers * rowsPerRequest(workload.operation) * 1e3) / elapsedMs;
}

function inMicroseconds(valueMs: number | null): number | null {
  return valueMs === null ? null : valueMs * 1e3;
}
