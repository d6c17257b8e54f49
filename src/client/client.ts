import { setTimeout as delay } from 'node:timers/promises';

import { QuorliteError } from '../base/errors.ts';
import { Endpoints } from './endpoints.ts';
import { type Answer, Connections, type ExchangeOutcome } from './exchange.ts';
import { errorInside, mayTryAgain, refusalOf } from './refusal.ts';
import {
  type Json,
  type NodeInfo,
  type Results,
  type Verification,
  parseJson,
  toNode,
  toNodes,
  toResults,
  toVerification,
} from './result.ts';
import { type StatementsInput, encodeStatements } from './statement.ts';

/** How fresh a read must be; see the documentation of read levels. */
export type ReadLevel = 'none' | 'weak' | 'linearizable' | 'strong' | 'auto';

/** How a client finds and treats its nodes. */
export interface ClientOptions {
  /** `http://host:port` or `host:port` of one node or more. */
  readonly endpoints: readonly string[];
  /** Overall, for each call that does not say otherwise. Default 30,000. */
  readonly timeoutMs?: number;
  /** For the connection to one node. Default 2,000. */
  readonly connectTimeoutMs?: number;
  /** Asks the nodes for the other nodes, and follows the leader. Default true. */
  readonly discover?: boolean;
  /** Integers beyond 2^53 as bigints; otherwise as the nearest number. Default true. */
  readonly exactIntegers?: boolean;
  /** Connections to one node. Default 64. */
  readonly socketsMax?: number;
}

/** Options of every call. */
export interface CallOptions {
  /** For the call with all its tries. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Options of a write. */
export interface WriteOptions extends CallOptions {
  /** All or nothing, stopping at the first error. */
  readonly transaction?: boolean;
}

/** Options of a read, and of a request that may turn out to be one. */
export interface ReadOptions extends WriteOptions {
  /** Default `weak`. */
  readonly level?: ReadLevel;
  /** With level `none`: refuse when the node heard from a leader longer ago than this. */
  readonly freshnessMs?: number;
}

/** A request, and whether doing it twice is harmless. */
interface Task {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly target: string;
  readonly body: string | null;
  readonly repeatable: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
}

/** What the server assumes when it is not told. */
const SERVER_TIMEOUT_MS = 30_000;

/** A node that is asked for something repeatable and stays silent this long is passed over. */
const SILENCE_MS = 10_000;

/** Pause after every node was tried in vain: long enough to be polite, short beside an election. */
const PAUSE_MS = 50;
const PAUSE_MS_MAX = 500;

/** The members of a cluster change seldom. */
const DISCOVER_EVERY_MS = 30_000;

/**
 * A client of a quorlite cluster (or of rqlite) over HTTP. Each call is one request, tried on one
 * node after the other until its time is over, as far as that is safe: reads always; writes only
 * when they certainly did not happen. A write whose answer was lost rejects with `unknown-outcome`.
 */
export class QuorliteClient implements AsyncDisposable {
  readonly #options: Required<ClientOptions>;
  readonly #endpoints: Endpoints;
  readonly #connections: Connections;
  #discoveredAtMs = -DISCOVER_EVERY_MS;
  #closed = false;

  /** @throws {QuorliteError} `configuration` when an endpoint cannot be used */
  constructor(options: ClientOptions) {
    this.#options = {
      timeoutMs: SERVER_TIMEOUT_MS,
      connectTimeoutMs: 2_000,
      discover: true,
      exactIntegers: true,
      socketsMax: 64,
      ...options,
    };
    this.#endpoints = new Endpoints(options.endpoints);
    this.#connections = new Connections(this.#options.socketsMax);
  }

  /** Base URLs of the nodes known by now. */
  get endpoints(): readonly string[] {
    return this.#endpoints.urls;
  }

  /** Runs statements that may write. Errors of single statements stand among the results. */
  execute(statements: StatementsInput, options: WriteOptions = {}): Promise<Results> {
    const flags = ['raft_index', options.transaction === true ? 'transaction' : ''];
    return this.#data('/db/execute', statements, { options, flags, repeatable: false });
  }

