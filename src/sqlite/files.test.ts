import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { openPlain, openReader, openWriter } from './driver.ts';
import { replaceDatabase } from './files.ts';
import { scratch } from './machine.suite.ts';
import { SqliteMachine } from './machine.ts';

/** Runs `work`, which dies just before the `nth` call that renames or removes a file. */
function diesBefore(nth: number, work: () => void): boolean {
  const { renameSync, rmSync } = fs;
  let calls = 0;
  const strike = (): void => {
    if (++calls >= nth) throw new Error('killed');
  };
  fs.renameSync = (from, to) => {
    strike();
    renameSync(from, to);
  };
  fs.rmSync = (path, options) => {
    strike();
    rmSync(path, options);
  };
  syncBuiltinESMExports();
  try {
    work();
    return false;
  } catch (error) {
    assert.match(String(error), /killed/);
    return true;
  } finally {
    Object.assign(fs, { renameSync, rmSync });
    syncBuiltinESMExports();
  }
}

/** The rows of `t` as a writer finds them that opens the file; null without the table. */
function rowsIn(path: string): string {
  const connection = openWriter(path);
  const has = connection.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 't'`).get();
  const rows = has === undefined ? null : connection.prepare('SELECT x FROM t').all();
  connection.close();
  return rows === null ? 'no table' : String(rows);
}

/** What is found after a death before the `nth` call, and whether there was one. */
function replace(t: TestContext, nth: number, lingers: boolean): [found: string, died: boolean] {
  const path = join(scratch(t), 'main.db');
  const source = join(scratch(t), 'copy.db');
  const copy = openPlain(source);
  copy.exec('CREATE TABLE t(x); INSERT INTO t VALUES (9)');
  copy.close();
  const writer = openWriter(path);
  writer.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1); PRAGMA wal_checkpoint(TRUNCATE)');
  const reader = openReader(path);
  if (lingers) reader.exec('BEGIN; SELECT x FROM t');
  writer.exec('INSERT INTO t VALUES (2)');
  if (!lingers) reader.close();
  writer.close();
  const died = diesBefore(nth, () => {
    replaceDatabase(source, path);
  });
  // What a process that starts finds; this one has connections that the dead one had.
  const after = join(scratch(t), 'main.db');
  for (const ending of ['', '-wal']) {
    if (fs.existsSync(path + ending)) fs.copyFileSync(path + ending, after + ending);
  }
  if (lingers) reader.close();
  return [rowsIn(after), died];
}

for (const lingers of [false, true]) {
  const who = lingers ? 'beside a reader that does not end' : 'alone';
  test(`replaceDatabase() ${who} leaves no old file without its log, whenever it dies`, (t) => {
    let nth = 1;
    for (; ; nth++) {
      const [found, died] = replace(t, nth, lingers);
      if (!died) {
        assert.equal(found, '9');
        break;
      }
      // Nothing at all is behind the log, too: then the copy comes again.
      assert.ok(['1,2', '9', 'no table'].includes(found), `before call ${nth}: ${found}`);
    }
    assert.ok(nth > 3);
  });
}

test('SqliteMachine.open() removes what a process left that died replacing a state', (t) => {
  const directory = scratch(t);
  const path = join(directory, 'main.db');
  SqliteMachine.open(path).close();
  for (const ending of ['incoming', 'old']) fs.writeFileSync(`${path}.${ending}`, 'as large as it');
  SqliteMachine.open(path).close();
  assert.deepEqual(fs.readdirSync(directory), ['main.db']);
});
