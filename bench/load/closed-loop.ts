import { setTimeout as pause } from 'node:timers/promises';

import { readCpuMicroseconds } from '../cpu.ts';
import { makeRequests, type Requests } from '../workloads/requests.ts';
import type { Answer } from './answer.ts';
import { Connection } from './connection.ts';
import { Histogram } from './histogram.ts';
import type { LoadJob, LoadResult } from './job.ts';

/** A server that answers nothing at all for so long has lost a request. */
const SILENCE_MS = 10_000;
const OK = 200;
const ERROR_KEY = Buffer.from('"error"');
/** Enough of a bad answer to see what it was. */
const EXCERPT_BYTES = 200;
/** Clients begin this far apart in the list of requests, so that they do not ask in step. */
const REQUEST_STRIDE = 61;

/**
 * Runs a job to its end: warms up, measures, and waits for the last answers, so that every request
 * that was sent is either acknowledged or an error.
 *
 * @throws {Error} at the first answer that is not a good one, or when answers stay away
 */
export async function runClosedLoop(job: LoadJob): Promise<LoadResult> {
  const loop = new ClosedLoop(job);
  try {
    await loop.connect();
    return await Promise.race([loop.run(), loop.failure]);
  } finally {
    loop.close();
  }
}

/** One client: a connection and what it sends. */
interface Client {
  readonly connection: Connection;
  next: number;
  sentAtMs: number;
}

class ClosedLoop {
  readonly #job: LoadJob;
  readonly #requests: Requests;
  readonly #clients: Client[] = [];
  readonly #failed = Promise.withResolvers<never>();
  readonly #drained = Promise.withResolvers<void>();
  /** Set while the clock runs. */
  #latencies: Histogram | null = null;
  #draining = false;
  #busy = 0;
  #acknowledged = 0;
  #watch: NodeJS.Timeout | null = null;

  constructor(job: LoadJob) {
    this.#job = job;
    this.#requests = makeRequests(job.operation, job.target);
    // It may fail while nobody waits for it.
    this.#failed.promise.catch(() => undefined);
  }

  /** Rejects at the first thing that goes wrong. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  async connect(): Promise<void> {
    for (let n = 0; n < this.#job.clients; n++) {
      const connection = await Connection.open(this.#job.target, {
        onAnswer: (answer) => this.#onAnswer(client, answer),
        onFailure: (error) => this.#failed.reject(error),
      });
      const client: Client = { connection, next: n * REQUEST_STRIDE, sentAtMs: 0 };
      this.#clients.push(client);
    }
  }

  async run(): Promise<LoadResult> {
    const job = this.#job;
    this.#watchForSilence();
    this.#busy = this.#clients.length;
    for (const client of this.#clients) this.#send(client);
    await pause(job.warmUpMs);

    const latencies = new Histogram();
    const cpuBefore = job.pids.map(readCpuMicroseconds);
    const loadBefore = process.cpuUsage();
    const startedMs = performance.now();
    this.#latencies = latencies;
    await pause(job.measureMs);
    this.#latencies = null;
    const elapsedMs = performance.now() - startedMs;
    const load = process.cpuUsage(loadBefore);
    const cpuAfter = job.pids.map(readCpuMicroseconds);

    this.#draining = true;
    await this.#drained.promise;
    const answers = latencies.count;
    if (answers === 0) throw new Error(`No answer came within ${job.measureMs} ms`);
    return {
      answers,
      elapsedMs,
      p50Ms: latencies.percentileMs(0.5),
      p99Ms: latencies.percentileMs(0.99),
      maxMs: latencies.maxMs,
      acknowledged: this.#acknowledged,
      cpuMicroseconds: cpuAfter.map((after, i) => perAnswer(cpuBefore[i], after, answers)),
      loadMicroseconds: (load.user + load.system) / answers,
    };
  }

  close(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    for (const { connection } of this.#clients) connection.close();
  }

  #send(client: Client): void {
    const { all } = this.#requests;
    const request = all[client.next++ % all.length];
    if (request === undefined) return;
    client.sentAtMs = performance.now();
    client.connection.send(request);
  }

  #onAnswer(client: Client, answer: Answer): void {
    this.#latencies?.record(performance.now() - client.sentAtMs);
    if (!this.#isGood(answer)) {
      const excerpt = answer.body.toString('latin1', 0, EXCERPT_BYTES);
      this.#failed.reject(new Error(`Answered ${answer.status}: ${excerpt}`));
      return;
    }
    this.#acknowledged++;
    if (!this.#draining) this.#send(client);
    else if (--this.#busy === 0) this.#drained.resolve();
  }

  #isGood({ status, body }: Answer): boolean {
    return status === OK && !body.includes(ERROR_KEY) && body.includes(this.#requests.expected);
  }

  #watchForSilence(): void {
    let seen = -1;
    this.#watch = setInterval(() => {
      if (this.#acknowledged === seen) {
        this.#failed.reject(new Error(`No answer came for ${SILENCE_MS / 1000} s`));
      }
      seen = this.#acknowledged;
    }, SILENCE_MS);
  }
}

function perAnswer(
  before: number | null | undefined,
  after: number | null,
  answers: number,
): number | null {
  return before === null || before === undefined || after === null
    ? null
    : (after - before) / answers;
}
