import { availableParallelism, hostname } from 'node:os';

import type { DatabaseStatus, NodeView } from '../../db/request.ts';
import { formatDuration } from './duration.ts';
import { API_VERSION } from './response.ts';

/** What `/status` is made of. */
export interface StatusSources {
  readonly database: DatabaseStatus;
  readonly nodes: readonly NodeView[];
  readonly ready: boolean;
  /** The product's own version. */
  readonly version: string;
  /** Where the HTTP server listens. */
  readonly address: string;
  readonly startedAt: Date;
  readonly connections: number;
  readonly inFlight: number;
}

type Document = Readonly<Record<string, unknown>>;

/** The document of `/status`, with rqlite's keys for what there is here. */
export function statusDocument(sources: StatusSources): Document {
  const { database, version, address, startedAt, connections, inFlight } = sources;
  const now = new Date();
  return {
    build: {
      version: API_VERSION,
      quorlite_version: version,
      compiler: 'node',
    },
    os: {
      pid: process.pid,
      ppid: process.ppid,
      executable: process.execPath,
      hostname: hostname(),
    },
    runtime: {
      GOARCH: process.arch,
      GOOS: process.platform,
      GOMAXPROCS: availableParallelism(),
      num_cpu: availableParallelism(),
      version: `node ${process.version}`,
      memory_rss: process.memoryUsage.rss(),
    },
    node: {
      start_time: startedAt.toISOString(),
      current_time: now.toISOString(),
      uptime: formatDuration(now.getTime() - startedAt.getTime()),
    },
    http: {
      bind_addr: address,
      auth: 'disabled',
      tls: { enabled: 'false' },
      connections,
      in_flight: inFlight,
    },
    store: storeDocument(sources),
    quorlite: {
      version,
      cluster_id: database.clusterId,
      incarnation: database.incarnation,
      recovering: database.recovering,
      disk_low: database.diskLow,
      sync_ms_mean: database.syncMsMean,
    },
  };
}

function storeDocument({ database, nodes, ready }: StatusSources): Document {
  return {
    open: true,
    node_id: database.nodeId,
    raft: raftDocument(database),
    fsm_index: database.appliedIndex,
    fsm_term: database.term,
    db_applied_index: database.appliedIndex,
    addr: nodes.find(({ id }) => id === database.nodeId)?.peerAddress ?? '',
    leader: {
      node_id: database.leader?.id ?? '',
      addr: database.leader?.peerAddress ?? '',
      api_addr: database.leader === null ? '' : `http://${database.leader.clientAddress}`,
    },
    nodes: nodes.map(({ id, peerAddress, voter }) => ({
      id,
      addr: peerAddress,
      suffrage: voter ? 'Voter' : 'Nonvoter',
    })),
    ready,
    dir: database.directory,
    election_timeout: formatDuration(database.electionTimeoutMs),
    heartbeat_timeout: formatDuration(database.heartbeatIntervalMs),
    sqlite3: {
      path: database.databasePath,
      version: database.sqliteVersion,
      db_size: database.databaseBytes,
      db_size_friendly: friendlyBytes(database.databaseBytes),
      wal_size: database.walBytes,
      compile_options: database.compileOptions,
    },
  };
}

function raftDocument(database: DatabaseStatus): Document {
  return {
    state: database.role.charAt(0).toUpperCase() + database.role.slice(1),
    term: database.term,
    first_log_index: database.firstIndex,
    last_log_index: database.lastIndex,
    commit_index: database.commitIndex,
    applied_index: database.appliedIndex,
    fsm_pending: Math.max(0, database.commitIndex - database.appliedIndex),
    last_snapshot_index: database.snapshotIndex,
    last_contact: database.role === 'leader' ? '0' : formatDuration(database.leaderContactAgeMs),
    num_peers: database.peers,
    voter: database.voter,
    log_size: database.logBytes,
    log_size_friendly: friendlyBytes(database.logBytes),
  };
}

/**
 * What stands at a dotted path, as rqlite's `key` parameter finds it: `{}` when a name is missing;
 * where the path goes on below something that is no object, that something.
 */
export function subDocument(document: unknown, path: string): unknown {
  if (path === '') return document;
  let found = document;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return found;
    if (!Object.hasOwn(found, name)) return {};
    found = (found as Document)[name];
  }
  return found;
}

/** `83 MB`; thousands, as Go's humanize counts. */
export function friendlyBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  const digits = value < 10 && power > 0 ? value.toFixed(1) : String(Math.round(value));
  return `${digits} ${units[power]}`;
}
