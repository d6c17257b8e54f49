import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import type { Command } from 'commander';

import { makeProgram, run } from './run.ts';

/** `node --test --test-update-snapshots` writes the files anew. */
const TESTDATA = path.join(import.meta.dirname, 'testdata');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (written) => (text += written),
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}

/** Runs a command line that is wrong or only asks for help. */
async function runAndListen(args: readonly string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const original = { log: console.error, out: process.stdout.write, error: process.stderr.write };
  process.stdout.write = (text) => (written.stdout += String(text)) !== '';
  process.stderr.write = (text) => (written.stderr += String(text)) !== '';
  console.error = (text: unknown) => (written.stderr += `${String(text)}\n`);
  try {
    return { code: await run(args), ...written };
  } finally {
    process.stdout.write = original.out;
    process.stderr.write = original.error;
    console.error = original.log;
  }
}

const program = makeProgram(() => undefined);
for (const command of [program, ...program.commands]) {
  test(`the help of ${command.name()} is this`, (t) => {
    const file = path.join(TESTDATA, `help-${command.name()}.txt`);
    t.assert.fileSnapshot(helpOf(command), file, { serializers: [String] });
  });
}

test('run() answers an unknown command with what was meant, and exit code 2', async () => {
  const { code, stderr, stdout } = await runAndListen(['srve']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    "quorlite: Cannot understand the command line: unknown command 'srve' " +
      '(Did you mean serve?); see quorlite --help\n',
  );
});

test('run() answers an unknown flag with what was meant, and exit code 2', async () => {
  const { code, stderr } = await runAndListen(['serve', '--hearbeat', '1s']);
  assert.equal(code, 2);
  assert.match(stderr, /^quorlite: .*unknown option '--hearbeat' \(Did you mean --heartbeat\?\)/);
});

test('run() refuses arguments that nobody asked for, and exit code 2', async () => {
  const { code, stderr } = await runAndListen(['serve', 'extra']);
  assert.equal(code, 2);
  assert.match(stderr, /too many arguments/);
});

test('run() says what is wrong with a value in one line, and exit code 1', async () => {
  const { code, stderr } = await runAndListen(['serve', '--http', '4001']);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'quorlite: Cannot use --http 4001: it must be host:port, such as 127.0.0.1:4001\n',
  );
});

test('run() knows its version', async () => {
  const { code, stdout } = await runAndListen(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});
