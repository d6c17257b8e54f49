import { Worker } from 'node:worker_threads';

import { ByteWriter } from '../base/bytes.ts';
import { messageOf } from '../base/errors.ts';
import { decodeResults, type EncodedRequest, encodeBatch } from './batch-codec.ts';
import { Channel, type Whereabouts } from './channel.ts';
import type { ReaderData, ReaderMessage, ReaderNotice } from './reader-worker.ts';
import { READER_WORKER } from './worker-urls.ts';

/** Batches in flight per worker: one is answered while the next is on its way (hotpath B). */
export const BATCHES_MAX = 2;

/** Batches and results up to these go through shared memory; larger ones are messages. */
const REQUEST_BYTES = 262_144;
const RESPONSE_BYTES = 1_048_576;

/** A batch on its way: its requests in order; null where somebody else has taken one over. */
export interface Batch<Request> {
  readonly slot: number;
  readonly requests: (Request | null)[];
  readonly sentAtMs: number;
}

/** What becomes of a thread's work. */
export interface ReaderThreadEvents<Request> {
  onOpened(): void;
  onResults(batch: Batch<Request>, results: readonly (Uint8Array | null)[]): void;
  /** The thread has ended by itself; `left` was not answered. */
  onFailed(left: readonly Request[], reason: string): void;
}

const encoder = new ByteWriter(65_536);

/** One read worker from the main thread. */
export class ReaderThread<Request extends EncodedRequest> {
  readonly #worker: Worker;
  readonly #channel: Channel;
  readonly #batches: (Batch<Request> | null)[] = Array.from({ length: BATCHES_MAX }, () => null);
  readonly #events: ReaderThreadEvents<Request>;
  #ended = false;

  constructor(path: string, events: ReaderThreadEvents<Request>) {
    this.#events = events;
    this.#channel = Channel.create({
      slots: BATCHES_MAX,
      requestBytesMax: REQUEST_BYTES,
      responseBytesMax: RESPONSE_BYTES,
    });
    const workerData: ReaderData = { path, channel: this.#channel.shared };
    this.#worker = new Worker(READER_WORKER, { workerData, name: 'quorlite reader' });
    this.#worker.on('message', (notice: ReaderNotice) => {
      this.#onNotice(notice);
    });
    this.#worker.on('error', (error: unknown) => {
      this.#fail(messageOf(error));
    });
    this.#worker.on('exit', () => {
      this.#fail('the worker ended');
    });
  }

  /** Batches in flight. */
  get load(): number {
    return this.#batches.reduce((count, batch) => count + (batch === null ? 0 : 1), 0);
  }

  /** When the oldest batch in flight was sent; null when there is none. */
  get oldestMs(): number | null {
    let oldest: number | null = null;
    for (const batch of this.#batches)
      if (batch !== null && (oldest === null || batch.sentAtMs < oldest)) oldest = batch.sentAtMs;
    return oldest;
  }

  /** The batches in flight. */
  get batches(): readonly Batch<Request>[] {
    return this.#batches.filter((batch) => batch !== null);
  }

  /** The request that the worker is busy with. */
  whereabouts(): Whereabouts | null {
    return this.#channel.whereabouts();
  }

  /** Sends a batch; there must be room for one (`load`). */
  send(requests: readonly Request[], nowMs: number): void {
    const slot = this.#batches.indexOf(null);
    this.#batches[slot] = { slot, requests: [...requests], sentAtMs: nowMs };
    const bytes = encodeBatch(encoder, requests);
    if (bytes.length <= REQUEST_BYTES) {
      this.#channel.send(slot, bytes);
      return;
    }
    const message: ReaderMessage = { kind: 'batch', slot, bytes: bytes.slice() };
    this.#worker.postMessage(message);
    this.#channel.wake();
  }

  /** Asks the worker to give the batch up; a statement that gives no rows does not notice. */
  stop(batch: Batch<Request>): void {
    this.#channel.stop(batch.slot);
  }

  /** Ends the thread, which takes as long as its statement; what it was doing is dropped. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#worker.unref();
    await this.#worker.terminate();
  }

  #onNotice(notice: ReaderNotice): void {
    if (this.#ended) return;
    if (typeof notice === 'number') this.#onResults(notice, this.#channel.takeResponse(notice));
    else if (notice.kind === 'opened') this.#events.onOpened();
    else this.#onResults(notice.slot, notice.bytes);
  }

  #onResults(slot: number, bytes: Uint8Array): void {
    const batch = this.#batches[slot];
    this.#batches[slot] = null;
    if (batch !== null && batch !== undefined) this.#events.onResults(batch, decodeResults(bytes));
  }

  #fail(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const left = this.batches.flatMap(({ requests }) =>
      requests.filter((request) => request !== null),
    );
    this.#events.onFailed(left, reason);
  }
}
