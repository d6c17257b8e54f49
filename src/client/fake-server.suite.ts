import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that reached a server, with its body. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly body: string;
  readonly authorization: string;
}

/** Answers one request; `null` kills the connection without an answer. */
export type Script = (seen: Seen, count: number) => FakeAnswer | null | 'silence';

/** What a fake server sends. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A server that does what a test says. */
export class FakeServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  script: Script;
  readonly #server: Server;

  constructor(script: Script) {
    this.script = script;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  static async start(script: Script, port = 0): Promise<FakeServer> {
    const fake = new FakeServer(script);
    fake.#server.listen(port, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Requests that are not questions about the cluster. */
  get data(): readonly Seen[] {
    return this.seen.filter(({ target }) => !target.startsWith('/nodes'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => {
      resolve();
    });
    this.#server.closeAllConnections();
    await promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const seen = {
      method: request.method ?? '',
      target: request.url ?? '',
      body: Buffer.concat(chunks).toString('utf8'),
      authorization: request.headers.authorization ?? '',
    };
    this.seen.push(seen);
    const answer = this.script(seen, this.data.length);
    if (answer === 'silence') return;
    if (answer === null) {
      response.destroy();
      return;
    }
    response.writeHead(answer.status ?? 200, answer.headers ?? {});
    response.end(answer.body);
  }
}

/** 200 with one empty result. */
export const DONE: FakeAnswer = { body: '{"results":[{}]}' };

/** A server that says why not, with a code of ours or with rqlite's words only. */
export function refusal(status: number, body: string, code?: string): FakeAnswer {
  return {
    status,
    body: `${body}\n`,
    headers: code === undefined ? {} : { 'X-QUORLITE-ERROR': code },
  };
}
