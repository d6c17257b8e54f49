import { styleText } from 'node:util';

import pino from 'pino';

import type { LogFields, Logger, LogLine } from '../base/logger.ts';
import type { LogFormat, LogLevel } from './options.ts';

type LineLevel = 'debug' | 'info' | 'warn' | 'error';

const LEVELS: readonly LineLevel[] = ['debug', 'info', 'warn', 'error'];
const COLORS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;
/** From the first column of a pretty line to its message. */
const TIME = { from: 11, to: 23 } as const;

/** How to write lines for people. */
export interface LoggerSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** A logger to stderr; synchronous, so that the last words before an exit are never lost. */
export function createLogger(settings: LoggerSettings): Logger {
  const { level } = settings;
  if (level === 'off') return makeLogger(() => undefined, {});
  const pretty =
    settings.format === 'pretty' || (settings.format === 'auto' && process.stderr.isTTY);
  const lowest = LEVELS.indexOf(level);
  const enabled = (candidate: LineLevel): boolean => LEVELS.indexOf(candidate) >= lowest;
  const writer = pretty ? prettyWriter() : jsonWriter(level);
  return makeLogger((candidate) => (enabled(candidate) ? writer(candidate) : undefined), {});
}

/** One line for people: time, level, message, fields. */
export function prettyLine(level: LineLevel, message: string, fields: LogFields): string {
  const time = new Date().toISOString().slice(TIME.from, TIME.to);
  const word = styleText(COLORS[level], level.padEnd(5), { stream: process.stderr });
  const details = Object.entries(fields).map(([name, value]) => `${name}=${toText(value)}`);
  const rest = styleText('gray', details.join(' '), { stream: process.stderr });
  return `${time} ${word} ${message}${details.length === 0 ? '' : ` ${rest}`}\n`;
}

type Write = (message: string, fields: LogFields) => void;

function makeLogger(writer: (level: LineLevel) => Write | undefined, base: LogFields): Logger {
  const line = (level: LineLevel): LogLine | undefined => {
    const write = writer(level);
    if (write === undefined) return undefined;
    return (message, fields) => write(message, { ...base, ...fields });
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => makeLogger(writer, { ...base, ...fields }),
  };
}

function prettyWriter(): (level: LineLevel) => Write {
  return (level) => (message, fields) => {
    process.stderr.write(prettyLine(level, message, fields));
  };
}

function jsonWriter(level: LineLevel): (level: LineLevel) => Write {
  const settings = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const output = pino(
    { ...settings, formatters: { level: (label: string) => ({ level: label }) } },
    pino.destination({ fd: 2, sync: true }),
  );
  return (candidate) => (message, fields) => output[candidate](toPlain(fields), message);
}

/** Errors as their message: the stack helps nobody in a line. */
function toPlain(fields: LogFields): LogFields {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    plain[name] = value instanceof Error ? value.message : value;
  }
  return plain;
}

function toText(value: unknown): string {
  if (typeof value === 'string') return /[\s="]/.test(value) ? JSON.stringify(value) : value;
  if (value instanceof Error) return JSON.stringify(value.message);
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
}
