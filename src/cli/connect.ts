import { connect as connectSocket } from 'node:net';

import { QuorliteClient, QuorliteError } from '../client/index.ts';

/** Where a cluster is when nothing else is said. */
export const DEFAULT_URL = 'http://127.0.0.1:4001';

/** A machine that is there answers a connection attempt sooner than this. */
const REACH_MS = 2000;

/**
 * A client of the nodes that `url` names, with commas between them.
 *
 * The client goes on trying as long as a call may take. Someone who typed a wrong address wants to
 * know at once, so one of the nodes must accept a connection now.
 *
 * @throws {QuorliteError} `address` when none does
 */
export async function connectTo(url: string | null): Promise<QuorliteClient> {
  const endpoints = (url ?? DEFAULT_URL)
    .split(',')
    .map((endpoint) => endpoint.trim())
    .filter((endpoint) => endpoint !== '');
  const client = new QuorliteClient({ endpoints });
  const reached = await Promise.all(client.endpoints.map(isReachable));
  if (reached.includes(true)) return client;
  client.close();
  throw new QuorliteError(
    'address',
    `Cannot connect to ${endpoints.join(' or ')}: nobody listens there; ` +
      'start a cluster with `quorlite dev`, or name one of its nodes',
  );
}

async function isReachable(endpoint: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(endpoint);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectSocket({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    timeout: REACH_MS,
  });
  socket.once('connect', () => resolve(true));
  socket.once('timeout', () => resolve(false));
  socket.once('error', () => resolve(false));
  const reachable = await promise;
  socket.destroy();
  return reachable;
}
