import type { ResultColumn } from '../result/writer.ts';
import { classify } from '../sql/classify.ts';
import { parameterNames } from '../sql/parameters.ts';
import { splitStatements } from '../sql/split.ts';
import type { StatementClass } from '../sql/statement-class.ts';
import { findUnstableExpression } from '../sql/unstable.ts';
import { validateText } from '../sql/validate.ts';
import type { Verb } from '../sql/verb.ts';
import type { Observed } from './authorizer.ts';
import type { PreparedStatement } from './driver.ts';
import { GenerationCache } from './generation-cache.ts';

/** Texts kept with what is known about them; fewer made the bench prepare every read again. */
const PROGRAMS_MAX = 2_000;

const SCHEMA_VERBS: ReadonlySet<Verb> = new Set<Verb>(['create', 'drop', 'alter', 'analyze']);

/** One statement of a text: what is known from the text alone, and what a connection prepared. */
export interface Part {
  readonly text: string;
  readonly class: StatementClass;
  /** As `parameterNames` gives them. */
  readonly names: readonly (string | null)[];
  /** Whether any parameter is `:a`, `@a` or `$a`. */
  readonly hasNames: boolean;
  /** Why it must not be executed, or null. */
  readonly refusal: string | null;
  /** INSERT, REPLACE, UPDATE, DELETE: what `changes()` counts. */
  readonly counts: boolean;
  /** What other statements were prepared for is gone; ANALYZE makes tables too. */
  readonly changesSchema: boolean;
  /** Null until a connection needs it; see `Preparation`. */
  preparation: Preparation | null;
}

/** A part as one connection prepared it, for one state of the schema. */
export interface Preparation {
  readonly statement: PreparedStatement;
  readonly columns: readonly ResultColumn[];
  readonly observed: Observed;
  /** The schema that this was prepared for, as the connection counts them. */
  readonly schema: number;
}

/** The statements of one text, in order; a text of comments has none. */
export type Program = readonly Part[];

/** The programs of one connection, by text. */
export class ProgramCache {
  readonly #programs = new GenerationCache<Program>(PROGRAMS_MAX);

  get(sql: string): Program {
    let program = this.#programs.get(sql);
    if (program === undefined) {
      program = compile(sql);
      this.#programs.set(sql, program);
    }
    return program;
  }

  /** Lets go of every prepared statement. */
  clear(): void {
    this.#programs.clear();
  }
}

function compile(sql: string): Program {
  const refusal = validateText(sql);
  if (refusal !== null) return [partOf(sql.slice(0, 100), refusal.message)];
  return splitStatements(sql).map(({ text }) => partOf(text, null));
}

function partOf(text: string, invalid: string | null): Part {
  const statementClass = classify(text);
  const { verb, kind } = statementClass;
  const names = invalid === null ? parameterNames(text) : [];
  const unstable = kind === 'write' ? findUnstableExpression(text) : null;
  return {
    text,
    class: statementClass,
    names,
    hasNames: names.some((name) => name !== null && !name.startsWith('?')),
    refusal: invalid ?? (kind === 'refused' ? statementClass.message : (unstable?.message ?? null)),
    counts: verb === 'insert' || verb === 'replace' || verb === 'update' || verb === 'delete',
    changesSchema: SCHEMA_VERBS.has(verb),
    preparation: null,
  };
}
