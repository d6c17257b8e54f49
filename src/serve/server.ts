import {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import type { Socket } from 'node:net';

import { type FastifyInstance, fastify } from 'fastify';

import { must } from '../base/assert.ts';
import { QuorliteError, messageOf } from '../base/errors.ts';
import type { Address } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Database } from '../db/database.ts';
import { BodyReader } from './http/body.ts';
import { answerClientError } from './http/client-error.ts';
import { registerCold } from './http/cold.ts';
import { DataRoutes } from './http/handler.ts';
import type { HttpLimits } from './http/limits.ts';
import { PlainDoor } from './http/plain-door.ts';
import { dataRouteOf, parseTarget } from './http/request.ts';
import { Answers } from './http/response.ts';
import { coldRoutes } from './http/routes.ts';
import { Turns } from './http/turns.ts';

export { DEFAULT_HTTP_LIMITS, type HttpLimits } from './http/limits.ts';

/** What a server is made of. */
export interface HttpServerOptions {
  readonly database: Database;
  readonly logger: Logger;
  /** The product's version, for `/status`. */
  readonly version: string;
  /** `Access-Control-Allow-Origin`; null sends none. */
  readonly allowOrigin: string | null;
  /** Usually `DEFAULT_HTTP_LIMITS`. */
  readonly limits: HttpLimits;
}

/** How often Node looks for requests that take too long; its own default is 30 s. */
const TIMEOUT_CHECK_MS = 1_000;

/** The bodies of cold routes name a node. */
const COLD_BODY_BYTES_MAX = 65_536;

/**
 * The HTTP door: rqlite's API over a `Database`.
 *
 * Connections begin at `PlainDoor`, which answers ordinary requests on the hot routes from the
 * socket; the first other request takes its connection to Node's HTTP server. There the hot routes
 * have a handler in front of the framework (which costs them 5 to 15 %), and everything else goes
 * through fastify.
 */
export class HttpServer {
  /** The cold routes, for `inject` in tests; hot ones need a socket. */
  readonly app: FastifyInstance;
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #answers: Answers;
  readonly #data: DataRoutes;
  readonly #turns: Turns;
  readonly #bodies: BodyReader;
  readonly #plain: PlainDoor;
  readonly #startedAt = new Date();
  #framework: RequestListener | null = null;
  #address: Address = '';
  #stopped: Promise<void> | null = null;

