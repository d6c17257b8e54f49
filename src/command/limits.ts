/**
 * Limits of a command, for the doors that make commands out of requests (they answer `too-large`)
 * and for the decoder, which trusts no count that it reads.
 */

/**
 * Bytes of an encoded command: 16 MiB. It is one entry of the log, so it is held in memory by every
 * node, sent as one piece to every follower, and applied while nothing else is.
 */
export const COMMAND_BYTES_MAX = 16_777_216;

/** Statements in a command: at a microsecond each this many hold up the writer for 0.1 s. */
export const STATEMENTS_MAX = 100_000;

/** Parameters of one statement: SQLITE_MAX_VARIABLE_NUMBER of Node's SQLite. */
export const PARAMETERS_MAX = 32_766;
