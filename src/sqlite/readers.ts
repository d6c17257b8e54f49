/**
 * The pool of read workers. Requests of one turn of the event loop go out together, in one read
 * transaction of one worker where they are small (hotpath B: 42 % over a message each); large
 * results are spread.
 *
 * A worker cannot be interrupted inside a statement. So whoever waits behind a long one is taken to
 * another worker, and a worker whose statement outlives its time is left to itself and replaced.
 */

import { setTimeout as delay } from 'node:timers/promises';

import { QuorliteError } from '../base/errors.ts';
import type { Statement } from '../command/command.ts';
import { encodeStatements } from '../command/encode.ts';
import { formatFromNumber } from '../result/format.ts';
import { createResultWriter } from '../result/writer.ts';
import { type EncodedRequest, requestBytes } from './batch-codec.ts';
import { GenerationCache } from './generation-cache.ts';
import { type Batch, BATCHES_MAX, ReaderThread } from './reader-thread.ts';
import { QUERY_TIMEOUT } from './reader.ts';

/** A read, as the pool takes it. */
export interface PoolRequest {
  readonly statements: readonly Statement[];
  /** From `formatToNumber`. */
  readonly format: number;
  /** Bounds each statement; 0 is no bound. Its result is then the error `query timeout`. */
  readonly statementTimeoutMs: number;
  /** Bounds the whole request, waiting included; then it is rejected with `timeout`. */
  readonly timeoutMs: number;
}

/** The two ends of a request; exactly one is called, once, and never before `query` returned. */
export interface PoolSettle {
  resolve(body: Uint8Array): void;
  reject(error: QuorliteError): void;
}

/** What a pool is made of. */
export interface ReaderPoolOptions {
  readonly path: string;
  readonly workers: number;
}

/** Requests in one batch, so that none waits for many. */
const BATCH_REQUESTS_MAX = 64;

/** Bytes of one batch; a larger request goes alone. */
const BATCH_BYTES_MAX = 262_144;

/** Requests that may wait: beyond this the answer is `overloaded`. */
const QUEUE_MAX = 65_536;

/** A text whose result was at least this long goes alone, to the worker with least to do. */
const HEAVY_BYTES = 16_384;

/** Texts whose weight is remembered. */
const WEIGHTS_MAX = 2_000;

/** How often requests in flight are looked at. */
const WATCH_MS = 10;

/** A worker that is this long at one request holds the others up. */
const STALL_MS = 20;

/** What a statement gets to notice that it was stopped, before its worker is replaced. */
const STOP_GRACE_MS = 50;

/** How long a worker may take to finish before it is left to itself when the pool is suspended. */
const SUSPEND_MS = 2_000;

/** How long a worker may take to end before it is left to itself. */
const CLOSE_MS = 500;

/** How long the pool waits before it starts a worker in place of one that failed. */
const RESTART_MS = 100;

/** Stuck workers that are replaced at a time, for each worker of the pool. */
const STUCK_PER_WORKER_MAX = 2;

/** One request on its way. */
interface Pending extends EncodedRequest {
  readonly key: string;
  readonly settle: PoolSettle;
  readonly deadlineMs: number;
  readonly statementTimeoutMs: number;
  settled: boolean;
}

type Thread = ReaderThread<Pending>;

