import path from 'node:path';

import { type Durability, type PlainResult, PlainSqlite } from './systems/sqlite.ts';
import { isWrite, type Operation, rowsPerRequest, type Workload } from './workloads/workload.ts';

/** What plain SQLite did in all rounds. */
export interface PlainSamples {
  readonly name: string;
  readonly operation: Operation;
  readonly durability: Durability;
  readonly results: PlainResult[];
}

const DURABILITIES: readonly Durability[] = ['NORMAL', 'FULL'];

/** The baseline that no server reaches: each operation of some workloads, called directly. */
export class PlainBaseline implements AsyncDisposable {
  readonly samples: readonly PlainSamples[];
  readonly #sqlite = new PlainSqlite();

  constructor(workloads: readonly Workload[]) {
    const operations = new Map(workloads.map(({ operation }) => [nameOf(operation), operation]));
    this.samples = [...operations].flatMap(([name, operation]) =>
      // How commits are synced means nothing to a read.
      (isWrite(operation) ? DURABILITIES : DURABILITIES.slice(0, 1)).map((durability) => ({
        name: isWrite(operation) ? `${name}, ${durability}` : name,
        operation,
        durability,
        results: [],
      })),
    );
  }

  /** Makes the databases in `directory`. */
  async open(directory: string): Promise<void> {
    for (const durability of DURABILITIES) {
      const file = path.join(directory, `${durability.toLowerCase()}.db`);
      await this.#sqlite.open(file, durability);
    }
  }

  /** One round of all operations. */
  async measure(measureMs: number): Promise<void> {
    for (const { operation, durability, results } of this.samples) {
      results.push(await this.#sqlite.measure(operation, durability, measureMs));
    }
  }

  /** What is wrong with the number of rows; empty when nothing is. */
  async compareRows(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const durability of DURABILITIES) {
      const found = await this.#sqlite.count(durability);
      const person = this.#written(durability, 'insert');
      const batch = this.#written(durability, 'transaction');
      if (found.person === person && found.batch === batch) continue;
      problems.push(
        `plain SQLite, ${durability}, holds ${found.person} and ${found.batch} rows, ` +
          `written were ${person} and ${batch}`,
      );
    }
    return problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sqlite[Symbol.asyncDispose]();
  }

  #written(durability: Durability, kind: Operation['kind']): number {
    return this.samples
      .filter((each) => each.durability === durability && each.operation.kind === kind)
      .flatMap(({ operation, results }) =>
        results.map(({ calls }) => calls * rowsPerRequest(operation)),
      )
      .reduce((sum, rows) => sum + rows, 0);
  }
}

function nameOf(operation: Operation): string {
  switch (operation.kind) {
    case 'insert':
      return 'insert';
    case 'transaction':
      return `tx/${operation.rows}`;
    case 'point-read':
      return `read/${operation.form}`;
    case 'scan':
      return 'scan';
  }
}
