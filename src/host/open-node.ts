import type { Clock } from '../base/clock.ts';
import type { Address, ClusterId, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/prng.ts';
import { Calls } from '../peer/calls.ts';
import { TcpTransport } from '../peer/tcp.ts';
import type { Hello, Transport } from '../peer/transport.ts';
import type { Machine } from '../replica/machine.ts';
import type { Replica } from '../replica/replica.ts';
import type { Disk } from '../storage/disk.ts';
import { DirectoryLock } from '../storage/lock.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import { SnapshotStore } from '../storage/snapshots.ts';
import { DelayedDisk } from './delayed-disk.ts';
import { foundersOf } from './founding.ts';
import { MAIN_GROUP, NodeHost } from './node-host.ts';
import { type NodeStorage, openStorage } from './open-storage.ts';
import { SpaceWatch } from './space-watch.ts';
import { SystemClock, SystemRandom } from './system.ts';

/** How long stopping waits for another node to take leadership over. */
const HAND_OVER_MS = 2000;

/** Followers apply this much later than they could, to share work (measured: 12 % more writes). */
const APPLY_DELAY_MS = 5;

/** Large enough to be cheap, small enough not to hold up the connection. */
const SNAPSHOT_PIECE_BYTES = 1024 * 1024;

/** What the product does not let the operator choose. */
const CHOICES = {
  applyDelayMs: APPLY_DELAY_MS,
  leases: false,
  snapshotPieceBytes: SNAPSHOT_PIECE_BYTES,
} as const;

/** How a process becomes a node. */
export interface OpenNodeOptions {
  readonly directory: string;
  readonly id: NodeId | null;
  readonly peerAddress: Address;
  readonly peerAdvertise: Address | null;
  readonly clientAddress: Address;
  readonly join: readonly Address[];
  readonly bootstrapExpect: number;
  readonly clusterSecret: string | null;
  readonly electionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly compactBytes: number;
  readonly trailingBytes: number;
  readonly syncDelayMs: number;
  readonly logger: Logger;
  readonly version: string;
  /** Fingerprint of the engine the machine runs on. */
  readonly engine: string;
  /** Opens the state at `path`; its directory is there. */
  readonly openMachine: (path: string) => Promise<Machine>;
  readonly onEntered: (replica: Replica) => void;
  readonly onStopped: (error: Error) => void;
}

/** A process as a node: the effects of the real world, and what was made of them. */
export interface OpenedNode {
  readonly host: NodeHost;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly storage: NodeStorage;
  readonly space: SpaceWatch;
  readonly databasePath: string;
  /** Starts to take part; `onEntered` follows. */
  start(): void;
  stop(): Promise<void>;
}

/** Opens the data directory, recovers it, listens for other nodes. Undoes all of it on failure. */
export async function openNode(options: OpenNodeOptions): Promise<OpenedNode> {
  await using undo = new AsyncDisposableStack();
  const time = { clock: new SystemClock(), random: new SystemRandom() };
  const { clock } = time;
  const disk = openDisk(options.syncDelayMs);
  const late: Late = { host: null, replica: null, failure: null };
  const space = watchSpace(options, { ...time, disk, late, undo });
  const storage = openLockedStorage(options, {
    ...time,
    disk,
    undo,
    onFatal: (error) => failLate(late, error),
    onSpace: (low) => space.onJournal(low),
  });
  space.start();
  const { directory, journal } = storage;
  const founders = foundersHere(options, storage);
  const snapshots = SnapshotStore.open({ disk, clock, directory: directory.snapshotsPath });
  undo.defer(() => snapshots.close());
  const databasePath = directory.databasePath('main');
  const machine = await options.openMachine(databasePath);
  undo.defer(() => machine.close());
  const transport = makeTransport(options, storage, { ...time, founders });
  undo.defer(() => transport.close());
  const calls = new Calls({ transport, ...time });
  undo.defer(() => calls.close());
  const host = new NodeHost(
    {
      ...options,
      ...identityOf(storage),
      ...CHOICES,
      founders,
      restored: storage.restored(MAIN_GROUP),
    },
    {
      ...time,
      logger: options.logger,
      transport,
      calls,
      journal,
      machine,
      snapshots,
      quarantine: storage.quarantine,
      rememberCluster: (joined) => rememberCluster(storage, joined),
    },
    {
      onStopped: options.onStopped,
      onEntered: (entered) => onEntered(options, { late, space }, entered),
    },
  );
  late.host = host;
  undo.defer(() => host.close());
  await transport.start(host);
  if (late.failure !== null) throw late.failure;
  const resources = undo.move();
  return {
    host,
    calls,
    ...time,
    transport,
    storage,
    space,
    databasePath,
    start: () => host.start(options.peerAdvertise ?? transport.address),
    stop: async () => {
      await handOver(host);
      await resources.disposeAsync();
    },
  };
}

/** What exists only once the node is put together, and what may go wrong before. */
interface Late {
  host: NodeHost | null;
  replica: Replica | null;
  failure: Error | null;
}

function onEntered(
  options: OpenNodeOptions,
  { late, space }: { readonly late: Late; readonly space: SpaceWatch },
  entered: Replica,
): void {
  late.replica = entered;
  // The disk may have been full before there was anybody to tell.
  entered.refuseWrites(space.low);
  options.onEntered(entered);
}

/** The disk failed: a node that runs stops, one that is being opened is not opened. */
function failLate(late: Late, error: Error): void {
  if (late.host === null) late.failure ??= error;
  else late.host.fail(error);
}

function watchSpace(
  { logger, directory: path }: OpenNodeOptions,
  parts: {
    readonly disk: Disk;
    readonly clock: Clock;
    readonly late: Late;
    readonly undo: AsyncDisposableStack;
  },
): SpaceWatch {
  const { disk, clock, late, undo } = parts;
  const space = new SpaceWatch({
    disk,
    clock,
    logger,
    path,
    onChange: (low) => late.replica?.refuseWrites(low),
    onFatal: (error) => failLate(late, error),
  });
  undo.defer(() => space.stop());
  return space;
}

function handOver(host: NodeHost): Promise<void> {
  return new Promise((resolve) => {
    host.handOver(HAND_OVER_MS, resolve);
  });
}

function identityOf({ directory }: NodeStorage): Pick<Hello, 'id' | 'incarnation' | 'cluster'> {
  const { node, incarnation, cluster } = directory;
  return { id: node, incarnation, cluster };
}

/** A node that is a member, or was let in once, founds nothing: its options may be old. */
function foundersHere(options: OpenNodeOptions, storage: NodeStorage): string {
  if (storage.directory.cluster !== null || storage.restored(MAIN_GROUP) !== null) return '';
  const { join, bootstrapExpect: expect } = options;
  return foundersOf({ self: options.peerAdvertise ?? options.peerAddress, join, expect });
}

function rememberCluster({ directory, journal }: NodeStorage, cluster: ClusterId): void {
  directory.setCluster(cluster);
  journal.setCluster(cluster);
}

function openDisk(syncDelayMs: number): Disk {
  const disk = new NodeDisk();
  return syncDelayMs > 0 ? new DelayedDisk(disk, syncDelayMs) : disk;
}

/** Takes the data directory for this process and recovers it. */
function openLockedStorage(
  options: OpenNodeOptions,
  parts: {
    readonly clock: Clock;
    readonly random: Random;
    readonly disk: Disk;
    readonly undo: AsyncDisposableStack;
    readonly onFatal: (error: Error) => void;
    readonly onSpace: (low: boolean) => void;
  },
): NodeStorage {
  const { clock, random, disk, undo } = parts;
  const { logger } = options;
  disk.makeDirectory(options.directory);
  const lock = DirectoryLock.acquire(`${options.directory}/lock`);
  undo.defer(() => {
    lock.close();
  });
  const storage = openStorage({
    disk,
    clock,
    random,
    logger,
    journal: {},
    path: options.directory,
    id: options.id,
    defaultId: options.peerAdvertise ?? options.peerAddress,
    version: options.version,
    onFatal: parts.onFatal,
    onSpace: parts.onSpace,
  });
  undo.defer(() => {
    storage.journal.close();
  });
  return storage;
}

function makeTransport(
  options: OpenNodeOptions,
  storage: NodeStorage,
  parts: { readonly clock: Clock; readonly random: Random; readonly founders: string },
): TcpTransport {
  const { clientAddress, version, engine } = options;
  return new TcpTransport({
    ...parts,
    listen: options.peerAddress,
    secret: options.clusterSecret,
    logger: options.logger,
    hello: {
      ...identityOf(storage),
      clientAddress,
      version,
      engine,
      // Others may connect before this node looks around, and are told once.
      founders: parts.founders,
      recovering: false,
      peerAddress: options.peerAdvertise ?? options.peerAddress,
    },
  });
}
