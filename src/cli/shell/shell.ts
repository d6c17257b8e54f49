import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { messageOf, QuorliteError } from '../../base/errors.ts';
import type { ShellOptions } from '../options.ts';
import { connect } from './client.ts';
import { runDotCommand } from './dot.ts';
import { Progress } from './progress.ts';
import { Repl } from './repl.ts';
import { runScript } from './script-run.ts';
import { Session } from './session.ts';

/** `quorlite shell`: resolves with the exit code. */
export async function shell(options: ShellOptions, url: string | null): Promise<number> {
  await using connection = await connect(url);
  const interactive = options.command === null && options.file === null && process.stdin.isTTY;
  const session = new Session({
    connection,
    output: { write: (text) => process.stdout.write(text), chatty: interactive },
    level: options.level,
    mode: options.mode,
  });
  const hooks = {
    onProgress: () => undefined,
    onCommand: async (line: string) => runDotCommand(session, line),
  };
  if (options.command !== null) {
    await runScript(session, { name: 'command', source: [options.command], ...hooks });
  }
  if (options.file !== null) await runFile(session, options.file);
  if (options.command !== null || options.file !== null) return 0;
  if (interactive) {
    process.stdout.write(`Connected to ${connection.target}. End statements with ; or see .help\n`);
    await new Repl(session).run();
  } else {
    process.stdin.setEncoding('utf8');
    await runScript(session, { name: 'stdin', source: process.stdin, ...hooks });
  }
  return 0;
}

async function runFile(session: Session, file: string): Promise<void> {
  let bytes: number;
  try {
    bytes = (await stat(file)).size;
  } catch (error) {
    const message = `Cannot read ${file}: ${messageOf(error)}`;
    throw new QuorliteError('configuration', message, { cause: error });
  }
  const progress = new Progress(process.stderr, bytes);
  const source = createReadStream(file, { encoding: 'utf8' });
  try {
    await runScript(session, {
      name: file,
      source,
      onCommand: async (line) => runDotCommand(session, line),
      onProgress: ({ statements }) => progress.update({ bytes: source.bytesRead, statements }),
    });
  } finally {
    progress.clear();
  }
  progress.finish(session.statements);
}
