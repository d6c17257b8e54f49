import type { NodeId } from '../../src/base/ids.ts';
import type { Config } from '../../src/raft/config.ts';
import { type CoreGlance, type Invariant, Violation } from '../watch.ts';

/**
 * A leader may go on for this many election timeouts after a quorum fell silent. It looks once per
 * timeout at what it heard since the look before, so two are usual; its clock may run at half the
 * speed; and the last look may be put off by one tick.
 */
const TIMEOUTS_MAX = 5;

/** The part of an election timeout that the time between two turns counts at most. */
const STALL_SHARE = 0.2;

/** How a node leads. */
interface Reign {
  readonly life: number;
  readonly term: number;
  readonly config: Config;
  /** Milliseconds led so far; a stall of the process, of which it knows nothing, counts little. */
  awakeMs: number;
  turnAt: number;
  /** When each follower was heard, in those milliseconds. */
  readonly heard: Map<NodeId, number>;
}

/**
 * I17: a leader that hears no quorum steps down (check-quorum, thesis 6.2), so that clients look
 * elsewhere and nobody refuses votes for its sake. The answers themselves are what counts here,
 * not what the core makes of them.
 */
export function heardByQuorum(): Invariant {
  const reigns = new Map<number, Reign>();
  return {
    id: 'I17',
    onReceive: (_world, node, message) => {
      const reign = reigns.get(node.number);
      if (message.kind !== 'append-reply' && message.kind !== 'heartbeat-reply') return;
      if (reign?.term === message.term) reign.heard.set(message.from, reign.awakeMs);
    },
    onTurn: (world, node, core) => {
      const { electionTimeoutMs } = world;
      const reign = reigns.get(node.number);
      if (core.role !== 'leader') {
        reigns.delete(node.number);
        return;
      }
      const now = world.now();
      if (reign === undefined || !isSame(reign, node.life, core)) {
        const { term, config } = core;
        const heard = new Map<NodeId, number>();
        reigns.set(node.number, {
          life: node.life,
          term,
          config,
          awakeMs: 0,
          turnAt: now,
          heard,
        });
        return;
      }
      reign.awakeMs += Math.min(now - reign.turnAt, electionTimeoutMs * STALL_SHARE);
      reign.turnAt = now;
      const since = reign.awakeMs - electionTimeoutMs * TIMEOUTS_MAX;
      if (since <= 0 || isHeard(reign, node.id, since)) return;
      throw new Violation(
        'I17',
        `${node.id} leads term ${core.term} and has heard no quorum for ${TIMEOUTS_MAX} election ` +
          `timeouts`,
      );
    },
  };
}

function isSame(reign: Reign, life: number, { term, config }: CoreGlance): boolean {
  return reign.life === life && reign.term === term && reign.config === config;
}

function isHeard({ config, heard }: Reign, self: NodeId, since: number): boolean {
  return [config.voters, config.votersOutgoing].every((half) => {
    const active = half.filter((id) => id === self || (heard.get(id) ?? 0) >= since);
    return half.length === 0 || active.length > half.length / 2;
  });
}
