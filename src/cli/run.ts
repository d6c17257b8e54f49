import { styleText } from 'node:util';

import { Command, CommanderError } from 'commander';

import { QuorliteError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { addCommands } from './commands.ts';
import { describeFailure } from './failure.ts';

/** Exit code for a command line that cannot be understood, as shells and getopt have it. */
const USAGE = 2;
const HELP_WIDTH = 100;

/**
 * Runs one command line and resolves with the exit code: 0, 1 for what went wrong, 2 for a command
 * line that makes no sense, or the command's own.
 */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = makeProgram((exit) => (code = exit));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    reportFailure(error);
    return 1;
  }
}

/** The program with all its commands; `onExit` hears the exit code of the one that ran. */
export function makeProgram(onExit: (code: number) => void): Command {
  const width = (stream: NodeJS.WriteStream): number =>
    stream.isTTY ? Math.min(stream.columns, HELP_WIDTH) : HELP_WIDTH;
  const program = new Command('quorlite')
    .description('Keeps a SQLite database alive on several machines.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('--help', 'explain the command')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) })
    .configureOutput({
      getOutHelpWidth: () => width(process.stdout),
      getErrHelpWidth: () => width(process.stderr),
      outputError: (text, write) => write(usageError(text)),
    })
    .addHelpText('after', '\nStart with `quorlite dev`: three nodes on this machine.');
  addCommands(program, onExit);
  return program;
}

/** Writes one line for people; the stack too when QUORLITE_DEBUG asks for it. */
export function reportFailure(error: unknown): void {
  const message = describeFailure(error);
  const known = error instanceof QuorliteError && message.startsWith('Cannot');
  console.error(`quorlite: ${known ? message : `Cannot go on: ${message}`}`);
  if ((process.env['QUORLITE_DEBUG'] ?? '') !== '') console.error(error);
}

/** Commander's words in our form: one line, with where to read on. */
function usageError(text: string): string {
  const line = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ');
  return `quorlite: Cannot understand the command line: ${line}; see quorlite --help\n`;
}
