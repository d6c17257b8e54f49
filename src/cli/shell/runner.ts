import { messageOf, QuorliteError } from '../../base/errors.ts';
import type { ReadLevel } from '../options.ts';
import type { Connection, StatementOutcome } from './connection.ts';
import type { PlacedStatement, PlannedRequest } from './plan.ts';
import { ScriptError } from './plan.ts';

/** What a runner needs. */
export interface RunnerSettings {
  readonly connection: Connection;
  readonly level: () => ReadLevel;
  /** Hears the outcome of every statement that worked, in order. */
  readonly onOutcome: (outcome: StatementOutcome) => void;
}

/** Makes requests one after the other, and stops at the first statement that fails. */
export class Runner {
  readonly #settings: RunnerSettings;
  /** Statements that worked. */
  statements = 0;

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
  }

  /**
   * Runs one request.
   *
   * @throws {ScriptError} naming the line of the statement that failed; everything before it
   *   happened, nothing after it did
   */
  async run(request: PlannedRequest): Promise<void> {
    switch (request.kind) {
      case 'alone':
        return this.#runAll([request.statement], false);
      case 'transaction':
        return this.#runTransaction(request.begin, request.statements);
      case 'batch':
        return this.#runBatch(request.statements);
    }
  }

  async #runBatch(statements: readonly PlacedStatement[]): Promise<void> {
    const [first] = statements;
    if (first === undefined) return;
    if (statements.length === 1) return this.#runAll([first], false);
    const outcomes = await this.#request(statements, true);
    const failed = firstFailure(outcomes, statements.length);
    if (failed === null) return this.#show(outcomes);
    // Nothing of the batch happened. What stands before the failing statement shall.
    const sound = statements.slice(0, failed.at);
    if (sound.length > 0) await this.#runAll(sound, true);
    const failing = statements[failed.at] ?? first;
    // Alone it may work: its failure can come from being in a transaction with its neighbours.
    await this.#runAll([failing], false);
    await this.#runBatch(statements.slice(failed.at + 1));
  }

  async #runTransaction(
    begin: PlacedStatement,
    statements: readonly PlacedStatement[],
  ): Promise<void> {
    const outcomes = await this.#request(statements, true);
    const failed = firstFailure(outcomes, statements.length);
    if (failed === null) return this.#show(outcomes);
    throw new ScriptError(
      statements[failed.at]?.line ?? begin.line,
      `${failed.message}; nothing of the transaction of line ${begin.line} happened`,
    );
  }

  /** Runs statements of which none is expected to fail. */
  async #runAll(statements: readonly PlacedStatement[], transaction: boolean): Promise<void> {
    const outcomes = await this.#request(statements, transaction);
    const failed = firstFailure(outcomes, statements.length);
    if (failed === null) return this.#show(outcomes);
    throw new ScriptError(statements[failed.at]?.line ?? 0, failed.message);
  }

  async #request(
    statements: readonly PlacedStatement[],
    transaction: boolean,
  ): Promise<readonly StatementOutcome[]> {
    const { connection, level } = this.#settings;
    try {
      return await connection.run(
        statements.map(({ sql }) => sql),
        { transaction, level: level() },
      );
    } catch (error) {
      throw placed(error, statements);
    }
  }

  #show(outcomes: readonly StatementOutcome[]): void {
    this.statements += outcomes.length;
    for (const outcome of outcomes) this.#settings.onOutcome(outcome);
  }
}

interface Failure {
  readonly at: number;
  readonly message: string;
}

function firstFailure(outcomes: readonly StatementOutcome[], expected: number): Failure | null {
  for (const [at, outcome] of outcomes.entries()) {
    if (outcome.kind === 'error') return { at, message: outcome.message };
  }
  if (outcomes.length >= expected) return null;
  return { at: outcomes.length, message: 'the cluster gave no result for this statement' };
}

/** An error of a whole request, at the first line it concerns. */
function placed(error: unknown, statements: readonly PlacedStatement[]): ScriptError {
  const first = statements[0]?.line ?? 0;
  const last = statements.at(-1)?.line ?? first;
  const unknown = error instanceof QuorliteError && error.code === 'unknown-outcome';
  if (!unknown) return new ScriptError(first, messageOf(error));
  const which =
    statements.length === 1
      ? 'this statement may or may not have happened'
      : `the ${statements.length} statements up to line ${last} happened all or not at all`;
  return new ScriptError(first, `the outcome is unknown: ${which} (${messageOf(error)})`);
}
