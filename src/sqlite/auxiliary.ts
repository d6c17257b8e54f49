import { Worker } from 'node:worker_threads';

import { messageOf, QuorliteError } from '../base/errors.ts';
import type { AuxiliaryData, HashNotice } from './auxiliary-worker.ts';
import { type AnswerMessage, type AuxiliaryCalls, Caller } from './calls.ts';
import { AUXILIARY_WORKER } from './worker-urls.ts';

/** Hashes kept for nodes that ask late. */
const HASHES_MAX = 8;

/** A hash, or the promise of one. */
interface Awaited {
  readonly promise: Promise<string>;
  readonly resolve: (hash: string) => void;
  readonly reject: (error: Error) => void;
}

/** The auxiliary worker from the main thread; it is started when first needed. */
export class Auxiliary {
  readonly #path: string;
  #worker: Worker | null = null;
  readonly #caller: Caller<AuxiliaryCalls>;
  readonly #hashes = new Map<number, Awaited>();
  /** While the database is being replaced. */
  #suspended = false;

  constructor(path: string) {
    this.#path = path;
    this.#caller = new Caller((message) => {
      this.#start().postMessage(message);
    });
  }

  /**
   * Keeps the content at `index`, which must be now, and hashes it; resolves once it is kept, or
   * cannot be: then `checksum` says so.
   */
  async pin(index: number): Promise<void> {
    this.#await(index);
    try {
      await this.#caller.call('pin', index);
    } catch (cause) {
      this.#hashed({ kind: 'hash', index, hash: null, error: messageOf(cause) });
    }
  }

  /**
   * The hash of the content at `index`.
   *
   * @throws {QuorliteError} `not-ready` when no checksum was applied there lately
   */
  checksum(index: number): Promise<string> {
    const awaited = this.#hashes.get(index);
    if (awaited !== undefined) return awaited.promise;
    const message = `Cannot tell the checksum at ${index}: none was taken there lately`;
    return Promise.reject(new QuorliteError('not-ready', message));
  }

  /** Copies the database to the new file `path`. */
  async snapshot(path: string): Promise<AuxiliaryCalls['snapshot']['result']> {
    if (this.#suspended)
      throw new QuorliteError('not-ready', 'Cannot copy the database: it is being replaced');
    return await this.#caller.call('snapshot', path);
  }

  /** Closes every connection; hashes under way are lost. */
  async suspend(): Promise<void> {
    this.#suspended = true;
    // Ending the thread also ends a copy under way, which holds its connection.
    await this.close();
  }

  resume(): void {
    this.#suspended = false;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#failAll(new QuorliteError('stopping', 'The database is being closed or replaced'));
    await worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== null) return this.#worker;
    const workerData: AuxiliaryData = { path: this.#path };
    const worker = new Worker(AUXILIARY_WORKER, { workerData, name: 'quorlite auxiliary' });
    worker.on('message', (message: AnswerMessage | HashNotice) => {
      if ('id' in message) this.#caller.answered(message);
      else this.#hashed(message);
    });
    worker.on('error', (error: unknown) => {
      if (this.#worker === worker) this.#worker = null;
      this.#failAll(new QuorliteError('disk', `The auxiliary worker failed: ${messageOf(error)}`));
    });
    this.#worker = worker;
    return worker;
  }

  #await(index: number): void {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    // Nobody may ask for it; then its failure is nobody's concern.
    promise.catch(() => undefined);
    this.#hashes.set(index, { promise, resolve, reject });
    const [oldest] = this.#hashes.keys();
    if (this.#hashes.size > HASHES_MAX && oldest !== undefined) this.#hashes.delete(oldest);
  }

  #hashed({ index, hash, error }: HashNotice): void {
    const awaited = this.#hashes.get(index);
    if (hash !== null) awaited?.resolve(hash);
    else awaited?.reject(new QuorliteError('not-ready', `Cannot hash at ${index}: ${error}`));
  }

  #failAll(error: Error): void {
    this.#caller.fail(error);
    // Settled promises stay as they are.
    for (const { reject } of this.#hashes.values()) reject(error);
  }
}
