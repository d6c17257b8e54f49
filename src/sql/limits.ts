/**
 * The longest statement, in UTF-16 units: 16 Mi. SQLite would take 1,000,000,000 bytes, but a
 * statement's text is part of one command, and a command has at most 16 MiB (`command/limits.ts`).
 * Dumps hold blobs as literals, so a text may be as long as its command.
 */
export const SQL_TEXT_LENGTH_MAX = 16_777_216;
