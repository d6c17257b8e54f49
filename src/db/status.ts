import type { OpenedNode } from '../host/open-node.ts';
import type { Replica } from '../replica/replica.ts';
import type { NodeOptions } from './node.ts';
import type { DatabaseStatus } from './request.ts';

/** What the engine says of its file. */
export interface EngineView {
  readonly sqliteVersion: string;
  readonly compileOptions: readonly string[];
  /** Bytes of the database file and of its write-ahead log. */
  fileBytes(): { readonly database: number; readonly wal: number };
}

/** Everything a status is read from; `replica` is null while the node has no database. */
export interface StatusParts {
  readonly options: NodeOptions;
  readonly version: string;
  readonly node: OpenedNode;
  readonly engine: EngineView;
  readonly replica: Replica | null;
}

/** The state of one node's database, for people and for `/status`. */
export function databaseStatus(parts: StatusParts): DatabaseStatus {
  const { options, version, node, engine } = parts;
  const { host } = node;
  const journal = node.storage.journal.status();
  const { database, wal } = engine.fileBytes();
  return {
    nodeId: host.self.id,
    clusterId: host.cluster ?? '',
    incarnation: host.self.incarnation,
    version,
    ...replicaStatus(parts),
    leaderContactAgeMs: host.leaderContactAgeMs,
    directory: options.directory,
    databasePath: node.databasePath,
    databaseBytes: database,
    walBytes: wal,
    sqliteVersion: engine.sqliteVersion,
    compileOptions: engine.compileOptions,
    electionTimeoutMs: options.electionTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs,
    syncMsMean: journal.syncMs,
    diskLow: node.space.low,
  };
}

type ReplicaStatus = Pick<
  DatabaseStatus,
  | 'role'
  | 'term'
  | 'leader'
  | 'firstIndex'
  | 'lastIndex'
  | 'commitIndex'
  | 'appliedIndex'
  | 'snapshotIndex'
  | 'logBytes'
  | 'recovering'
  | 'peers'
  | 'voter'
>;

function replicaStatus({ replica, node }: StatusParts): ReplicaStatus {
  if (replica === null) {
    return {
      role: 'joining',
      term: 0,
      leader: null,
      firstIndex: 0,
      lastIndex: 0,
      commitIndex: 0,
      appliedIndex: 0,
      snapshotIndex: 0,
      logBytes: 0,
      recovering: false,
      peers: 0,
      voter: false,
    };
  }
  const raft = replica.raft.status();
  const { voters, votersOutgoing, members } = raft.config;
  const leader = members.find(({ id }) => id === replica.leadership.leader) ?? null;
  const { id } = node.host.self;
  return {
    role: raft.role,
    term: raft.term,
    leader,
    firstIndex: raft.first,
    lastIndex: raft.last,
    commitIndex: raft.commit,
    appliedIndex: replica.applied,
    snapshotIndex: raft.first - 1,
    logBytes: replica.logBytes,
    recovering: raft.recovering,
    peers: members.filter((member) => member.id !== id).length,
    voter: voters.includes(id) || votersOutgoing.includes(id),
  };
}
