import type { Address, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Database } from './database.ts';

/** What a node needs to know to start. Every field is required: the edge completes the options. */
export interface NodeOptions {
  /** Absolute path of the data directory; made when it is not there. */
  readonly directory: string;
  /** Null: keep the stored one, or make one from the peer address. */
  readonly id: NodeId | null;
  /** Where to listen for other nodes, and what they are told; null: the same, as bound. */
  readonly peerAddress: Address;
  readonly peerAdvertise: Address | null;
  /** What clients are told; known before the HTTP server listens. */
  readonly clientAddress: Address;
  /** Peer addresses of other nodes: to bootstrap with, or to join through. */
  readonly join: readonly Address[];
  /** Bootstrap once this many new nodes, with this one, see each other; 0: join, or be alone. */
  readonly bootstrapExpect: number;
  /** Shared by all nodes; null: none. */
  readonly clusterSecret: string | null;
  readonly electionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly readWorkers: number;
  /** Bytes of log after which it is compacted, and how much of it is kept for slow followers. */
  readonly compactBytes: number;
  readonly trailingBytes: number;
  /** Development only: delays every sync, to measure as if the disk were slower. */
  readonly syncDelayMs: number;
  readonly logger: Logger;
}

/** A running node. */
export interface RunningNode {
  readonly database: Database;
  readonly id: NodeId;
  /** The peer address as bound. */
  readonly peerAddress: Address;
  /** Resolves when the node has stopped by itself, with the reason; never rejects. */
  readonly stopped: Promise<Error | null>;
  /** Hands leadership over, finishes what is under way, closes. A second call does nothing. */
  stop(): Promise<void>;
  /**
   * Whether the process could not end by itself now: a read is under way, and SQLite cannot be
   * interrupted within a statement. Everything durable is closed after `stop` all the same.
   */
  isStuck(): boolean;
}
