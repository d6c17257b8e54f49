import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** One HTTP request to one node. */
export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query string. */
  readonly target: string;
  readonly body: string | null;
  /** For all of it, the connection included. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | null;
}

/** An HTTP answer, whatever it says. */
export interface Answer {
  readonly kind: 'answered';
  readonly status: number;
  readonly text: string;
  readonly servedBy: string;
  /** The server's `X-QUORLITE-ERROR`; empty when it sent none. */
  readonly error: string;
}

/**
 * What became of a request.
 * - `unsent`: no connection came about, so the node cannot have seen it.
 * - `lost`: it was sent and no (whole) answer came; the node may have done it.
 */
export type ExchangeOutcome =
  | Answer
  | { readonly kind: 'unsent' | 'lost'; readonly reason: Error; readonly timedOut: boolean };

/** Keep-alive connections to the nodes, and requests over them. */
export class Connections {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  /** `socketsMax`: connections to one node. */
  constructor(socketsMax: number) {
    const options = { keepAlive: true, maxSockets: socketsMax, scheduling: 'lifo' } as const;
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent(options);
  }

  /** Sends one request to the node at `url`; never rejects. */
  exchange(url: URL, asked: ExchangeRequest): Promise<ExchangeOutcome> {
    const { promise, resolve } = Promise.withResolvers<ExchangeOutcome>();
    const secure = url.protocol === 'https:';
    const send = secure ? httpsRequest : httpRequest;
    const { username, password } = url;
    const request = send({
      agent: secure ? this.#https : this.#http,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? undefined : url.port,
      path: url.pathname.replace(/\/$/, '') + asked.target,
      method: asked.method,
      ...(username === ''
        ? undefined
        : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
      ...(asked.body === null
        ? undefined
        : {
            headers: {
              'Content-Type': 'application/json',
              'Content-Length': Buffer.byteLength(asked.body),
            },
          }),
    });
    let connected = false;
    let timedOut = false;
    const giveUp = (): void => {
      timedOut = true;
      request.destroy(new Error('no answer in time'));
    };
    const timer = setTimeout(giveUp, asked.timeoutMs);
    const connecting = setTimeout(() => {
      if (!connected) giveUp();
    }, asked.connectTimeoutMs);
    const abort = (): void => {
      request.destroy(new Error('aborted'));
    };
    asked.signal?.addEventListener('abort', abort, { once: true });
    const settle = (outcome: ExchangeOutcome): void => {
      clearTimeout(timer);
      clearTimeout(connecting);
      asked.signal?.removeEventListener('abort', abort);
      resolve(outcome);
    };
    request.on('socket', (socket) => {
      connected = !socket.connecting;
      // A kept-alive socket is there already, and would collect a listener with each request.
      if (connected) return;
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        connected = true;
        clearTimeout(connecting);
      });
    });
    const fail = (reason: Error): void => {
      settle({ kind: connected ? 'lost' : 'unsent', reason, timedOut });
    };
    request.on('error', fail);
    request.on('response', (response) => {
      collect(response, settle, fail);
    });
    request.end(asked.body ?? undefined);
    return promise;
  }

  /** Closes every connection. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

function collect(
  response: IncomingMessage,
  settle: (outcome: ExchangeOutcome) => void,
  fail: (reason: Error) => void,
): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', fail);
  response.on('end', () => {
    const { statusCode = 0, headers } = response;
    const header = (name: string): string => {
      const value = headers[name];
      return typeof value === 'string' ? value : '';
    };
    settle({
      kind: 'answered',
      status: statusCode,
      text: Buffer.concat(chunks).toString('utf8'),
      servedBy: header('x-rqlite-served-by'),
      error: header('x-quorlite-error'),
    });
  });
}