/** Answers reads from the database at `path`, which must exist. */
export class ReaderPool {
  readonly #options: ReaderPoolOptions;
  readonly #weights = new GenerationCache<number>(WEIGHTS_MAX);
  /** Workers that are open, in the order in which they are preferred. */
  #threads: Thread[] = [];
  #queue: Pending[] = [];
  #draining = false;
  /** Requests in the batch that went out last. */
  #lastBatch = 0;
  #watch: NodeJS.Timeout | null = null;
  #suspended = false;
  #closed = false;
  /** Counts lives of the workers: what belongs to an earlier one is not started again. */
  #life = 0;
  /** Workers that were told to end, or left to their statements, and have not ended. */
  #stuck = 0;
  #idle: (() => void) | null = null;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
  }

  /** Starts the workers; resolves when one of them can answer. */
  static async open(options: ReaderPoolOptions): Promise<ReaderPool> {
    const pool = new ReaderPool(options);
    await pool.#start();
    return pool;
  }

  /** Answers `request`. */
  query(request: PoolRequest, settle: PoolSettle): void {
    const { statements, format, statementTimeoutMs, timeoutMs } = request;
    const refusal = this.#refusal();
    if (refusal !== null) {
      setImmediate(() => {
        settle.reject(refusal);
      });
      return;
    }
    this.#queue.push({
      statements: encodeStatements(statements, false),
      format,
      key: statements[0]?.sql ?? '',
      settle,
      deadlineMs: performance.now() + timeoutMs,
      statementTimeoutMs,
      settled: false,
    });
    this.#drainSoon();
  }

  /** Lets go of the database: requests wait until `resume`. */
  async suspend(): Promise<void> {
    this.#suspended = true;
    await this.#finishInFlight();
    const threads = this.#threads;
    this.#threads = [];
    this.#life++;
    for (const thread of threads) this.#queue.unshift(...leftOf(thread));
    await this.#end(threads);
  }

  /** Whether a statement still runs that nothing interrupts, not even the end of the process. */
  get isStuck(): boolean {
    return this.#stuck > 0;
  }

  /** Opens the database again, which may be another one. */
  resume(): void {
    if (this.#closed) return;
    this.#suspended = false;
    void this.#start();
  }

  /** Ends the workers; what was not answered is rejected with `stopping`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#life++;
    if (this.#watch !== null) clearInterval(this.#watch);
    const threads = this.#threads;
    this.#threads = [];
    const left = [...threads.flatMap(leftOf), ...this.#queue];
    this.#queue = [];
    const error = new QuorliteError('stopping', 'Cannot read: the database is being closed');
    for (const pending of left) reject(pending, error);
    await this.#end(threads);
  }

  #refusal(): QuorliteError | null {
    if (this.#closed) return new QuorliteError('stopping', 'Cannot read: the database is closed');
    if (this.#queue.length < QUEUE_MAX) return null;
    return new QuorliteError('overloaded', `Cannot read: ${QUEUE_MAX} reads are waiting`);
  }

  async #start(): Promise<void> {
    const opened = Array.from({ length: this.#options.workers }, () => this.#startThread());
    await Promise.race(opened);
  }

  #startThread(): Promise<void> {
    const life = this.#life;
    return new Promise((resolve) => {
      const thread: Thread = new ReaderThread<Pending>(this.#options.path, {
        onOpened: () => {
          if (life === this.#life) this.#threads.push(thread);
          else void thread.end();
          resolve();
          this.#drain();
        },
        onResults: (batch, results) => {
          this.#onResults(batch, results);
        },
        onFailed: (left, reason) => {
          this.#onFailed(thread, { left, reason, life });
        },
      });
    });
  }

  #onFailed(
    thread: Thread,
    { left, reason, life }: { left: readonly Pending[]; reason: string; life: number },
  ): void {
    if (life !== this.#life) return;
    this.#threads = this.#threads.filter((other) => other !== thread);
    // Reads can be asked again; one that ends a worker would end the next one too.
    const error = new QuorliteError('overloaded', `Cannot read: a read worker ended: ${reason}`);
    for (const pending of left) reject(pending, error);
    setTimeout(() => {
      if (life === this.#life) void this.#startThread();
    }, RESTART_MS).unref();
  }

  #drainSoon(): void {
    if (this.#draining) return;
    if (this.#isAlone()) {
      this.#drain();
      return;
    }
    this.#draining = true;
    setImmediate(() => {
      this.#draining = false;
      this.#drain();
    });
  }

  /** Whether one request waits, nothing is under way, and the last one was by itself, too. */
  #isAlone(): boolean {
    if (this.#queue.length > 1 || this.#lastBatch > 1) return false;
    return this.#threads.every(({ load }) => load === 0);
  }

  /** Sends out what waits, as far as workers have room. */
  #drain(): void {
    if (this.#suspended || this.#queue.length === 0) return;
    const now = performance.now();
    let at = 0;
    while (at < this.#queue.length) {
      const isHeavy = this.#isHeavy(this.#queue[at]);
      const thread = isHeavy ? this.#leastLoaded() : this.#preferred(now);
      if (thread === undefined) break;
      const batch = this.#batchFrom(at, isHeavy);
      thread.send(batch, now);
      this.#lastBatch = batch.length;
      at += batch.length;
    }
    if (at > 0) this.#queue.splice(0, at);
    this.#startWatch();
  }

  /** The requests from `at` that go together. */
  #batchFrom(at: number, isHeavy: boolean): Pending[] {
    const batch: Pending[] = [];
    let bytes = 0;
    for (let place = at; place < this.#queue.length; place++) {
      const pending = this.#queue[place];
      if (pending === undefined) break;
      bytes += requestBytes(pending);
      if (batch.length > 0 && (isHeavy || bytes > BATCH_BYTES_MAX || this.#isHeavy(pending))) break;
      batch.push(pending);
      if (batch.length === BATCH_REQUESTS_MAX) break;
    }
    return batch;
  }

  #isHeavy(pending: Pending | undefined): boolean {
    return pending !== undefined && (this.#weights.get(pending.key) ?? 0) >= HEAVY_BYTES;
  }

  #leastLoaded(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of this.#threads)
      if (thread.load < BATCHES_MAX && (best === undefined || thread.load < best.load))
        best = thread;
    return best;
  }

  /** Small requests keep to the first worker, where they share transactions, unless it stalls. */
  #preferred(now: number): Thread | undefined {
    const hasRoom = (thread: Thread): boolean =>
      thread.load < BATCHES_MAX && now - (thread.oldestMs ?? now) < STALL_MS;
    return this.#threads.find(hasRoom) ?? this.#leastLoaded();
  }

  #onResults(batch: Batch<Pending>, results: readonly (Uint8Array | null)[]): void {
    batch.requests.forEach((pending, at) => {
      if (pending === null || pending.settled) return;
      const body = results[at];
      // Given up before it began: it was stopped for the sake of another.
      if (body === null || body === undefined) this.#queue.unshift(pending);
      else {
        if (body.length >= HEAVY_BYTES) this.#weights.set(pending.key, body.length);
        resolve(pending, body);
      }
    });
    this.#drain();
    if (this.#idle !== null && this.#threads.every(({ load }) => load === 0)) this.#idle();
  }

  #startWatch(): void {
    this.#watch ??= setInterval(() => {
      this.#look();
    }, WATCH_MS);
  }

  /** Looks for requests whose time is over and for workers that hold others up. */
  #look(): void {
    const now = performance.now();
    for (const thread of this.#threads.slice()) this.#lookAt(thread, now);
    const expired = this.#queue.filter(({ deadlineMs }) => now > deadlineMs);
    if (expired.length > 0) this.#queue = this.#queue.filter(({ deadlineMs }) => now <= deadlineMs);
    for (const pending of expired) reject(pending, timedOut());
    this.#drain();
    if (this.#queue.length > 0 || this.#threads.some(({ load }) => load > 0)) return;
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
  }

  #lookAt(thread: Thread, now: number): void {
    const where = thread.whereabouts();
    const batch = thread.batches.find(({ slot }) => slot === where?.slot);
    const current = where === null ? null : (batch?.requests[where.position] ?? null);
    if (where === null || batch === undefined) return;
    if (current !== null && this.#isOver(current, where.forMs, now)) thread.stop(batch);
    if (current?.settled === true && this.#isStuck(current, where.forMs, now)) {
      this.#replace(thread);
      return;
    }
    if (where.forMs > STALL_MS) this.#rescue(thread, { batch, position: where.position });
  }

  /** Answers a request whose time is over; true when it is. */
  #isOver(pending: Pending, forMs: number, now: number): boolean {
    const { statementTimeoutMs, deadlineMs, format } = pending;
    if (statementTimeoutMs > 0 && forMs > statementTimeoutMs) {
      const writer = createResultWriter(formatFromNumber(format));
      writer.error(QUERY_TIMEOUT, true);
      resolve(pending, writer.finish());
    } else if (now > deadlineMs) reject(pending, timedOut());
    return pending.settled;
  }

  #isStuck({ statementTimeoutMs, deadlineMs }: Pending, forMs: number, now: number): boolean {
    return (
      (statementTimeoutMs > 0 && forMs > statementTimeoutMs + STOP_GRACE_MS) ||
      now > deadlineMs + STOP_GRACE_MS
    );
  }

  /** Takes what waits behind a long request to a worker that is free. */
  #rescue(thread: Thread, at: { readonly batch: Batch<Pending>; readonly position: number }): void {
    const free = this.#threads.find((other) => other !== thread && other.load === 0);
    if (free === undefined) return;
    for (const batch of thread.batches) {
      const from = batch === at.batch ? at.position + 1 : 0;
      for (let place = from; place < batch.requests.length; place++) {
        const pending = batch.requests[place];
        batch.requests[place] = null;
        if (pending !== null && pending !== undefined && !pending.settled)
          this.#queue.push(pending);
      }
    }
  }

  /**
   * Leaves a worker to the statement that it cannot get out of. Each holds a thread, a processor
   * and the write-ahead log: when there are too many, the next one is replaced when it has ended.
   */
  #replace(thread: Thread): void {
    this.#threads = this.#threads.filter((other) => other !== thread);
    this.#queue.unshift(...leftOf(thread));
    const life = this.#life;
    const waits = this.#stuck >= STUCK_PER_WORKER_MAX * this.#options.workers;
    void this.#endOne(thread).then(() => {
      if (waits && life === this.#life) void this.#startThread();
    });
    if (!waits) void this.#startThread();
  }

  async #endOne(thread: Thread): Promise<void> {
    this.#stuck++;
    await thread.end();
    this.#stuck--;
  }

  /**
   * Waits for the end of `threads`, but for no statement that does not end: it sees the files that
   * it has open, whatever becomes of their names.
   */
  async #end(threads: readonly Thread[]): Promise<void> {
    const ended = Promise.all(threads.map((thread) => this.#endOne(thread)));
    await Promise.race([ended, delay(CLOSE_MS, null, { ref: false })]);
  }

  async #finishInFlight(): Promise<void> {
    if (this.#threads.every(({ load }) => load === 0)) return;
    const timer = setTimeout(() => this.#idle?.(), SUSPEND_MS);
    await new Promise<void>((done) => {
      this.#idle = done;
    });
    clearTimeout(timer);
    this.#idle = null;
  }
}

function leftOf(thread: Thread): Pending[] {
  return thread.batches.flatMap(({ requests }) =>
    requests.filter((pending): pending is Pending => pending?.settled === false),
  );
}

function resolve(pending: Pending, body: Uint8Array): void {
  if (pending.settled) return;
  pending.settled = true;
  pending.settle.resolve(body);
}

function reject(pending: Pending, error: QuorliteError): void {
  if (pending.settled) return;
  pending.settled = true;
  pending.settle.reject(error);
}

function timedOut(): QuorliteError {
  return new QuorliteError('timeout', QUERY_TIMEOUT);
}
