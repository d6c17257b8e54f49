/** Names of our own tables: the one place that knows them. They begin as `sql/reserved.ts` says. */

/** One row: how far the content is, and what connections must know. */
export const STATE_TABLE = '__quorlite_state';

/** In the writer's TEMP schema, never in a file: gives the connection its numbers back. */
export const SCRATCH_TABLE = '__quorlite_scratch';

/** Also there: filling it counts as changes without touching `last_insert_rowid()`. */
export const COUNT_TABLE = '__quorlite_count';

/** Tables in the database file that listings for users leave out. */
export const INTERNAL_TABLES: readonly string[] = [STATE_TABLE];

/** The condition that leaves them out of a SELECT from `sqlite_schema`. */
export const NOT_INTERNAL_SQL: string = String.raw`name NOT LIKE '\_\_quorlite\_%' ESCAPE '\'`;