  /** Runs statements that only read. */
  query(statements: StatementsInput, options: ReadOptions = {}): Promise<Results> {
    const flags = readFlags(options);
    return this.#data('/db/query', statements, { options, flags, repeatable: true });
  }

  /** Runs statements of either kind; treated as a write, whatever it turns out to be. */
  request(statements: StatementsInput, options: ReadOptions = {}): Promise<Results> {
    const flags = readFlags(options);
    return this.#data('/db/request', statements, { options, flags, repeatable: false });
  }

  /** What the node asked is doing, as a JSON document. */
  async status(options: CallOptions = {}): Promise<Json> {
    return this.#json('GET', '/status', options);
  }

  /** All members, read replicas included, asked for their reachability. */
  async nodes(options: CallOptions = {}): Promise<readonly NodeInfo[]> {
    return toNodes(await this.#json('GET', '/nodes?ver=2&nonvoters', options));
  }

  /** The leader; rejects with `no-leader` when there is none for all the time given. */
  async leader(options: CallOptions = {}): Promise<NodeInfo> {
    return toNode(await this.#json('GET', '/leader', options));
  }

  /** Compares the content of all nodes at one index of the log. */
  async verify(options: CallOptions = {}): Promise<Verification> {
    return toVerification(await this.#json('POST', '/verify', options));
  }

  /** Removes a member; a second removal changes nothing. */
  async remove(id: string, options: CallOptions = {}): Promise<void> {
    const body = JSON.stringify({ id });
    await this.#run({ ...this.#task(options), method: 'DELETE', target: '/remove', body });
  }

  /** Hands leadership to the node `to`, or to the best one; resolves when it happened. */
  async transferLeadership(to: string | null, options: CallOptions = {}): Promise<void> {
    const body = to === null ? null : JSON.stringify({ id: to });
    const task = { ...this.#task(options), target: '/leader?wait', repeatable: false };
    await this.#run({ ...task, method: 'POST', body });
  }

  /** Closes the connections; calls under way reject. */
  close(): void {
    this.#closed = true;
    this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  async #data(
    path: string,
    statements: StatementsInput,
    how: {
      readonly options: CallOptions;
      readonly flags: readonly string[];
      readonly repeatable: boolean;
    },
  ): Promise<Results> {
    const task = this.#task(how.options);
    const timeout = task.timeoutMs === SERVER_TIMEOUT_MS ? '' : `timeout=${task.timeoutMs}ms`;
    const query = ['blob_array', ...how.flags, timeout].filter((flag) => flag !== '').join('&');
    const body = encodeStatements(statements);
    const target = `${path}?${query}`;
    const { repeatable } = how;
    const { answer, document } = await this.#run({
      ...task,
      method: 'POST',
      target,
      body,
      repeatable,
    });
    // The leader executes writes: the next one need not be forwarded.
    if (this.#options.discover && answer.servedBy !== '' && !path.startsWith('/db/query')) {
      this.#endpoints.prefer(answer.servedBy, performance.now());
    }
    return toResults(document, answer.servedBy);
  }

  async #json(method: 'GET' | 'POST', target: string, options: CallOptions): Promise<Json> {
    const { document } = await this.#run({ ...this.#task(options), method, target, body: null });
    return document;
  }

  #task(options: CallOptions): Pick<Task, 'timeoutMs' | 'signal' | 'repeatable'> {
    return {
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
      signal: options.signal ?? null,
      repeatable: true,
    };
  }

