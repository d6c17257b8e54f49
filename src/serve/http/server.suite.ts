import { silentLogger } from '../../base/logger.ts';
import { HttpServer } from '../server.ts';
import { FakeDatabase } from './fake-database.suite.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { RawClient } from './raw-client.suite.ts';

/** A server over a database that answers by heart. */
export interface Setup extends AsyncDisposable {
  readonly database: FakeDatabase;
  readonly server: HttpServer;
  connect(): Promise<RawClient>;
  /** The server has read what was written to it before. */
  arrived(): Promise<void>;
}

/** Starts one; disposing it closes its clients, too. */
export async function setUp(
  limits: Partial<HttpLimits> = {},
  allowOrigin: string | null = null,
): Promise<Setup> {
  const database = new FakeDatabase();
  const server = new HttpServer({
    database,
    logger: silentLogger,
    version: '0.1.0',
    allowOrigin,
    limits: { ...DEFAULT_HTTP_LIMITS, ...limits },
  });
  await server.listen('127.0.0.1:0');
  const clients: RawClient[] = [];
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(server.address);
    clients.push(client);
    return client;
  };
  return {
    database,
    server,
    connect,
    async arrived() {
      for (let trips = 0; trips < 3; trips++) {
        const client = await connect();
        client.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
        await client.answer();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client[Symbol.asyncDispose]();
      await server.stop(5_000);
    },
  };
}

/** A request with a body; `fields` are whole lines. */
export function post(body: string, fields = '', target = '/db/execute'): string {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return `POST ${target} HTTP/1.1\r\nHost: a\r\n${length}\r\n${fields}\r\n${body}`;
}
