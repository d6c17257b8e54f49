/**
 * A value as SQLite stores it: NULL, INTEGER (bigint), REAL (number), TEXT, BLOB. A number is
 * always REAL: node:sqlite binds numbers as REAL, so integers must be bigints to stay integers.
 */
export type Value = null | bigint | number | string | Uint8Array;

/** One SQL statement with its parameters. */
export interface Statement {
  readonly sql: string;
  /** For `?` and `?NNN`, in order. */
  readonly positional: readonly Value[];
  /** For `:name`, `@name` and `$name`; names without their prefix. */
  readonly named: readonly (readonly [name: string, value: Value])[];
}

/**
 * What a normal entry means. The clock and the seed come from the node that accepted the command,
 * so that `now` and `random()` are the same on every node (statement replication, DESIGN 6).
 */
export type Command = StatementsCommand | BarrierCommand | ChecksumCommand;

/** SQL statements, executed in order. */
export interface StatementsCommand {
  readonly kind: 'statements';
  /** Milliseconds since 1970 that `now` stands for, an integer. */
  readonly clockMs: number;
  /** 64 random bits, for `random()` and `randomblob()`. */
  readonly seed: Seed;
  /** All or nothing, stopping at the first error; otherwise each statement stands by itself. */
  readonly transaction: boolean;
  /** Statements that read return their rows; otherwise they answer like a write. */
  readonly rows: boolean;
  readonly statements: readonly Statement[];
}

/** 64 random bits as two unsigned halves. */
export interface Seed {
  readonly low: number;
  readonly high: number;
}

/** Changes nothing; a position in the order, for strong reads. */
export interface BarrierCommand {
  readonly kind: 'barrier';
}

/** Every node hashes its content as it is at this index, so that replicas can be compared. */
export interface ChecksumCommand {
  readonly kind: 'checksum';
}