  /** Tries `task` on one node after the other until it is answered or its time is over. */
  async #run(task: Task): Promise<{ readonly answer: Answer; readonly document: Json }> {
    const deadline = performance.now() + task.timeoutMs;
    let pauseMs = PAUSE_MS;
    for (let tries = 1; ; tries++) {
      task.signal?.throwIfAborted();
      if (this.#closed) throw new QuorliteError('stopping', 'Cannot ask: the client is closed');
      const leftMs = deadline - performance.now();
      const url = this.#endpoints.pick(performance.now());
      const outcome = await this.#ask(url, task, leftMs);
      const judged = this.#judge(outcome, task, url);
      if (!(judged instanceof QuorliteError)) {
        this.#discoverSoon();
        return judged;
      }
      if (!isWorthAnother(judged, outcome, task)) throw judged;
      if (tries % this.#endpoints.size === 0) {
        if (performance.now() + pauseMs >= deadline) throw judged;
        await delay(pauseMs, undefined, task.signal === null ? {} : { signal: task.signal });
        pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
      }
      if (performance.now() >= deadline) throw judged;
    }
  }

  #ask(url: URL, task: Task, leftMs: number): Promise<ExchangeOutcome> {
    return this.#connections.exchange(url, {
      ...task,
      timeoutMs: Math.max(1, task.repeatable ? Math.min(leftMs, SILENCE_MS) : leftMs),
      connectTimeoutMs: Math.min(leftMs, this.#options.connectTimeoutMs),
    });
  }

  /** The answer, or what kept it away; notes what it says about the node. */
  #judge(
    outcome: ExchangeOutcome,
    task: Task,
    url: URL,
  ): { readonly answer: Answer; readonly document: Json } | QuorliteError {
    if (outcome.kind !== 'answered') {
      this.#endpoints.pass(url, performance.now());
      return lossError(outcome, task, url);
    }
    const refusal = refusalOf(outcome, task);
    if (refusal !== null) {
      if (mayTryAgain(refusal)) this.#endpoints.rotate(url);
      return refusal;
    }
    const { text } = outcome;
    const document = text === '' ? null : parseJson(text, this.#options.exactIntegers);
    const inside = task.target.startsWith('/db/') ? errorInside(document, outcome) : null;
    if (inside !== null && mayTryAgain(inside)) this.#endpoints.rotate(url);
    return inside ?? { answer: outcome, document };
  }

  /** Asks for the members now and then, beside the calls. */
  #discoverSoon(): void {
    const now = performance.now();
    if (!this.#options.discover || now - this.#discoveredAtMs < DISCOVER_EVERY_MS) return;
    this.#discoveredAtMs = now;
    this.nodes({ timeoutMs: 5_000 }).then(
      (nodes) => {
        this.#endpoints.learn(nodes.map(({ url }) => url).filter((url) => url !== ''));
      },
      () => {
        // What is known still serves; the next call asks again.
        this.#discoveredAtMs = now - DISCOVER_EVERY_MS;
      },
    );
  }
}

function readFlags(options: ReadOptions): readonly string[] {
  const { level, freshnessMs, transaction } = options;
  return [
    'raft_index',
    level === undefined ? '' : `level=${level}`,
    freshnessMs === undefined ? '' : `freshness=${freshnessMs}ms`,
    transaction === true ? 'transaction' : '',
  ];
}

/** Whether `task` may be sent once more after it ended with `error`. */
function isWorthAnother(error: QuorliteError, outcome: ExchangeOutcome, task: Task): boolean {
  if (outcome.kind === 'unsent') return true;
  if (outcome.kind === 'lost') return task.repeatable;
  return mayTryAgain(error) || (task.repeatable && error.code === 'unknown-outcome');
}

function lossError(outcome: Exclude<ExchangeOutcome, Answer>, task: Task, url: URL): QuorliteError {
  const cause = outcome.reason;
  const what = `Cannot ask ${url.host} for ${task.target.replace(/\?.*$/s, '')}`;
  if (outcome.kind === 'lost' && !task.repeatable) {
    const text = `${what}: its answer was lost, the write may or may not have happened`;
    return new QuorliteError('unknown-outcome', `${text} (${cause.message})`, { cause });
  }
  const code = outcome.timedOut ? 'timeout' : 'no-leader';
  return new QuorliteError(code, `${what}: ${cause.message}`, { cause });
}
