/** Which node of a cluster a workload talks to. */
export type Role = 'leader' | 'follower';

/** How fresh a read must be; rqlite 8.26 has no `linearizable`, its nearest is `strong`. */
export type ReadLevel = 'none' | 'weak' | 'linearizable' | 'strong';

/** The key of a point read stands in the text, a new one each time, or is a parameter. */
export type ReadForm = 'text' | 'bound';

/** What is asked, again and again. Plain data: it crosses to the load process. */
export type Operation =
  | { readonly kind: 'insert' }
  | { readonly kind: 'transaction'; readonly rows: number }
  | { readonly kind: 'point-read'; readonly level: ReadLevel; readonly form: ReadForm }
  | { readonly kind: 'scan'; readonly level: ReadLevel };

/** One row of the table: an operation, at a node, by some clients in a closed loop. */
export interface Workload {
  /** As `--rows` selects it: `insert/leader/64`. */
  readonly name: string;
  readonly role: Role;
  readonly clients: number;
  readonly operation: Operation;
  /** What rqlite is asked instead, where it has no such thing. */
  readonly rqliteOperation: Operation;
  /** Throughput against rqlite's that the product wants at least; null when it promises none. */
  readonly ratioMin: number | null;
  /** Part of `--quick`. */
  readonly quick: boolean;
}

/** Rows that one request writes or reads; throughput counts these. */
export function rowsPerRequest(operation: Operation): number {
  switch (operation.kind) {
    case 'insert':
    case 'point-read':
      return 1;
    case 'transaction':
      return operation.rows;
    case 'scan':
      return SCAN_ROWS;
  }
}

/** Whether an operation writes: only those feel a slow disk. */
export function isWrite(operation: Operation): boolean {
  return operation.kind === 'insert' || operation.kind === 'transaction';
}

/** Rows of the table that reads look at, and of the answer to a scan. */
export const SCAN_ROWS = 1000;