  constructor(options: HttpServerOptions) {
    const { database, logger, limits, allowOrigin } = options;
    this.#options = options;
    this.#answers = new Answers({ allowOrigin });
    this.#turns = new Turns(limits.pipelinedMax);
    this.#bodies = new BodyReader(limits);
    this.#data = new DataRoutes({
      database,
      answers: this.#answers,
      inFlightMax: limits.inFlightMax,
      answerBytesTotalMax: limits.answerBytesTotalMax,
      logger,
    });
    this.#server = this.#createServer();
    this.#plain = this.#openPlainDoor();
    this.app = fastify({
      bodyLimit: Math.min(limits.bodyBytesMax, COLD_BODY_BYTES_MAX),
      // A path that cannot be decoded never reaches a route.
      frameworkErrors: (error, _request, reply) => {
        reply.hijack();
        this.#answers.error(reply.raw, { status: 400, text: error.message });
      },
      clientErrorHandler: (error, socket) => {
        this.#onClientError(error, socket);
      },
      serverFactory: (framework) => {
        this.#framework = framework;
        return this.#server;
      },
    });
    const context = { answers: this.#answers, logger };
    registerCold(
      this.app,
      context,
      coldRoutes(database, () => this.#status()),
    );
  }

  /** Where clients connect: what `listen` was given, with the port that was bound. */
  get address(): Address {
    return this.#address;
  }

  /**
   * Listens on `host:port`; port 0 is any free one.
   *
   * @throws {QuorliteError} `address` when that is not possible
   */
  async listen(address: Address): Promise<void> {
    const { host, port } = splitAddress(address);
    await this.app.ready();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen({ host, port, backlog: 1024 }, resolve);
    try {
      await promise;
    } catch (error) {
      throw listenError(address, error);
    } finally {
      this.#server.off('error', reject);
    }
    const bound = this.#server.address();
    const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
    this.#address = `${host.includes(':') ? `[${host}]` : host}:${boundPort}`;
  }

  /**
   * Takes no more connections, closes the idle ones, lets what is under way finish for at most
   * `graceMs`, then closes everything. `/readyz` says so meanwhile. A second call waits, too.
   */
  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    this.#answers.closeAfterAnswers();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    // The argument says that it was not listening: nothing to close then.
    this.#server.close(() => {
      resolve();
    });
    this.#turns.closeIdle();
    const grace = setTimeout(() => {
      this.#options.logger.warn?.('Closing connections with requests under way', {
        connections: this.#turns.connections,
      });
      this.#turns.closeAll();
    }, graceMs);
    await closed;
    clearTimeout(grace);
    this.#plain.close();
    await this.app.close();
  }

  #createServer(): Server {
    const { limits, logger } = this.#options;
    const server = createServer({
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      noDelay: true,
    });
    server.maxConnections = limits.connectionsMax;
    server.on('drop', () => {
      logger.debug?.('Refused a connection: there are too many', { max: limits.connectionsMax });
    });
    server.on('request', (request, response) => {
      this.#onRequest(request, response);
    });
    server.on('checkContinue', (request, response) => {
      this.#onExpect(request, response);
    });
    return server;
  }

  /** Puts the door for plain requests in front of what Node's server does with a connection. */
  #openPlainDoor(): PlainDoor {
    const server = this.#server;
    const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    const plain = new PlainDoor({
      limits: this.#options.limits,
      turns: this.#turns,
      bodies: this.#bodies,
      handle: (exchange) => {
        this.#data.handle(exchange);
      },
      takeOver: (socket) => {
        for (const listener of listeners) listener.call(server, socket);
      },
    });
    server.on('connection', (socket) => {
      this.#turns.open(socket);
      plain.open(socket);
    });
    return plain;
  }

  #onClientError(error: Error, socket: Socket): void {
    // Clients that just go away are no news.
    if (!('code' in error && error.code === 'ECONNRESET')) {
      this.#options.logger.debug?.('A client sent no usable request', { error });
    }
    // Behind requests that arrived whole, their answers come first.
    if (!this.#turns.breakAfterAnswers(socket)) answerClientError(socket, error);
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const entered = this.#turns.enter(request, () => {
      this.#start(request, response);
    });
    if (entered) return;
    const text = `too many pipelined requests (limit ${this.#options.limits.pipelinedMax})`;
    this.#answers.error(response, { status: 503, text, code: 'overloaded' });
  }

  #start(request: IncomingMessage, response: ServerResponse): void {
    const { socket, method, url = '/' } = request;
    const target = parseTarget(url);
    const route = method === 'OPTIONS' ? null : dataRouteOf(target.path);
    const done = (): void => {
      this.#turns.leave(socket);
    };
    if (route !== null) {
      this.#data.handle({
        route,
        target,
        method: method ?? '',
        contentType: request.headers['content-type'] ?? '',
        response,
        readBody: (then) => {
          this.#bodies.read(request, then);
        },
        done,
      });
    } else if (method === 'OPTIONS') {
      this.#answers.empty(response, 200);
      done();
    } else {
      response.once('close', done);
      // A client of a proxy sends a whole URL; the framework's router wants the path.
      if (!url.startsWith('/')) request.url = url.slice(url.indexOf(target.path));
      must(this.#framework, () => 'fastify has not asked for its server')(request, response);
    }
  }

  /** `Expect: 100-continue`: the client asks before it sends a body, so that 413 costs nothing. */
  #onExpect(request: IncomingMessage, response: ServerResponse): void {
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > this.#options.limits.bodyBytesMax) {
      // Whether the body follows is up to the client: only a new connection is unambiguous.
      response.shouldKeepAlive = false;
      const text = 'request body is too large';
      this.#answers.error(response, { status: 413, text, code: 'too-large' });
      return;
    }
    response.writeContinue();
    this.#onRequest(request, response);
  }

  #status(): {
    readonly version: string;
    readonly address: Address;
    readonly startedAt: Date;
    readonly connections: number;
    readonly inFlight: number;
  } {
    return {
      version: this.#options.version,
      address: this.#address,
      startedAt: this.#startedAt,
      connections: this.#turns.connections,
      inFlight: this.#data.inFlight,
    };
  }
}

/** What to do about an address that cannot be listened on, by the system's code. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another process uses this port; stop it (perhaps it is this node, running already) ' +
    'or choose another address with --http',
  EADDRNOTAVAIL:
    'this machine has no such address; give one of its own, or 0.0.0.0, with --http, ' +
    'and what clients reach it by with --http-advertise',
  EACCES: 'ports below 1024 need privileges; choose a higher one with --http',
  ENOTFOUND: 'the host name is not known here; give an IP address with --http',
};

function listenError(address: Address, cause: unknown): QuorliteError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const advice = ADVICE[code] ?? messageOf(cause);
  return new QuorliteError('address', `Cannot listen for clients on ${address}: ${advice}`, {
    cause,
  });
}

function splitAddress(address: Address): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    const message = `Cannot listen for clients on ${address}: it must be host:port (--http)`;
    throw new QuorliteError('address', message);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}
