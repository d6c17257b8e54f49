import type { Clock } from '../base/clock.ts';
import type { GroupId, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Config } from '../raft/config.ts';
import type { Leadership, SnapshotRequest, Write } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import type { Message } from '../raft/message.ts';
import type { Raft } from '../raft/raft.ts';
import type { Machine } from './machine.ts';

/** What a replica needs of the process it lives in. */
export interface ReplicaPort {
  /** Queues a message for another member's core. */
  send(message: Message): void;
  /** Queues a note for another member's replica. */
  sendDigest(to: NodeId, body: Uint8Array): void;
  /** Queues a follower's answer to such a note. */
  sendDigestReply(to: NodeId, body: Uint8Array): void;
  append(group: GroupId, write: Write, done: () => void): void;
  /** Asks for a turn of this replica soon. */
  schedule(): void;
  /** The node must stop: its disk or its state cannot be trusted. */
  fatal(error: Error): void;
  onLeadership(leadership: Leadership): void;
  onConfig(config: Config): void;
  /** This node began or ceased to be one that may have lost entries. */
  onRecovering(recovering: boolean): void;
  /** A follower needs a state this log no longer leads to. */
  onSnapshotNeeded(request: SnapshotRequest): void;
  /** This replica's state is not the leader's; who is wrong is for a majority to say. */
  onDiverged(at: Index): void;
  /**
   * A majority said that this state is wrong, seen at an index; null: it was replaced, durably. To
   * be remembered, durably, before this returns.
   */
  onQuarantine(at: Index | null): void;
  onProtocolError(from: NodeId, reason: string): void;
}

/** What a replica is made of, and how it behaves. */
export interface ReplicaOptions {
  readonly group: GroupId;
  readonly id: NodeId;
  readonly raft: Raft;
  readonly machine: Machine;
  /** The machine's state is known, from an earlier life, to be wrong. */
  readonly diverged: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly port: ReplicaPort;
  readonly electionTimeoutMs: number;
  /** Followers apply up to this much later. */
  readonly applyDelayMs: number;
  readonly compactBytes: number;
  readonly trailingBytes: number;
}
