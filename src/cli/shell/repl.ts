import { createInterface, type Interface } from 'node:readline';

import { messageOf } from '../../base/errors.ts';
import { completeDotCommand, runDotCommand } from './dot.ts';
import { openHistory } from './history.ts';
import { ScriptReader } from './script.ts';
import type { Session } from './session.ts';

/** Same width as the prompt, and what the statement is in the middle of. */
const CONTINUATION = {
  statement: '     ...> ',
  trigger: ' trigger.> ',
  string: "     '..> ",
  name: '     "..> ',
  comment: '    /*..> ',
} as const;

/** What shells report for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Reads statements and commands from a terminal until Ctrl-D or `.quit`. */
export class Repl {
  readonly #session: Session;
  readonly #terminal: Interface;
  #reader = new ScriptReader();
  /** Lines that came while a statement was running. */
  readonly #lines: string[] = [];
  #busy = false;
  /** Ctrl-C was pressed while a statement was running. */
  #impatient = false;
  #closed = false;
  readonly #done = Promise.withResolvers<void>();

  constructor(session: Session) {
    this.#session = session;
    const history = openHistory(process.env);
    this.#terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: history.lines,
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: (line: string) => [line.startsWith('.') ? completeDotCommand(line) : [], line],
    });
    this.#terminal.on('line', (line) => {
      history.add(line);
      this.#lines.push(line);
      void this.#drain();
    });
    this.#terminal.on('SIGINT', () => this.#cancel());
    this.#terminal.on('close', () => {
      this.#closed = true;
      if (!this.#busy) this.#done.resolve();
    });
  }

  /** Resolves when the user has left. */
  async run(): Promise<void> {
    this.#prompt();
    await this.#done.promise;
    process.stdout.write('\n');
  }

  /** Never rejects: what goes wrong is said and the shell goes on. */
  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
      try {
        await this.#take(line);
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#busy = false;
    this.#impatient = false;
    if (this.#closed) this.#done.resolve();
    else this.#prompt();
  }

  async #take(line: string): Promise<void> {
    if (line.startsWith('.') && this.#reader.pending() === null) {
      if ((await runDotCommand(this.#session, line.trim())) === 'quit') {
        this.#lines.length = 0;
        this.#terminal.close();
      }
      return;
    }
    for (const statement of this.#reader.push(`${line}\n`)) await this.#session.add(statement);
    await this.#session.flush();
  }

  #fail(error: unknown): void {
    process.stderr.write(`Error: ${messageOf(error)}\n`);
    if (this.#session.plan.begin !== null) {
      process.stderr.write('The transaction that was begun is forgotten.\n');
    }
    this.#restart();
  }

  /** Ctrl-C: the line and the statement it is part of never were. */
  #cancel(): void {
    process.stdout.write('^C\n');
    if (this.#busy) {
      // What was sent cannot be called back; only waiting for the answer can be given up.
      if (this.#impatient) process.exit(INTERRUPTED);
      this.#impatient = true;
      process.stdout.write(
        'Still running. Ctrl-C again leaves without knowing what becomes of it.\n',
      );
      return;
    }
    // Emptying the line redraws it, with its prompt: with none, nothing shows.
    this.#terminal.setPrompt('');
    this.#terminal.write(null, { ctrl: true, name: 'e' });
    this.#terminal.write(null, { ctrl: true, name: 'u' });
    this.#restart();
    this.#prompt();
  }

  #restart(): void {
    this.#reader = new ScriptReader();
    this.#session.plan.abandon();
  }

  #prompt(): void {
    const pending = this.#reader.pending();
    const inTransaction = this.#session.plan.begin !== null;
    const start = inTransaction ? 'quorlite*> ' : 'quorlite> ';
    this.#terminal.setPrompt(pending === null ? start : CONTINUATION[pending]);
    this.#terminal.prompt();
  }
}
