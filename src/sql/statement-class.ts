import type { Pragma } from './pragma.ts';
import type { TransactionStatement } from './transaction.ts';
import type { Verb } from './verb.ts';

/** What a statement is. */
export type StatementClass = ReadStatement | WriteStatement | TransactionClass | RefusedStatement;

/** What can be asked of every class. */
interface Classified {
  readonly verb: Verb;
  /** Whether a write answers with rows. */
  readonly hasReturning: boolean;
  /** Must be applied outside a transaction, so in an entry of its own. */
  readonly alone: boolean;
}

/** Changes nothing, on any connection. */
export interface ReadStatement extends Classified {
  readonly kind: 'read';
  readonly hasReturning: false;
  readonly alone: false;
}

/** Has to be replicated. */
export interface WriteStatement extends Classified {
  readonly kind: 'write';
  /** Null when it is no PRAGMA. */
  readonly pragma: WritingPragma | null;
}

/** A PRAGMA that has to be replicated, and how (`PragmaUse`). */
export interface WritingPragma extends Pragma {
  readonly use: 'write' | 'setting' | 'scoped';
}

/** Begins, ends or marks a transaction: never handed to a shared connection. */
export interface TransactionClass extends Classified {
  readonly kind: 'transaction';
  readonly hasReturning: false;
  readonly alone: false;
  readonly transaction: TransactionStatement;
}

/** Must not be executed; `message` says why and what to do instead. */
export interface RefusedStatement extends Classified {
  readonly kind: 'refused';
  readonly hasReturning: false;
  readonly alone: false;
  readonly message: string;
}
