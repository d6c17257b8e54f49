import { type ChildProcess, fork } from 'node:child_process';

/** A Node process of ours that answers one message at a time. */
export class Child<Question extends object, Answer> implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #name: string;

  /** Starts the program `file`; `name` is for errors. */
  constructor(name: string, file: URL) {
    this.#name = name;
    this.#process = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** Its process id; 0 when it could not be started. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Sends a question and waits for the answer. @throws {Error} when the process ends instead */
  async ask(question: Question): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const child = this.#process;
    const onMessage = (answer: unknown): void => resolve(answer as Answer);
    const onExit = (): void => reject(new Error(`Cannot go on: the ${this.#name} process ended`));
    child.once('message', onMessage).once('exit', onExit);
    if (child.exitCode !== null || child.signalCode !== null) onExit();
    else child.send(question);
    try {
      return await promise;
    } finally {
      child.off('message', onMessage).off('exit', onExit);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
    await promise;
  }
}
