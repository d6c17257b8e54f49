import { messageOf, QuorliteError } from '../../base/errors.ts';
import { linesOf } from './lines.ts';
import { ScriptError } from './plan.ts';
import { ScriptReader } from './script.ts';
import type { Session } from './session.ts';

/** Whether a script or a shell goes on after a command. */
export type Next = 'go on' | 'quit';

/** Hears how far a script has come. */
export type OnProgress = (done: {
  readonly characters: number;
  readonly statements: number;
}) => void;

/** A script to run. */
export interface Script {
  /** How messages name it: `chinook.sql`, `stdin`. */
  readonly name: string;
  readonly source: AsyncIterable<string> | Iterable<string>;
  readonly onProgress: OnProgress;
  /** Runs a line that begins with a dot. */
  readonly onCommand: (line: string) => Promise<Next>;
}

/**
 * Runs a script up to its end, a `.quit`, or its first error.
 *
 * @throws {QuorliteError} `sql`, with the script and the line of the statement that failed;
 *   everything before it happened, nothing after it did
 */
export async function runScript(session: Session, script: Script): Promise<void> {
  const reader = new ScriptReader();
  let line = 0;
  let characters = 0;
  try {
    for await (const text of linesOf(script.source)) {
      line++;
      characters += text.length;
      if (text.startsWith('.') && reader.pending() === null) {
        await session.flush();
        if ((await script.onCommand(text.trim())) === 'quit') break;
        reader.push('\n');
        continue;
      }
      for (const statement of reader.push(text)) await session.add(statement);
      script.onProgress({ characters, statements: session.statements });
    }
    const last = reader.finish();
    if (last !== null) await session.add(last);
    await session.finish();
  } catch (error) {
    session.plan.abandon();
    const at = error instanceof ScriptError ? error.line : line;
    throw new QuorliteError('sql', `Cannot run ${script.name}:${at}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
