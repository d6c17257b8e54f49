/** Plain `node:sqlite`: what a program without HTTP and replication gets from the same engine. */
import { DatabaseSync } from 'node:sqlite';

import { Histogram } from '../load/histogram.ts';
import {
  COUNT_ROWS,
  INSERT_BATCH,
  INSERT_PERSON,
  itemStatements,
  personOf,
  SCHEMA,
  SELECT_ITEM,
  SELECT_ITEMS,
  selectItemText,
} from '../workloads/schema.ts';
import { type Operation, SCAN_ROWS } from '../workloads/workload.ts';
import type { Durability, PlainAnswer, PlainQuestion, PlainResult } from './sqlite.ts';

const databases = new Map<Durability, DatabaseSync>();

process.on('message', (question) => process.send?.(answer(question as PlainQuestion)));
// Ctrl-C reaches the whole terminal; the parent decides when this process ends.
process.on('SIGINT', () => undefined);

function answer(question: PlainQuestion): PlainAnswer {
  try {
    return answerTo(question);
  } catch (error) {
    return { kind: 'failed', message: String(error) };
  }
}

function answerTo(question: PlainQuestion): PlainAnswer {
  if (question.kind === 'open') {
    databases.set(question.durability, open(question.file, question.durability));
    return { kind: 'opened' };
  }
  const database = databases.get(question.durability);
  if (database === undefined) throw new Error('Asked before a database was opened');
  switch (question.kind) {
    case 'measure': {
      const call = prepare(database, question.operation);
      return { kind: 'measured', result: measure(call, question.measureMs) };
    }
    case 'count': {
      const rows = database.prepare(COUNT_ROWS);
      rows.setReturnArrays(true);
      const [person, batch] = rows.get() as unknown as [number, number];
      return { kind: 'counted', person, batch };
    }
  }
}

function open(file: string, durability: Durability): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=${durability}`);
  for (const sql of SCHEMA) database.exec(sql);
  database.exec('BEGIN');
  for (const [sql, ...parameters] of itemStatements()) database.prepare(sql).run(...parameters);
  database.exec('COMMIT');
  return database;
}

/** The fastest way to do an operation: everything is prepared that can be. */
function prepare(database: DatabaseSync, operation: Operation): (n: number) => void {
  switch (operation.kind) {
    case 'insert': {
      const insert = database.prepare(INSERT_PERSON);
      return (n) => insert.run(...personOf(n));
    }
    case 'transaction': {
      const { rows } = operation;
      const insert = database.prepare(INSERT_BATCH);
      const begin = database.prepare('BEGIN');
      const commit = database.prepare('COMMIT');
      return (n) => {
        begin.run();
        for (let row = 0; row < rows; row++) insert.run(...personOf(n * rows + row));
        commit.run();
      };
    }
    case 'point-read': {
      if (operation.form === 'text') {
        return (n) => database.prepare(selectItemText(1 + (n % SCAN_ROWS))).all();
      }
      const select = database.prepare(SELECT_ITEM);
      return (n) => select.all(1 + (n % SCAN_ROWS));
    }
    case 'scan': {
      const select = database.prepare(SELECT_ITEMS);
      return () => select.all();
    }
  }
}

function measure(call: (n: number) => void, measureMs: number): PlainResult {
  const latencies = new Histogram();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let nowMs = startedMs;
  for (let n = 0; nowMs - startedMs < measureMs; n++) {
    call(n);
    const doneMs = performance.now();
    latencies.record(doneMs - nowMs);
    nowMs = doneMs;
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    calls: latencies.count,
    elapsedMs: nowMs - startedMs,
    p50Ms: latencies.percentileMs(0.5),
    p99Ms: latencies.percentileMs(0.99),
    cpuMicroseconds: (user + system) / latencies.count,
  };
}
