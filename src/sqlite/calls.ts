/** The rare calls to the workers: messages with a number, answered by a message with the same. */

import { type ErrorCode, messageOf, QuorliteError } from '../base/errors.ts';
import type { RangeOutcome } from './range-run.ts';

/** Where a machine stands: the last index in it, and the digest of all results up to there. */
export interface MachinePlace {
  readonly applied: number;
  readonly digest: number;
}

/** What the writer can be asked. */
export interface WriterCalls {
  /** A range too large for the shared memory, encoded. */
  apply: { readonly argument: Uint8Array; readonly result: RangeOutcome };
  persist: { readonly argument: null; readonly result: number };
  restore: { readonly argument: string; readonly result: MachinePlace };
  close: { readonly argument: null; readonly result: null };
}

/** What the auxiliary worker can be asked. */
export interface AuxiliaryCalls {
  /** Begins a read transaction, whose content must be at this index, and hashes it afterwards. */
  pin: { readonly argument: number; readonly result: null };
  snapshot: {
    readonly argument: string;
    readonly result: { readonly index: number; readonly bytes: number };
  };
}

/** One call on its way. */
export interface CallMessage<Table> {
  readonly id: number;
  readonly name: keyof Table & string;
  readonly argument: unknown;
}

/** The answer to the call with the same number. */
export type AnswerMessage =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PlainError };

/** An error as it crosses threads: structured cloning would lose its class and code. */
export interface PlainError {
  readonly code: ErrorCode | null;
  readonly message: string;
}

/** An error made ready to cross. */
export function plainError(cause: unknown): PlainError {
  const code = cause instanceof QuorliteError ? cause.code : null;
  return { code, message: messageOf(cause) };
}

/** The error that crossed. */
export function errorOf({ code, message }: PlainError): Error {
  return code === null ? new Error(message) : new QuorliteError(code, message);
}

/** The calling end: numbers calls and matches answers. */
export class Caller<Table extends Record<keyof Table, { argument: unknown; result: unknown }>> {
  readonly #post: (message: CallMessage<Table>) => void;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }
  >();
  #last = 0;

  constructor(post: (message: CallMessage<Table>) => void) {
    this.#post = post;
  }

  call<Name extends keyof Table & string>(
    name: Name,
    argument: Table[Name]['argument'],
  ): Promise<Table[Name]['result']> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, name, argument });
    });
  }

  answered(answer: AnswerMessage): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) waiting?.resolve(answer.result);
    else waiting?.reject(errorOf(answer.error));
  }

  /** The worker is gone: nobody will answer. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
