import assert from 'node:assert/strict';
import { test } from 'node:test';

import { QuorliteError } from '../../base/errors.ts';
import type { Connection, RunSettings, StatementOutcome } from './connection.ts';
import { runScript } from './script-run.ts';
import { Session } from './session.ts';

/** A cluster in which every statement works but those that say FAIL. */
class FakeCluster implements Connection {
  /** Requests as `tx` or `one` and the statements. */
  readonly requests: string[] = [];
  /** Statements that took effect. */
  readonly applied: string[] = [];
  /** Fails the request with this number, counted from 1. */
  lost: { readonly request: number; readonly error: QuorliteError } | null = null;

  async run(
    statements: readonly string[],
    settings: RunSettings,
  ): Promise<readonly StatementOutcome[]> {
    this.requests.push(`${settings.transaction ? 'tx' : 'one'} ${statements.join(' ')}`);
    if (this.lost?.request === this.requests.length) throw this.lost.error;
    const outcomes: StatementOutcome[] = [];
    for (const sql of statements) {
      const fails = /FAIL/.test(sql) || (settings.transaction && /LONELY/.test(sql));
      if (fails) return [...outcomes, { kind: 'error', message: `no such thing: ${sql}` }];
      outcomes.push(
        sql.startsWith('SELECT')
          ? { kind: 'rows', rows: { columns: ['c'], rows: [[sql]] } }
          : { kind: 'done', rowsAffected: 1 },
      );
    }
    this.applied.push(...statements);
    return outcomes;
  }

  describeNodes = async (): Promise<string> => 'nodes\n';
  describeStatus = async (): Promise<string> => 'status\n';
  describeLeader = async (): Promise<string> => 'leader\n';
}

interface Run {
  readonly cluster: FakeCluster;
  readonly output: string;
  readonly error: string | null;
}

async function run(text: string, cluster: FakeCluster = new FakeCluster()): Promise<Run> {
  let output = '';
  const session = new Session({
    connection: cluster,
    output: { write: (written) => (output += written), chatty: false },
    level: 'weak',
    mode: 'csv',
  });
  const commands: string[] = [];
  const script = {
    name: 'x.sql',
    source: [text],
    onProgress: () => undefined,
    onCommand: async (line: string) => {
      commands.push(line);
      output += `[${line}]`;
      return line === '.quit' ? ('quit' as const) : ('go on' as const);
    },
  };
  try {
    await runScript(session, script);
    return { cluster, output, error: null };
  } catch (error) {
    assert.ok(error instanceof QuorliteError);
    return { cluster, output, error: error.message };
  }
}

test('runScript() sends what can be sent together as one transaction', async () => {
  const { cluster, error } = await run('INSERT 1;\nINSERT 2; INSERT 3;\n');
  assert.equal(error, null);
  assert.deepEqual(cluster.requests, ['tx INSERT 1; INSERT 2; INSERT 3;']);
});

test('runScript() loads a dump of sqlite3', async () => {
  const dump = 'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE;\nINSERT;\nCOMMIT;\n';
  const { cluster } = await run(dump);
  assert.deepEqual(cluster.requests, ['one PRAGMA foreign_keys=OFF;', 'tx CREATE; INSERT;']);
});

test('runScript() stops at the first error with everything before it applied', async () => {
  const { cluster, error } = await run('INSERT 1;\nINSERT 2;\n\nFAIL 3;\nINSERT 4;\n');
  assert.equal(error, 'Cannot run x.sql:4: no such thing: FAIL 3;');
  assert.deepEqual(cluster.applied, ['INSERT 1;', 'INSERT 2;']);
});

test('runScript() gives a statement that fails in company a try alone', async () => {
  const { cluster, error } = await run('INSERT 1; LONELY 2; INSERT 3;');
  assert.equal(error, null);
  assert.deepEqual(cluster.applied, ['INSERT 1;', 'LONELY 2;', 'INSERT 3;']);
});

test('runScript() applies nothing of a transaction of the script that fails', async () => {
  const { cluster, error } = await run('INSERT 0;\nBEGIN;\nINSERT 1;\nFAIL 2;\nCOMMIT;\n');
  const reason = 'no such thing: FAIL 2;; nothing of the transaction of line 2 happened';
  assert.equal(error, `Cannot run x.sql:4: ${reason}`);
  assert.deepEqual(cluster.applied, ['INSERT 0;']);
});

test('runScript() says that the outcome is unknown when it is', async () => {
  const cluster = new FakeCluster();
  const error = new QuorliteError('unknown-outcome', 'the leader was lost');
  cluster.lost = { request: 1, error };
  const batch = await run('\nINSERT 1;\nINSERT 2;', cluster);
  assert.equal(
    batch.error,
    'Cannot run x.sql:2: the outcome is unknown: the 2 statements up to line 3 happened ' +
      'all or not at all (the leader was lost)',
  );
  assert.equal(cluster.requests.length, 1);
  const single = new FakeCluster();
  single.lost = { request: 1, error };
  const { error: message } = await run('INSERT 1;', single);
  assert.match(message ?? '', /this statement may or may not have happened/);
});

test('runScript() prints the rows of statements that read', async () => {
  const { output } = await run('INSERT 1;\nSELECT 2;\nSELECT 3;\n');
  assert.equal(output, 'c\nSELECT 2;\nc\nSELECT 3;\n');
});

test('runScript() runs commands between statements, and leaves at .quit', async () => {
  const script = "INSERT 1;\n.mode csv\nINSERT '\n.not a command\n';\n.quit\nINSERT 3;\n";
  const { cluster, output } = await run(script);
  assert.equal(output, '[.mode csv][.quit]');
  assert.deepEqual(cluster.applied, ['INSERT 1;', "INSERT '\n.not a command\n';"]);
});

test('runScript() takes a last statement without a semicolon', async () => {
  const { cluster } = await run('INSERT 1;\nINSERT 2');
  assert.deepEqual(cluster.applied, ['INSERT 1;', 'INSERT 2']);
});
