import { encodeCommand, stampCommand } from '../src/command/encode.ts';
/**
 * The real SQLite machine in the simulator: in memory and in this thread. Its files survive the
 * death of a process whole, and a power loss from the last `persist` on up to any range, as a
 * database in WAL mode with `synchronous=NORMAL` would.
 */
import type { ApplyOutcome, ApplyRange } from '../src/replica/machine.ts';
import { type Connection, IN_MEMORY, openWriter } from '../src/sqlite/driver.ts';
import { STATE_TABLE } from '../src/sqlite/internal.ts';
import { LocalMachine } from '../src/sqlite/local.ts';
import type {
  MachineKind,
  MachineSurroundings,
  SimulatedMachine,
  StateStore,
} from './machine-kind.ts';
import type { Op, OpResult } from './model.ts';
import type { Draw } from './random.ts';
import { answerSql, decodeSql, encodeSql, resultOfSql } from './sql-dialect.ts';

/** The database files of one machine; outlive its processes. */
class SqliteStore implements StateStore {
  image: Uint8Array | null = null;
  ranges: ApplyRange[] = [];

  onPowerLoss(draw: Draw): void {
    this.ranges = this.ranges.slice(0, draw.below(this.ranges.length + 1));
  }

  wipe(): void {
    this.image = null;
    this.ranges = [];
  }
}

/** `LocalMachine` with the time that work takes, and with its past. */
class SimulatedSqlite extends LocalMachine implements SimulatedMachine {
  readonly #store: SqliteStore;

  constructor(around: MachineSurroundings<StateStore>) {
    const { disk, events, life, timing, applyMs } = around;
    const store = around.store as SqliteStore;
    super({
      files: {
        save: (image) => {
          store.image = image;
          store.ranges = [];
        },
        load: () => store.image,
        write: (path, image) => {
          if (disk.exists(path)) disk.remove(path);
          const file = disk.open(path, 'create');
          file.write(image, 0);
          file.sync();
          file.close();
          disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
        },
        read: (path) => disk.readAll(path),
      },
      defer: (call) => {
        events.at(life.time + 0.02 + timing.exponential(applyMs), life, call);
      },
    });
    this.#store = store;
    for (const range of store.ranges) this.core.apply(range);
  }

  override apply(range: ApplyRange, done: (outcome: ApplyOutcome) => void): void {
    super.apply(range, (outcome) => {
      this.#store.ranges.push(range);
      done(outcome);
    });
  }

  spoil(draw: Draw): void {
    const connection = openWriter(IN_MEMORY);
    connection.deserialize(this.core.serialize());
    const spoilt = draw.shuffle([...SPOILERS]).some((sql) => changes(connection, sql));
    if (!spoilt) connection.exec('CREATE TABLE spoilt (x)');
    connection.exec(`UPDATE ${STATE_TABLE} SET digest = (digest + 1) % 4294967296`);
    const image = connection.serialize();
    connection.close();
    this.core.load(image);
    this.#store.image = image;
    this.#store.ranges = [];
  }

  /** A hash of the content. */
  contentHash(): string {
    return this.core.contentHash().hash;
  }

  /** Answers a read from the state as it is now. */
  answer(op: Op): OpResult {
    return answerSql(op, (sql, ...values) =>
      this.core.rows(sql, ...values).map((row) => Object.values(row)),
    );
  }
}

/** Each changes a value that answers depend on, if there is one. */
const SPOILERS = [
  'UPDATE registers SET value = value + 1 WHERE key = (SELECT min(key) FROM registers)',
  'UPDATE lists SET value = value + 1 WHERE position = (SELECT min(position) FROM lists)',
  'UPDATE accounts SET balance = balance + 1 WHERE id = 2',
  'DELETE FROM ids WHERE value = (SELECT min(value) FROM ids)',
];

function changes(connection: Connection, sql: string): boolean {
  try {
    return Number(connection.prepare(sql).run().changes) > 0;
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such table')) return false;
    throw error;
  }
}

/** Clusters of the real machine. */
export const sqliteKind: MachineKind = {
  store: () => new SqliteStore(),
  open: (around) => new SimulatedSqlite(around),
  encode: encodeSql,
  barrier: () => encodeSql({ kind: 'count' }),
  checksum: () => encodeCommand({ kind: 'checksum' }),
  decode: decodeSql,
  result: (_op, bytes) => resultOfSql(bytes),
  stamp: (payload, nowMs) => {
    stampCommand(payload, nowMs, { low: nowMs | 0, high: payload.length });
  },
};
