import { Child } from '../child.ts';
import type { Operation } from '../workloads/workload.ts';

/** How durable plain SQLite's commits are; both in WAL mode. */
export type Durability = 'NORMAL' | 'FULL';

/** What the process with plain SQLite is asked. */
export type PlainQuestion =
  | { readonly kind: 'open'; readonly file: string; readonly durability: Durability }
  | {
      readonly kind: 'measure';
      readonly durability: Durability;
      readonly operation: Operation;
      readonly measureMs: number;
    }
  | { readonly kind: 'count'; readonly durability: Durability };

/** Direct calls, one after the other. */
export interface PlainResult {
  readonly calls: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicroseconds: number;
}

/** Its answers. */
export type PlainAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'measured'; readonly result: PlainResult }
  /** Rows of `person` and of `batch`. */
  | { readonly kind: 'counted'; readonly person: number; readonly batch: number }
  | { readonly kind: 'failed'; readonly message: string };

/** `node:sqlite` in a process of its own: no HTTP, no replication, one caller. */
export class PlainSqlite implements AsyncDisposable {
  readonly #child = new Child<PlainQuestion, PlainAnswer>(
    'plain SQLite',
    new URL('./sqlite-process.ts', import.meta.url),
  );

  /** Makes a database in `file`. */
  async open(file: string, durability: Durability): Promise<void> {
    await this.#ask({ kind: 'open', file, durability });
  }

  /** Repeats an operation for some time. */
  async measure(
    operation: Operation,
    durability: Durability,
    measureMs: number,
  ): Promise<PlainResult> {
    const answer = await this.#ask({ kind: 'measure', operation, durability, measureMs });
    if (answer.kind !== 'measured') throw new Error(`Plain SQLite answered ${answer.kind}`);
    return answer.result;
  }

  /** Rows in its tables. */
  async count(durability: Durability): Promise<{ person: number; batch: number }> {
    const answer = await this.#ask({ kind: 'count', durability });
    if (answer.kind !== 'counted') throw new Error(`Plain SQLite answered ${answer.kind}`);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }

  async #ask(question: PlainQuestion): Promise<PlainAnswer> {
    const answer = await this.#child.ask(question);
    if (answer.kind === 'failed') throw new Error(`Cannot use plain SQLite: ${answer.message}`);
    return answer;
  }
}
