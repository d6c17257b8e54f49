import { INSERTS, TRANSACTIONS } from './inserts.ts';
import { POINT_READS, SCANS } from './reads.ts';
import type { Workload } from './workload.ts';

/** Every row of the table but failover, in its order. */
export const WORKLOADS: readonly Workload[] = [
  ...INSERTS,
  ...TRANSACTIONS,
  ...POINT_READS,
  ...SCANS,
];

/** The name that selects the failover measurement. */
export const FAILOVER = 'failover';

/** Which rows to measure. */
export interface Selection {
  readonly workloads: readonly Workload[];
  readonly failover: boolean;
}

/**
 * What names such as `insert` or `read/none/text/64` select: every row that begins with one of
 * them. Without names, all rows, or those of the quick run.
 *
 * @throws {Error} when a name selects nothing
 */
export function selectRows(names: readonly string[], quick: boolean): Selection {
  if (names.length === 0) {
    return { workloads: WORKLOADS.filter((each) => each.quick || !quick), failover: true };
  }
  const begins = (row: string, name: string): boolean => `${row}/`.startsWith(`${name}/`);
  const rows = [...WORKLOADS.map((each) => each.name), FAILOVER];
  for (const name of names) {
    if (rows.some((row) => begins(row, name))) continue;
    throw new Error(`Cannot find rows for ${name}: choose from ${rows.join(', ')}`);
  }
  return {
    workloads: WORKLOADS.filter((each) => names.some((name) => begins(each.name, name))),
    failover: names.some((name) => begins(FAILOVER, name)),
  };
}
