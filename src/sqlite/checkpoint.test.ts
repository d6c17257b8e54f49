import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import { after, test } from 'node:test';

import { checkpoint, checkpointIdle, makeDurable } from './checkpoint.ts';
import type { Connection } from './driver.ts';
import { FunctionFailure } from './errors.ts';

const root = fs.mkdtempSync(`${os.tmpdir()}/quorlite-checkpoint-`);
after(() => fs.rmSync(root, { recursive: true }));

/** A connection whose checkpoints fail with a result code of SQLite's, and what it was asked. */
function failing(errcode: number): { readonly connection: Connection; readonly asked: string[] } {
  const asked: string[] = [];
  const connection = {
    prepare: (sql: string) => {
      asked.push(sql);
      throw new FunctionFailure(errcode, 'database or disk is full');
    },
    exec: (sql: string) => {
      asked.push(sql);
    },
  };
  return { connection: connection as unknown as Connection, asked };
}

/** The path of a database with a write-ahead log of `bytes`. */
function databaseWithLog(bytes: number): string {
  const path = `${fs.mkdtempSync(`${root}/`)}/main.db`;
  fs.writeFileSync(`${path}-wal`, '');
  fs.truncateSync(`${path}-wal`, bytes);
  return path;
}

const HUGE = 65 * 1024 * 1024;
const PASSIVE = 'PRAGMA wal_checkpoint(PASSIVE)';

test('L6 a checkpoint for which there is no space is left for later', () => {
  for (const run of [checkpoint, checkpointIdle]) {
    const { connection, asked } = failing(13);
    run(connection, databaseWithLog(HUGE));
    assert.deepEqual(asked, [PASSIVE]);
  }
});

test('L6 makeDurable() does without moving the log, which it syncs, when there is no space', () => {
  const { connection, asked } = failing(13);
  makeDurable(connection, databaseWithLog(HUGE));
  assert.deepEqual(asked, [PASSIVE]);
});

test('a checkpoint that fails for another reason ends the machine', () => {
  for (const run of [checkpoint, checkpointIdle, makeDurable]) {
    assert.throws(() => {
      run(failing(10).connection, databaseWithLog(HUGE));
    }, FunctionFailure);
  }
});
