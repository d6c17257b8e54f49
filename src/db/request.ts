import type { Address, NodeId } from '../base/ids.ts';
import type { Statement } from '../command/command.ts';

/**
 * How fresh a read must be.
 * - `none`: this node's data as it is, even when cut off.
 * - `weak`: the data of the node that believes to lead, without asking anybody.
 * - `linearizable`: sees every write acknowledged before the read began; answered by any node from
 *   its own data after asking the leader for an index.
 * - `strong`: the read takes a place in the log.
 */
export type ReadLevel = 'none' | 'weak' | 'linearizable' | 'strong';

/** Statements that may write; they become one entry. */
export interface WriteRequest {
  readonly statements: readonly Statement[];
  /** All or nothing, stopping at the first error. */
  readonly transaction: boolean;
  /** Statements that read return their rows (unified requests); else they answer like a write. */
  readonly rows: boolean;
  /** From `formatToNumber`. */
  readonly format: number;
  /** After this the outcome is unknown (or `timeout`, when nothing was handed over yet). */
  readonly timeoutMs: number;
  /** Let the leader do it when this node is not; false answers `not-leader`. */
  readonly forward: boolean;
}

/** Statements that only read; a write among them gets an error as its result. */
export interface ReadRequest {
  readonly statements: readonly Statement[];
  readonly transaction: boolean;
  readonly format: number;
  readonly level: ReadLevel;
  /** Bounds the whole request, waiting for an index included. */
  readonly timeoutMs: number;
  /** Bounds each statement in the engine; 0 is no bound. */
  readonly statementTimeoutMs: number;
  /**
   * With level `none`: refuse with `stale-read` when this node heard from a leader longer ago than
   * this; 0 is no bound.
   */
  readonly freshnessMs: number;
  readonly forward: boolean;
}

/** An answer in the client's own bytes. */
export interface Reply {
  /** The elements of the results array, comma-joined, without brackets. */
  readonly body: Uint8Array;
  /** The log index of the write, or that of a linearizable or strong read; else 0. */
  readonly index: number;
  /** Client address of the node that executed it. */
  readonly servedBy: Address;
}

/** A member of the cluster as this node sees it. */
export interface NodeView {
  readonly id: NodeId;
  readonly clientAddress: Address;
  readonly peerAddress: Address;
  readonly voter: boolean;
  readonly leader: boolean;
  readonly reachable: boolean;
  /** Version of the product it runs; empty when it was never reached. */
  readonly version: string;
  /** Milliseconds a question to it took; 0 when unreachable. */
  readonly roundTripMs: number;
  /** Why it is not reachable; empty when it is. */
  readonly error: string;
}

/** Whether this node can serve, part by part. */
export interface Readiness {
  /** The client address of the leader; null when none is known. */
  readonly leader: Address | null;
  /** False while data of an earlier life is being recovered or a snapshot installed. */
  readonly store: boolean;
  /** Applied everything that was committed when asked. */
  readonly caughtUp: boolean;
}

/** One node's content at a common index, for `quorlite verify`. */
export interface NodeChecksum {
  readonly id: NodeId;
  readonly clientAddress: Address;
  /** Null when the node could not tell; then `error` says why. */
  readonly hash: string | null;
  readonly error: string | null;
}

/** What one replica group on this node is doing; numbers are indexes, bytes and milliseconds. */
export interface DatabaseStatus {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly incarnation: string;
  readonly version: string;
  readonly role: string;
  readonly term: number;
  readonly leader: {
    readonly id: NodeId;
    readonly clientAddress: Address;
    readonly peerAddress: Address;
  } | null;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly snapshotIndex: number;
  readonly logBytes: number;
  readonly recovering: boolean;
  readonly leaderContactAgeMs: number;
  readonly peers: number;
  readonly voter: boolean;
  readonly directory: string;
  readonly databasePath: string;
  readonly databaseBytes: number;
  readonly walBytes: number;
  readonly sqliteVersion: string;
  readonly compileOptions: readonly string[];
  readonly electionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly syncMsMean: number;
  readonly diskLow: boolean;
}
