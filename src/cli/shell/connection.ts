import type { ReadLevel } from '../options.ts';
import type { RowSet } from './rows.ts';

/** What became of one statement. */
export type StatementOutcome =
  | { readonly kind: 'rows'; readonly rows: RowSet }
  | { readonly kind: 'done'; readonly rowsAffected: number }
  | { readonly kind: 'error'; readonly message: string };

/** How statements are run. */
export interface RunSettings {
  /** All or nothing, stopping at the first error. */
  readonly transaction: boolean;
  /** For requests that only read. */
  readonly level: ReadLevel;
}

/** A cluster, as the shell uses it. */
export interface Connection {
  /**
   * Runs statements as one request. The outcomes stop at the first error of a transaction.
   *
   * @throws {QuorliteError} when nothing was done, and `unknown-outcome` when that is not known
   */
  run(statements: readonly string[], settings: RunSettings): Promise<readonly StatementOutcome[]>;
  /** What `.nodes`, `.status` and `.leader` print. */
  describeNodes(): Promise<string>;
  describeStatus(): Promise<string>;
  describeLeader(): Promise<string>;
}
