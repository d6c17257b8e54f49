import { randomBytes } from 'node:crypto';

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/prng.ts';
import { type Identity, type Preamble, PROTOCOL_VERSION, encodePreamble } from './handshake.ts';
import type { PeerLimits } from './limits.ts';
import type { Channel, Hello } from './transport.ts';

/** What every connection of a node is made with. */
export interface PeerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: PeerLimits;
  /** Shared by the nodes of a cluster; null when connections need no proof. */
  readonly secret: string | null;
  /** This life of this node. */
  readonly session: string;
  /** What this node says of itself now. */
  hello(): Hello;
  /** Null to go on with a peer, or why not. */
  admit(peer: Hello): string | null;
}

/** Who this node is, as it tells a peer. */
export function ownIdentity(context: PeerContext): Identity {
  return { hello: context.hello(), session: context.session };
}

/**
 * The first bytes of a connection. Their nonce does not come from the Random port: the proofs rest
 * on nobody being able to foresee it.
 */
export function makePreamble(context: PeerContext, channel: Channel): Uint8Array {
  return encodePreamble({
    version: PROTOCOL_VERSION,
    channel,
    secret: context.secret !== null,
    nonce: randomBytes(16),
  });
}

/** What the other side's preamble says against going on; null when nothing. */
export function preambleProblem(context: PeerContext, preamble: Preamble): string | null {
  if (preamble.version !== PROTOCOL_VERSION) {
    return `it speaks peer protocol ${preamble.version} and this node ${PROTOCOL_VERSION}`;
  }
  if (preamble.secret === (context.secret !== null)) return null;
  return preamble.secret
    ? 'it has a cluster secret and this node has none'
    : 'it has no cluster secret and this node asks for one';
}

/** Why a node that said who it is cannot be talked to; null when it can. */
export function identityProblem(context: PeerContext, { hello, session }: Identity): string | null {
  const own = context.hello();
  if (hello.incarnation === own.incarnation && session !== context.session) {
    return `another process runs with the data directory of ${own.id} (${own.incarnation})`;
  }
  if (hello.id === own.id) return `${own.id} is the id of the other node as well`;
  return context.admit(hello);
}
