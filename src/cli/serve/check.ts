import { QuorliteError } from '../../base/errors.ts';
import type { Address } from '../../base/ids.ts';
import type { ServeOptions } from '../options.ts';
import { isLoopback, isWildcard } from '../options/value.ts';

/**
 * Refuses options that are each right and together wrong.
 *
 * @throws {QuorliteError} `configuration`, with what to do
 */
export function checkServeOptions(options: ServeOptions): void {
  needAdvertise('http', options.http, options.httpAdvertise);
  needAdvertise('peer', options.peer, options.peerAdvertise);
  if (!isLoopback(options.peer) && options.clusterSecret === null) {
    throw wrong(
      `Cannot listen for nodes on ${options.peer}: others on the network could join or read; ` +
        'give all nodes the same --cluster-secret',
    );
  }
  if (options.heartbeat * 2 > options.electionTimeout) {
    throw wrong(
      'Cannot use --heartbeat: it must be at most half of --election-timeout, ' +
        'or followers take a leader for lost that is not',
    );
  }
  if (options.bootstrapExpect > 1 && options.join.length === 0) {
    throw wrong('Cannot use --bootstrap-expect: give the peer addresses of the nodes as --join');
  }
}

/** What to tell whoever starts a server that anybody can reach; null when nobody else can. */
export function exposureWarning(http: Address): string | null {
  if (isLoopback(http)) return null;
  return (
    `quorlite: WARNING: whoever reaches ${http} can read and change everything: clients are not ` +
    'authenticated. Put a firewall or a proxy before it, or listen on 127.0.0.1.'
  );
}

function needAdvertise(flag: string, listen: Address, advertise: Address | null): void {
  if (!isWildcard(listen) || advertise !== null) return;
  throw wrong(
    `Cannot tell others to connect to ${listen}: ` +
      `give the address they reach this machine at as --${flag}-advertise`,
  );
}

function wrong(message: string): QuorliteError {
  return new QuorliteError('configuration', message);
}
