/** Structured fields of a line for people. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line; absent when its level is off, so that `logger.debug?.(…)` builds nothing. */
export type LogLine = (message: string, fields?: LogFields) => void;

/** Lines for people. The journal is something else: the log on disk. */
export interface Logger {
  readonly debug: LogLine | undefined;
  readonly info: LogLine | undefined;
  readonly warn: LogLine | undefined;
  readonly error: LogLine | undefined;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: undefined,
  info: undefined,
  warn: undefined,
  error: undefined,
  child: () => silentLogger,
};
