/** The options of every command: flags, variables, keys of the file and the help come from here. */
import type { Address } from '../base/ids.ts';
import { option, optional, type OptionTable } from './options/table.ts';
import {
  address,
  addressList,
  count,
  duration,
  filePath,
  nodeId,
  oneOf,
  reachableAddress,
  size,
  text,
} from './options/value.ts';

/** A cluster of more voters than this only gets slower. */
const NODES_MAX = 9;
const ADDRESSES = 'Addresses:';
const CLUSTER = 'Cluster:';
const TUNING = 'Tuning:';
const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'off'];
const LOG_FORMATS: readonly LogFormat[] = ['auto', 'pretty', 'json'];

/** Which lines are written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'off';

/** How lines are written; `auto` is `pretty` on a terminal and `json` otherwise. */
export type LogFormat = 'auto' | 'pretty' | 'json';

/** How fresh a read must be; see the read levels in the README. */
export type ReadLevel = 'none' | 'weak' | 'linearizable' | 'strong';

/** How the shell prints rows. */
export type RowMode = 'table' | 'csv' | 'json' | 'line';

/** What the shell takes for a level. */
export const READ_LEVELS: readonly ReadLevel[] = ['none', 'weak', 'linearizable', 'strong'];

/** What the shell takes for a mode. */
export const ROW_MODES: readonly RowMode[] = ['table', 'csv', 'json', 'line'];

/** `quorlite serve`; durations are milliseconds, sizes bytes, paths absolute. */
export interface ServeOptions {
  readonly data: string;
  readonly id: string | null;
  readonly config: string | null;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly http: Address;
  readonly httpAdvertise: Address | null;
  readonly peer: Address;
  readonly peerAdvertise: Address | null;
  readonly join: readonly Address[];
  readonly bootstrapExpect: number;
  readonly clusterSecret: string | null;
  readonly electionTimeout: number;
  readonly heartbeat: number;
  readonly readWorkers: number | null;
  readonly compactBytes: number;
  readonly trailingBytes: number;
  readonly maxBody: number;
  readonly syncDelay: number;
}

/** `quorlite dev`. */
export interface DevOptions {
  readonly nodes: number;
  readonly data: string;
  readonly httpBase: number;
  readonly logLevel: LogLevel;
}

/** `quorlite shell`. */
export interface ShellOptions {
  readonly command: string | null;
  readonly file: string | null;
  readonly level: ReadLevel;
  readonly mode: RowMode;
}

/** `quorlite verify`; milliseconds. */
export interface VerifyOptions {
  readonly timeout: number;
}

/** `quorlite demo`. */
export interface DemoOptions {
  readonly seconds: number;
  readonly nodes: number;
  readonly data: string | null;
  readonly seed: number | null;
}

/** The table of `serve`. */
export const serveOptions: OptionTable<ServeOptions> = {
  data: option(filePath('directory'), {
    about: 'where this node keeps everything',
    default: './quorlite-data',
  }),
  id: optional(nodeId(), {
    about: 'name of this node, for ever; without it the stored one, else one is made',
  }),
  config: optional(filePath('file'), { about: 'TOML file with the options' }),
  logLevel: option(oneOf(LOG_LEVELS), { about: 'lines to write to stderr', default: 'info' }),
  logFormat: option(oneOf(LOG_FORMATS), {
    about: 'how; auto is pretty on a terminal, else json',
    default: 'auto',
  }),
  http: option(address(), {
    group: ADDRESSES,
    about: 'where clients connect',
    default: '127.0.0.1:4001',
  }),
  httpAdvertise: optional(reachableAddress(), {
    group: ADDRESSES,
    about: 'what clients and other nodes are told, when it is not --http',
  }),
  peer: option(address(), {
    group: ADDRESSES,
    about: 'where other nodes connect',
    default: '127.0.0.1:4002',
  }),
  peerAdvertise: optional(reachableAddress(), {
    group: ADDRESSES,
    about: 'what other nodes are told, when it is not --peer',
  }),
  join: option(addressList(), {
    group: CLUSTER,
    about: 'peer addresses of other nodes, to bootstrap with or to join',
    default: '',
  }),
  bootstrapExpect: option(count({ min: 0, max: NODES_MAX }), {
    group: CLUSTER,
    about:
      'found a cluster with the nodes of --join, this many with this one; 0: join, or be alone',
    default: '0',
  }),
  clusterSecret: optional(text('secret'), {
    group: CLUSTER,
    about: 'the same on all nodes; needed when --peer is not on this machine only',
  }),
  electionTimeout: option(duration({ min: '20ms', max: '10m' }), {
    group: TUNING,
    about: 'silence after which a leader is taken for lost',
    default: '1s',
  }),
  heartbeat: option(duration({ min: '5ms', max: '1m' }), {
    group: TUNING,
    about: 'how often an idle leader is heard',
    default: '100ms',
  }),
  readWorkers: optional(count({ min: 1, max: 64 }), {
    group: TUNING,
    about: 'threads that read; without it one less than processors, at most 4',
  }),
  compactBytes: option(size({ min: '64KiB', max: '64GiB' }), {
    group: TUNING,
    about: 'size of the log at which it is compacted',
    default: '64MiB',
  }),
  trailingBytes: option(size({ min: '0', max: '64GiB' }), {
    group: TUNING,
    about: 'how much of it is kept for nodes that are behind',
    default: '16MiB',
  }),
  maxBody: option(size({ min: '1KiB', max: '1GiB' }), {
    group: TUNING,
    about: 'largest request',
    default: '64MiB',
  }),
  syncDelay: option(duration({ min: '0', max: '1s' }), {
    group: TUNING,
    about: 'development: make every disk sync this much slower',
    default: '0',
  }),
};

/** The table of `dev`. */
export const devOptions: OptionTable<DevOptions> = {
  nodes: option(count({ min: 1, max: NODES_MAX }), { about: 'how many nodes', default: '3' }),
  data: option(filePath('directory'), {
    about: 'where their data stays from one run to the next',
    default: './quorlite-dev',
  }),
  httpBase: option(count({ min: 1, max: 65_000 }), {
    about: 'port of the first node; every node takes two',
    default: '4001',
  }),
  logLevel: option(oneOf(LOG_LEVELS), { about: 'lines of the nodes to show', default: 'warn' }),
};

/** The table of `shell`. */
export const shellOptions: OptionTable<ShellOptions> = {
  command: optional(text('sql'), { about: 'run this and leave' }),
  file: optional(filePath('file'), { about: 'run the statements of a file and leave' }),
  level: option(oneOf(READ_LEVELS), { about: 'how fresh reads are', default: 'weak' }),
  mode: option(oneOf(ROW_MODES), { about: 'how rows are printed', default: 'table' }),
};

/** The table of `verify`. */
export const verifyOptions: OptionTable<VerifyOptions> = {
  timeout: option(duration({ min: '100ms', max: '1h' }), {
    about: 'how long the nodes may take',
    default: '30s',
  }),
};

/** The table of `demo`. */
export const demoOptions: OptionTable<DemoOptions> = {
  seconds: option(count({ min: 1, max: 86_400 }), {
    about: 'how long nodes are killed',
    default: '30',
  }),
  nodes: option(count({ min: 3, max: NODES_MAX }), { about: 'how many nodes', default: '3' }),
  data: optional(filePath('directory'), {
    about: 'where the nodes live; without it a temporary folder, removed at the end',
  }),
  seed: optional(count({ min: 0, max: 2 ** 32 - 1 }), {
    about: 'repeats the choice of victims and pauses',
  }),
};
