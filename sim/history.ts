import type { Op, OpResult } from './model.ts';

/** How an operation was asked. */
export type Level = 'write' | 'linearizable' | 'strong' | 'weak' | 'none';

/** One operation of one client, as the client saw it. */
export interface Record {
  readonly client: number;
  readonly op: Op;
  readonly level: Level;
  /** The node that was asked. */
  readonly node: number;
  readonly calledAt: number;
  /** Infinity while, and if ever, nothing is known: it may have happened and may still happen. */
  returnedAt: number;
  outcome: 'pending' | 'ok' | 'failed' | 'unknown';
  result: OpResult;
  /** A write's place in the log; the index whose state a read was answered from. */
  index: number;
  /** The answer came from a state that was spoiled, before anybody knew: it proves nothing. */
  wrong: boolean;
}

/** Everything all clients did. */
export class History {
  readonly records: Record[] = [];
  /** How operations ended. */
  readonly counts = { ok: 0, failed: 0, unknown: 0 };

  call(record: Pick<Record, 'client' | 'op' | 'level' | 'node' | 'calledAt'>): Record {
    const full: Record = {
      ...record,
      returnedAt: Infinity,
      outcome: 'pending',
      result: null,
      index: 0,
      wrong: false,
    };
    this.records.push(full);
    return full;
  }

  /** An answer came. */
  succeed(
    record: Record,
    answer: {
      readonly at: number;
      readonly result: OpResult;
      readonly index: number;
      readonly wrong: boolean;
    },
  ): void {
    record.outcome = 'ok';
    record.returnedAt = answer.at;
    record.result = answer.result;
    record.index = answer.index;
    record.wrong = answer.wrong;
    this.counts.ok++;
  }

  /** Nothing was done, and nothing will be. */
  fail(record: Record, at: number): void {
    record.outcome = 'failed';
    record.returnedAt = at;
    this.counts.failed++;
  }

  /** Nobody knows. */
  lose(record: Record): void {
    record.outcome = 'unknown';
    this.counts.unknown++;
  }
}
