import { AssertionError } from '../../base/assert.ts';
import { QuorliteError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Statement } from '../../command/command.ts';
import type { Database } from '../../db/database.ts';
import { onlyReads } from '../../db/only-reads.ts';
import type { ReadLevel, Reply } from '../../db/request.ts';
import { replyFailure } from '../../result/failure.ts';
import type { AnswerPort } from './answer-port.ts';
import type { BodyOutcome } from './body.ts';
import { refuse } from './error.ts';
import { type Parameters, parseParameters } from './parameters.ts';
import {
  type DataRoute,
  type Target,
  allowsMethod,
  findUnavailable,
  readStatements,
  toRead,
  toWrite,
} from './request.ts';
import type { Answers } from './response.ts';

/** What the data routes need. */
export interface DataRoutesOptions {
  readonly database: Database;
  readonly answers: Answers;
  /** Requests handed to the database and not answered yet. */
  readonly inFlightMax: number;
  /** Of large answers that their clients have not taken. */
  readonly answerBytesTotalMax: number;
  readonly logger: Logger;
}

/** One request on a data route; `done` is called once, when the answer was handed to Node. */
export interface DataExchange {
  readonly route: DataRoute;
  readonly target: Target;
  readonly method: string;
  /** Empty when the request has none. */
  readonly contentType: string;
  readonly response: AnswerPort;
  /** Calls `then` exactly once, possibly before it returns. */
  readonly readBody: (then: (outcome: BodyOutcome) => void) => void;
  readonly done: () => void;
}

/** An exchange whose parameters are known. */
interface Accepted extends DataExchange {
  readonly parameters: Parameters;
  readonly startedMs: number;
}

const NO_RESULTS = new Uint8Array(0);

/**
 * `/db/execute`, `/db/query` and `/db/request`: the hot path, without a framework.
 *
 * The order of the checks is rqlite's: query string, method, body, leader.
 */
export class DataRoutes {
  readonly #options: DataRoutesOptions;
  #inFlight = 0;

  constructor(options: DataRoutesOptions) {
    this.#options = options;
  }

  /** Requests handed to the database and not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Answers one request. */
  handle(exchange: DataExchange): void {
    const { method, response, route, target, done } = exchange;
    const { answers } = this.#options;
    const startedMs = performance.now();
    const { parameters, error } = parseParameters(target.query);
    if (parameters === undefined) {
      answers.error(response, { status: 400, text: error });
    } else if (allowsMethod(route, method)) {
      this.#accept({ ...exchange, parameters, startedMs });
      return;
    } else {
      answers.empty(response, 405);
    }
    done();
  }

