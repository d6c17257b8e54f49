import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import type { Command, Statement, Value } from '../command/command.ts';
import { encodeCommand } from '../command/encode.ts';
import { formatToNumber } from '../result/format.ts';
import { SqliteMachine } from './machine.ts';
import type { MachineEntry } from './range-run.ts';

// Before any connection is opened; the program does the same first thing.
process.env['TZ'] = 'UTC';

/** rqlite's plain format. */
export const PLAIN: number = formatToNumber({
  protocol: 'rqlite',
  timings: false,
  associative: false,
  blobArrays: false,
});

/** A statement: its text, or its text and positional values. */
export type Said = string | readonly [sql: string, ...values: Value[]];

/** What an entry is made of besides its statements. */
export interface SaidOptions {
  readonly transaction?: boolean;
  readonly rows?: boolean;
  readonly clockMs?: number;
}

/** The statement that `said` means. */
export function statement(said: Said): Statement {
  if (typeof said === 'string') return { sql: said, positional: [], named: [] };
  const [sql, ...positional] = said;
  return { sql, positional, named: [] };
}

/** 2023-11-14 22:13:20.123. */
export const CLOCK_MS = 1_700_000_000_123;

/** The bytes of an entry. */
export function entryData(
  index: number,
  said: readonly Said[],
  options: SaidOptions = {},
): Uint8Array {
  const command: Command = {
    kind: 'statements',
    clockMs: options.clockMs ?? CLOCK_MS,
    seed: { low: index * 7919, high: 4711 },
    transaction: options.transaction ?? false,
    rows: options.rows ?? false,
    statements: said.map(statement),
  };
  return encodeCommand(command);
}

/** A machine and the entries that it was given. */
export class Driver {
  machine: SqliteMachine;
  /** Every entry so far, in order. */
  readonly entries: MachineEntry[] = [];

  constructor(machine: SqliteMachine = SqliteMachine.open()) {
    this.machine = machine;
  }

  /** Applies one entry and gives its results, parsed. */
  run(said: readonly Said[], options: SaidOptions = {}): unknown[] {
    const [results] = this.range([[said, options]]);
    return results ?? [];
  }

  /** Applies entries as one range and gives the results of each, parsed. */
  range(
    sayings: readonly (readonly [said: readonly Said[], options?: SaidOptions])[],
  ): unknown[][] {
    const entries = sayings.map(([said, options], at) => {
      const index = this.entries.length + 1 + at;
      return { index, data: entryData(index, said, options) };
    });
    this.entries.push(...entries);
    const formats = entries.map(() => PLAIN);
    const through = this.entries.length;
    const { results } = this.machine.apply({ entries, formats, through });
    return results.map(parse);
  }

  /** Rows of a SELECT, integers as numbers. */
  rows(sql: string): unknown[][] {
    return this.machine
      .rows(sql)
      .map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  }
}

/** Results as JSON. */
export function parse(bytes: Uint8Array | null): unknown[] {
  assert(bytes !== null);
  return JSON.parse(`[${new TextDecoder().decode(bytes)}]`) as unknown[];
}

/** A new directory that goes with the test. */
export function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorlite-sqlite-'));
  t.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}
