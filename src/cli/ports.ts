import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which systems take the local end of a connection (32768 on Linux, 49152
 * elsewhere): there, the port of a node that is down can be taken by whoever connects somewhere,
 * even by a peer that keeps trying to connect to that very port.
 */
const FREE_PORTS = { low: 12_000, high: 32_000 } as const;
const TRIES_MAX = 1000;
const HOST = '127.0.0.1';

/** Whether nobody listens on a port of this machine. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}

/** Different ports of this machine on which nobody listens. */
export async function findFreePorts(wanted: number): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let tries = 0; tries < TRIES_MAX && found.size < wanted; tries++) {
    const port = randomInt(FREE_PORTS.low, FREE_PORTS.high);
    if (!found.has(port) && (await isPortFree(port))) found.add(port);
  }
  return [...found];
}
