import type { Operation } from '../workloads/workload.ts';
import type { Target } from './connection.ts';

/** One measurement: some clients, each sending its next request when the last was answered. */
export interface LoadJob {
  readonly target: Target;
  readonly clients: number;
  readonly operation: Operation;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Processes whose CPU time to read at both ends of the measurement. */
  readonly pids: readonly number[];
}

/** What was measured. */
export interface LoadResult {
  /** Answers within the measurement, and how long it took. */
  readonly answers: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** All good answers, those before and after the measurement too. */
  readonly acknowledged: number;
  /** CPU time of each of the job's processes per answer; null where it cannot be read. */
  readonly cpuMicroseconds: readonly (number | null)[];
  /** CPU time of the load process itself per answer. */
  readonly loadMicroseconds: number;
}

/** How a job ended, as the load process reports it. */
export type LoadReport =
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };
