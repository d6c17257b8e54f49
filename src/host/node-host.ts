import { must } from '../base/assert.ts';
import { NO_BYTES } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { Address, ClusterId, GroupId, Incarnation, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import { hexadecimal, type Random } from '../base/prng.ts';
import type { Calls } from '../peer/calls.ts';
import type { Hello, Packet, Transport, TransportEvents } from '../peer/transport.ts';
import type { Config, Member } from '../raft/config.ts';
import type { SnapshotMark, Write } from '../raft/effects.ts';
import type { Entry, HardState, Index } from '../raft/entry.ts';
import type { Machine } from '../replica/machine.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import type { SnapshotStore } from '../storage/snapshots.ts';
import { admit } from './admission.ts';
import { Entrance } from './entrance.ts';
import { foundingWrite } from './founding.ts';
import { Host } from './host.ts';
import { makeReplica } from './make-replica.ts';
import { Membership } from './membership.ts';
import { type Inside, ClusterRequests } from './requests.ts';
import { SnapshotTraffic } from './snapshot-traffic.ts';

/** The group of the one database; group 0 is kept for the catalog. */
export const MAIN_GROUP: GroupId = 1;

/** A group's log as the journal gave it back. */
export interface RestoredGroup {
  readonly hardState: HardState;
  readonly mark: SnapshotMark | null;
  readonly entries: readonly Entry[];
  readonly commit: Index;
  /** Why acknowledged entries may be missing; null when none can be. */
  readonly recovering: string | null;
}

/** The journal as the node uses it. */
export interface NodeJournal {
  append(group: GroupId, write: Write, done: () => void): void;
  flush(): void;
  /** Remembers over restarts that acknowledged entries may be missing, or no longer are. */
  damaged(group: GroupId, reason: string, done: () => void): void;
  healed(group: GroupId, done: () => void): void;
}

/** What a node remembers of a state that a majority contradicted; see `storage/quarantine.ts`. */
export interface Quarantine {
  /** Where the difference was seen; null when the state is not known to be wrong. */
  readonly index: Index | null;
  write(index: Index): void;
  clear(): void;
}

/** The effects a node stands on; the simulator brings its own. */
export interface NodePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly transport: Transport;
  readonly calls: Calls;
  readonly journal: NodeJournal;
  readonly machine: Machine;
  readonly snapshots: SnapshotStore;
  readonly quarantine: Quarantine;
  /** Remembers, durably, which cluster this data directory belongs to. */
  readonly rememberCluster: (cluster: ClusterId) => void;
}

/** What a node is, and how it should behave. */
export interface NodeHostOptions {
  readonly id: NodeId;
  readonly incarnation: Incarnation;
  readonly cluster: ClusterId | null;
  readonly version: string;
  readonly engine: string;
  readonly clientAddress: Address;
  readonly join: readonly Address[];
  readonly bootstrapExpect: number;
  /** From `foundersOf`. */
  readonly founders: string;
  readonly electionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly applyDelayMs: number;
  readonly compactBytes: number;
  readonly trailingBytes: number;
  /** Leaders may answer reads by lease; off unless the operator trusts the clocks. */
  readonly leases: boolean;
  /** Bytes of one piece of a snapshot on its way. */
  readonly snapshotPieceBytes: number;
  readonly restored: RestoredGroup | null;
}

/** What the node tells whoever made it. */
export interface NodeHostEvents {
  /** The node is a member of a cluster and its replica runs. */
  onEntered(replica: Replica): void;
  /** The node cannot go on; it has stopped taking part. */
  onStopped(error: Error): void;
}

/** One process as a member of a cluster: finds its way in, takes part, lets others in. */
export class NodeHost implements TransportEvents {
  readonly #options: NodeHostOptions;
  readonly #ports: NodePorts;
  readonly #events: NodeHostEvents;
  readonly #host: Host;
  /** Requests about the cluster: join, remove, hand leadership over. */
  readonly requests: ClusterRequests;
  /** Data directories that a committed configuration removed. */
  readonly #removed = new Set<Incarnation>();
  /** Who the settled configuration named when it was last looked at. */
  #members: readonly Member[] = [];
  #cluster: ClusterId | null;
  #peerAddress: Address = '';
  #replica: Replica | null = null;
  #membership: Membership | null = null;
  #snapshots: SnapshotTraffic | null = null;
  #entrance: Entrance | null = null;
  #stopped = false;

  constructor(options: NodeHostOptions, ports: NodePorts, events: NodeHostEvents) {
    this.#options = options;
    this.#ports = ports;
    this.#events = events;
    this.#cluster = options.cluster;
    this.#host = new Host(ports);
    ports.calls.handle(TOPIC.ping, (_from, _body, answer) => {
      answer(null, NO_BYTES);
    });
    this.requests = new ClusterRequests({
      calls: ports.calls,
      clock: ports.clock,
      port: {
        inside: () => this.#inside(),
        refusal: (member) => this.admit({ ...this.#hello(), ...member, cluster: null }),
        schedule: () => {
          this.#host.schedule(MAIN_GROUP);
        },
      },
    });
  }

  get self(): Member {
    const { id, incarnation, clientAddress } = this.#options;
    return { id, incarnation, peerAddress: this.#peerAddress, clientAddress };
  }

  get cluster(): ClusterId | null {
    return this.#cluster;
  }

  /** Milliseconds since this node last heard a leader; 0 on the leader itself. */
  get leaderContactAgeMs(): number {
    return this.#replica?.raft.leaderContactAge(this.#ports.clock.now()) ?? Infinity;
  }

  /**
   * Starts to take part, or to look for a cluster to take part in. The transport has started, and
   * other nodes reach it at `peerAddress`.
   */
  start(peerAddress: Address): void {
    this.#peerAddress = peerAddress;
    const { restored } = this.#options;
    this.#ports.transport.setHello(this.#hello());
    if (restored !== null && restoredConfig(restored)) {
      // A crash between the founding write and this: nobody has heard of the cluster yet.
      if (this.#cluster === null) this.#belongTo(this.#newCluster());
      this.#enter(restored, []);
      return;
    }
    if (this.#cluster !== null) {
      // Let in before, but nothing of the log had arrived: others bring it.
      this.#enter(restored, []);
      return;
    }
    this.#connect(this.#options.join.map((address) => ({ id: null, address })));
    this.#entrance = this.#makeEntrance();
    this.#entrance.start();
  }

  /** Hands leadership over if there is somebody to take it; `done` when it happened or cannot. */
  handOver(timeoutMs: number, done: () => void): void {
    const replica = this.#replica;
    if (replica === null || !replica.isLeader || !replica.raft.transferLeadership(null).ok) {
      this.#ports.clock.defer(done);
      return;
    }
    this.#host.schedule(MAIN_GROUP);
    const deadline = this.#ports.clock.now() + timeoutMs;
    const look = (): void => {
      if (!replica.isLeader || this.#ports.clock.now() >= deadline) done();
      else this.#ports.clock.after(5, look);
    };
    look();
  }

  /** Stops taking part. The ports are closed by their owner. */
  close(): void {
    this.#stopped = true;
    this.#entrance?.stop();
    this.#membership?.close();
    this.#snapshots?.close();
    this.#host.close();
  }

  onPacket(from: NodeId, packet: Packet): void {
    if (this.#stopped) return;
    if (packet.kind === 'call' || packet.kind === 'answer') {
      this.#ports.calls.onPacket(from, packet);
      return;
    }
    this.#host.onPacket(from, packet);
  }

  onConnected(peer: Hello): void {
    if (this.#stopped) return;
    this.#host.onConnected(peer);
    this.#membership?.onHello(peer);
  }

  onDisconnected(peer: NodeId): void {
    if (this.#stopped) return;
    this.#ports.calls.onDisconnected(peer);
    this.#host.onDisconnected(peer);
  }

  admit(peer: Hello): string | null {
    this.#noteRemoved();
    const config = this.#replica?.raft.config ?? null;
    const { id, engine } = this.#options;
    return admit({ id, cluster: this.#cluster, engine, config, removed: this.#removed }, peer);
  }

  onRefused(address: Address, reason: string): void {
    this.#ports.logger.error?.('Another node refuses this one', { address, reason });
    const code = /^(wrong-incarnation|wrong-version|not-member|wrong-cluster): /.exec(reason)?.[1];
    // One node of another cluster in the list of addresses is a mistake; being unknown to our own
    // cluster, or running another engine, is the end.
    if (code === 'wrong-incarnation' || code === 'not-member' || code === 'wrong-version') {
      this.fail(new QuorliteError(code, reason.slice(code.length + 2)));
    } else if (code === 'wrong-cluster' && this.#replica === null) {
      this.fail(new QuorliteError(code, reason.slice(code.length + 2)));
    }
  }

  #inside(): Inside | null {
    const replica = this.#replica;
    const membership = this.#membership;
    const cluster = this.#cluster;
    if (replica === null || membership === null || cluster === null) return null;
    return { group: MAIN_GROUP, cluster, replica, membership };
  }

  #hello(): Hello {
    const { version, engine, restored } = this.#options;
    const founders = this.#cluster === null ? this.#options.founders : '';
    const replica = this.#replica;
    const recovering =
      replica === null ? (restored?.recovering ?? null) !== null : replica.raft.status().recovering;
    return { ...this.self, cluster: this.#cluster, version, engine, founders, recovering };
  }

  #newCluster(): ClusterId {
    return hexadecimal(this.#ports.random, 32);
  }

  #belongTo(cluster: ClusterId): void {
    this.#ports.rememberCluster(cluster);
    this.#cluster = cluster;
    this.#ports.transport.setHello(this.#hello());
  }

  #makeEntrance(): Entrance {
    const { clock, logger, transport, calls } = this.#ports;
    return new Entrance({
      self: this.self,
      join: this.#options.join,
      expect: this.#options.bootstrapExpect,
      founders: this.#options.founders,
      clock,
      logger,
      port: {
        connected: () => transport.connected(),
        askToJoin: (to, body, timeoutMs, done) => {
          calls.call(to, { group: 0, topic: TOPIC.join, body, timeoutMs }, (result) => {
            done(result.ok ? { body: result.body } : { error: result.message });
          });
        },
        bootstrap: (members) => {
          this.#bootstrap(members);
        },
        adopt: (cluster, members) => {
          this.#belongTo(cluster);
          logger.info?.('Let into the cluster', { cluster });
          this.#enter(null, members);
        },
        refused: (reason) => {
          const colon = reason.indexOf(': ');
          this.fail(new QuorliteError('not-member', reason.slice(colon + 2)));
        },
      },
    });
  }

  /** Makes a cluster: its first entry is durable before anybody hears of it. */
  #bootstrap(members: readonly Member[]): void {
    const { journal, logger } = this.#ports;
    const write = foundingWrite(members);
    journal.append(MAIN_GROUP, write, () => {
      const cluster = this.#newCluster();
      this.#belongTo(cluster);
      logger.info?.('Made a new cluster', { cluster, members: members.map(({ id }) => id) });
      const { hardState, entries } = write;
      this.#enter(
        {
          hardState: must(hardState, () => 'The founding write has no term'),
          mark: null,
          entries,
          commit: 0,
          recovering: null,
        },
        [],
      );
    });
    journal.flush();
  }

  #enter(restored: RestoredGroup | null, hosts: readonly Member[]): void {
    const { clock, logger, machine, calls } = this.#ports;
    const { electionTimeoutMs } = this.#options;
    const made = makeReplica({
      group: MAIN_GROUP,
      options: this.#options,
      ports: this.#ports,
      restored,
      host: this.#host,
      events: {
        fatal: (error) => {
          this.fail(error);
        },
        onConfig: (config) => {
          this.#onConfig(config);
        },
        onRecovering: (recovering) => {
          this.#onRecovering(recovering);
        },
        onLeadership: () => {
          this.#membership?.onChange();
        },
        onSnapshotNeeded: (request) => {
          this.#snapshots?.send(request);
        },
        onDiverged: (index) => {
          this.#snapshots?.differs(index);
        },
        onQuarantine: (index) => {
          this.#onQuarantine(index);
        },
      },
    });
    const { replica } = made;
    this.#replica = replica;
    this.#membership = new Membership({ replica, clock, logger, electionTimeoutMs });
    this.#snapshots = new SnapshotTraffic({
      replica,
      machine,
      store: this.#ports.snapshots,
      calls,
      clock,
      logger,
      group: MAIN_GROUP,
      pieceBytes: this.#options.snapshotPieceBytes,
      onUnusable: (error) => {
        this.fail(error);
      },
    });
    this.#noteRemoved();
    const { members, voters } = replica.raft.config;
    this.#connect([...members, ...hosts].filter(({ id }) => id !== this.self.id));
    if (voters.length === 1) replica.raft.standSoon();
    this.#host.add(replica);
    this.#events.onEntered(replica);
    this.#snapshots.start(made.unfinished);
  }

  /** Before the replica goes on: what a majority said must outlive this process. */
  #onQuarantine(index: Index | null): void {
    const { quarantine, logger } = this.#ports;
    try {
      if (index === null) quarantine.clear();
      else quarantine.write(index);
    } catch (cause) {
      this.fail(QuorliteError.from(cause, 'disk'));
      return;
    }
    if (index === null) logger.info?.('The state of this node was replaced by a copy');
    else logger.error?.('A majority holds another state than this node', { index });
  }

  #onRecovering(recovering: boolean): void {
    const { journal, logger, transport } = this.#ports;
    if (recovering) {
      logger.warn?.('Acknowledged entries may be missing here: waiting for the leader to repair');
      journal.damaged(MAIN_GROUP, 'the group committed entries this node does not have', () => {});
    } else {
      logger.info?.('The log of this node is whole again');
      journal.healed(MAIN_GROUP, () => {});
    }
    transport.setHello(this.#hello());
  }

  #onConfig(config: Config): void {
    this.#noteRemoved();
    this.#connect(config.members.filter(({ id }) => id !== this.self.id));
    this.#membership?.onChange();
  }

  /** What is not committed may fall back: it sends nobody away, nor does its falling back. */
  #noteRemoved(): void {
    const settled = this.#replica?.raft.settledConfig ?? null;
    if (settled === null) return;
    for (const { incarnation } of this.#members) this.#removed.add(incarnation);
    for (const { incarnation } of settled.members) this.#removed.delete(incarnation);
    this.#members = settled.members;
  }

  #connect(peers: readonly ({ id: NodeId | null; address: Address } | Member)[]): void {
    this.#ports.transport.connect(
      peers.map((peer) => ('address' in peer ? peer : { id: peer.id, address: peer.peerAddress })),
    );
  }

  /** The node cannot go on: it takes no part any more, not even by heartbeats. */
  fail(error: Error): void {
    if (this.#stopped) return;
    this.close();
    this.#events.onStopped(error);
  }
}

function restoredConfig(restored: RestoredGroup): boolean {
  return restored.mark !== null || restored.entries.some(({ kind }) => kind === 'config');
}