  #accept(exchange: Accepted): void {
    const { method, response, route, parameters, done } = exchange;
    const unavailable = findUnavailable(route, parameters);
    if (unavailable !== null) {
      this.#options.answers.error(response, { status: 400, text: unavailable });
      done();
    } else if (method === 'POST') {
      this.#readBody(exchange);
    } else {
      this.#run(exchange, [{ sql: parameters.query ?? '', positional: [], named: [] }]);
    }
  }

  #readBody(exchange: Accepted): void {
    exchange.readBody((outcome) => {
      switch (outcome.kind) {
        case 'body':
          this.#onBody(exchange, outcome.bytes);
          return;
        case 'too-large':
          this.#fail(exchange, new QuorliteError('too-large', 'request body is too large'));
          return;
        case 'crowded':
          this.#fail(exchange, new QuorliteError('overloaded', 'too many request bodies at once'));
          return;
        case 'gone':
          exchange.done();
      }
    });
  }

  #onBody(exchange: Accepted, body: Buffer): void {
    const { statements, error } = readStatements(exchange.route, exchange.contentType, body);
    if (statements !== undefined) {
      this.#run(exchange, statements);
      return;
    }
    this.#options.answers.error(exchange.response, { status: 400, text: error });
    exchange.done();
  }

  #run(exchange: Accepted, statements: readonly Statement[]): void {
    const { inFlightMax } = this.#options;
    if (this.#inFlight >= inFlightMax) {
      const message = `too many requests in flight (limit ${inFlightMax}), try again later`;
      this.#fail(exchange, new QuorliteError('overloaded', message));
      return;
    }
    if (this.#isCrowded()) {
      this.#fail(exchange, crowded());
      return;
    }
    const asked = this.#ask(exchange, statements);
    this.#inFlight++;
    asked.then(
      (reply) => {
        this.#inFlight--;
        // What only read may be asked again.
        if (exchange.route === 'query' && this.#isCrowded()) this.#fail(exchange, crowded());
        else this.#answer(exchange, reply);
      },
      (error: unknown) => {
        this.#inFlight--;
        this.#fail(exchange, error);
      },
    );
  }

  /** Whether clients that do not take their answers hold too much of the memory. */
  #isCrowded(): boolean {
    const { answers, answerBytesTotalMax } = this.#options;
    return answers.untakenBytes >= answerBytesTotalMax;
  }

  #ask(exchange: Accepted, statements: readonly Statement[]): Promise<Reply> {
    const { database } = this.#options;
    const { route, parameters } = exchange;
    if (route === 'execute') return database.execute(toWrite(statements, parameters, false));
    if (route === 'query' || onlyReads(statements)) {
      return database.query(toRead(statements, parameters, this.#levelOf(parameters)));
    }
    return database.execute(toWrite(statements, parameters, true));
  }

  /** `auto`: voters answer as `weak`, read replicas as `none`. */
  #levelOf(parameters: Parameters): ReadLevel {
    if (parameters.level !== 'auto') return parameters.level;
    return this.#options.database.status().voter ? 'weak' : 'none';
  }

  #answer(exchange: Accepted, reply: Reply): void {
    const { parameters, response, startedMs, done } = exchange;
    const failure = replyFailure(reply.body);
    if (failure !== null) {
      this.#options.answers.error(response, { status: 500, text: failure });
      done();
      return;
    }
    this.#options.answers.results(response, {
      body: reply.body,
      error: null,
      timeSeconds: parameters.timings ? secondsSince(startedMs) : null,
      raftIndex: parameters.raftIndex ? reply.index : 0,
      servedBy: reply.servedBy,
      pretty: parameters.pretty,
    });
    done();
  }

  #fail(exchange: Accepted, cause: unknown): void {
    const { answers, logger } = this.#options;
    const { parameters, response, startedMs, done } = exchange;
    if (!(cause instanceof QuorliteError)) {
      logger.error?.('A data request failed in a way nobody foresaw', { error: cause });
      answers.error(response, { status: 500, text: messageOf(cause) });
      done();
      // A broken invariant: this process can no longer be trusted.
      if (cause instanceof AssertionError) throw cause;
      return;
    }
    const redirected = parameters.redirect && cause.code === 'not-leader';
    if (!redirected || !this.#redirect(exchange)) {
      // Who wants to be sent to the leader is told when there is none.
      const refused = refuse(redirected ? new QuorliteError('no-leader', '') : cause);
      if (refused.inResults) {
        answers.results(response, {
          body: NO_RESULTS,
          error: refused.text,
          code: refused.code,
          timeSeconds: parameters.timings ? secondsSince(startedMs) : null,
          raftIndex: 0,
          servedBy: '',
          pretty: parameters.pretty,
        });
      } else {
        answers.error(response, refused);
      }
    }
    done();
  }

  /** Sends the client to the leader; false when none is known. */
  #redirect({ target, response }: Accepted): boolean {
    const { database, answers } = this.#options;
    const leader = database.leader();
    if (leader === null) return false;
    answers.redirect(response, locationOn(leader.clientAddress, target));
    return true;
  }
}

/** The URL of the same request on another node. */
export function locationOn(clientAddress: string, { path, query }: Target): string {
  return `http://${clientAddress}${path}${query === '' ? '' : `?${query}`}`;
}

function crowded(): QuorliteError {
  const message = 'too many answers wait for their clients to read them, try again later';
  return new QuorliteError('overloaded', message);
}

function secondsSince(startedMs: number): number {
  // Go counts nanoseconds.
  return Math.max(1, Math.round((performance.now() - startedMs) * 1e6)) / 1e9;
}
