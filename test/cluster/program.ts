import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

const MAIN = path.join(import.meta.dirname, '../../src/cli/main.ts');

/** How a run of the program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program in a process of its own; disposing kills it when it still runs. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<Ended>();
  readonly #watchers = new Set<() => void>();
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], stdin = '') {
    this.#child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe' });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      for (const look of this.#watchers) look();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#child.once('close', (code) => {
      this.#ended.resolve({ code, stdout: this.stdout, stderr: this.stderr });
      for (const look of this.#watchers) look();
    });
    this.#child.stdin?.end(stdin);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when its standard output matches; fails when it ends before. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.stdout);
      if (match !== null) resolve(match);
      else if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        reject(new Error(`It ended without ${pattern}: ${this.stdout}${this.stderr}`));
      }
    };
    this.#watchers.add(look);
    look();
    return promise.finally(() => this.#watchers.delete(look));
  }

  async ended(): Promise<Ended> {
    return this.#ended.promise;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.promise;
  }
}

/** Runs the program to its end. */
export async function runProgram(args: readonly string[], stdin = ''): Promise<Ended> {
  await using program = new Program(args, stdin);
  return await program.ended();
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
