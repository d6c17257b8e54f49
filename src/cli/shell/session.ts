import type { ReadLevel, RowMode } from '../options.ts';
import type { Connection, StatementOutcome } from './connection.ts';
import { ScriptPlan, type PlacedStatement, type PlannedRequest } from './plan.ts';
import { formatRows } from './rows.ts';
import { Runner } from './runner.ts';

/** Where a session writes. */
export interface SessionOutput {
  /** Rows and answers. */
  readonly write: (text: string) => void;
  /** Say what became of statements without rows, too. */
  readonly chatty: boolean;
}

/** What a user of the shell has set, and what is under way. */
export class Session {
  level: ReadLevel;
  mode: RowMode;
  timer = false;
  readonly connection: Connection;
  readonly plan: ScriptPlan = new ScriptPlan();
  readonly #runner: Runner;
  readonly #output: SessionOutput;

  constructor(settings: {
    readonly connection: Connection;
    readonly output: SessionOutput;
    readonly level: ReadLevel;
    readonly mode: RowMode;
  }) {
    this.connection = settings.connection;
    this.#output = settings.output;
    this.level = settings.level;
    this.mode = settings.mode;
    this.#runner = new Runner({
      connection: settings.connection,
      level: () => this.level,
      onOutcome: (outcome) => this.#show(outcome),
    });
  }

  /** Statements that worked so far. */
  get statements(): number {
    return this.#runner.statements;
  }

  /** Takes the next statement of a script; runs what is due. */
  async add(statement: PlacedStatement): Promise<void> {
    await this.#runAll(this.plan.add(statement));
  }

  /** Runs what waits for company. */
  async flush(): Promise<void> {
    await this.#runAll(this.plan.flush());
  }

  /** Ends a script. */
  async finish(): Promise<void> {
    await this.#runAll(this.plan.finish());
  }

  /** Writes rows or an answer. */
  write(text: string): void {
    this.#output.write(text);
  }

  async #runAll(requests: readonly PlannedRequest[]): Promise<void> {
    for (const request of requests) {
      const startedMs = performance.now();
      await this.#runner.run(request);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(3);
      if (this.timer) this.write(`Run time: ${seconds} s\n`);
    }
  }

  #show(outcome: StatementOutcome): void {
    if (outcome.kind === 'rows') this.write(formatRows(outcome.rows, this.mode));
    else if (outcome.kind === 'done' && this.#output.chatty) this.write(`${doneText(outcome)}\n`);
  }
}

function doneText({ rowsAffected }: { readonly rowsAffected: number }): string {
  if (rowsAffected === 0) return 'ok';
  return rowsAffected === 1 ? 'ok, 1 row' : `ok, ${rowsAffected} rows`;
}
