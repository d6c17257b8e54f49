import type { Address, ClusterId, GroupId, Incarnation, NodeId } from '../base/ids.ts';
import type { Message } from '../raft/message.ts';

/**
 * The two ways between two nodes; order holds within each. Votes, heartbeats and small packets go
 * the control way, so that they never queue behind data.
 */
export type Channel = 'control' | 'bulk';

/**
 * Notes and calls of these topics go the bulk way whatever their size, and so keep their order;
 * of smaller topics, only bodies over 16 KiB do. A topic is 16 bits.
 */
export const BULK_TOPICS_FROM = 0x8000;

/** What travels between two nodes. Bytes must not change once a packet was sent or received. */
export type Packet =
  /** A message of a group's core. May be lost. */
  | { readonly kind: 'raft'; readonly group: GroupId; readonly message: Message }
  /** One way, for the replica of a group or the host; may be lost. `topic` says what it is. */
  | {
      readonly kind: 'note';
      readonly group: GroupId;
      readonly topic: number;
      readonly body: Uint8Array;
    }
  /** A question that wants one answer; at most once, may be lost. */
  | {
      readonly kind: 'call';
      readonly callId: number;
      readonly group: GroupId;
      readonly topic: number;
      readonly body: Uint8Array;
    }
  /** The answer to a call; `error` is null or a text with a code before the first colon. */
  | {
      readonly kind: 'answer';
      readonly callId: number;
      readonly error: string | null;
      readonly body: Uint8Array;
    };

/** What a node says of itself when a connection opens. */
export interface Hello {
  readonly id: NodeId;
  readonly incarnation: Incarnation;
  /** Null until the node belongs to a cluster. */
  readonly cluster: ClusterId | null;
  readonly peerAddress: Address;
  readonly clientAddress: Address;
  /** Version of the product, for people. */
  readonly version: string;
  /** Fingerprint of everything that must be equal for statements to mean the same everywhere. */
  readonly engine: string;
  /** The founders of the cluster it wants to found with others; empty when it does not. */
  readonly founders: string;
  /** May have lost entries it acknowledged (protocol: recovering mode). */
  readonly recovering: boolean;
}

/** What the transport tells its user. Never called from inside a call to the transport. */
export interface TransportEvents {
  onPacket(from: NodeId, packet: Packet): void;
  /** Packets can flow both ways, none came before; again after every reconnection. */
  onConnected(peer: Hello): void;
  /** The connection to the peer's process ended: it died, or the network cut it. Once each. */
  onDisconnected(peer: NodeId): void;
  /**
   * A peer said hello, or answered ours: return null to go on, or the reason to refuse it, which it
   * is told. Asked for every socket, so up to four times a connection.
   */
  admit(peer: Hello): string | null;
  /**
   * A peer at an address given to `connect` refused us, with its reason (another cluster, a
   * re-created data directory, …), or this node cannot accept who answers there. Again at every
   * try, seconds apart. With a cluster secret, a reason without proof of it is marked as such.
   */
  onRefused(address: Address, reason: string): void;
}

/** Bytes between nodes: real sockets, or a twin in memory or in the simulator. */
export interface Transport {
  /** Starts to listen; resolves when the address is bound. */
  start(events: TransportEvents): Promise<void>;
  /**
   * Keep connections to exactly these, and to nodes that dialled us and were admitted, as long as
   * they stay connected; ids are learned from the hello when unknown (null).
   */
  connect(peers: readonly { readonly id: NodeId | null; readonly address: Address }[]): void;
  /**
   * Queues a packet; it leaves at `flush`, at the latest at the end of the turn. Drops it when the
   * peer is not connected or its queue is full (messages may be lost). Returns whether it was
   * queued.
   */
  send(to: NodeId, packet: Packet): boolean;
  /** Hands everything queued to the network now, before the disk is waited for. */
  flush(): void;
  /** What this node says of itself from the next connection on. */
  setHello(hello: Hello): void;
  /** Ids of the peers packets can flow to. */
  connected(): readonly Hello[];
  /** Ends one connection, after a protocol error. */
  disconnect(peer: NodeId, reason: string): void;
  close(): Promise<void>;
}
