/**
 * One machine of the cluster with its disk, clock and database files, and the process that runs on
 * it now, put together from the product's own parts over simulated effects.
 */
import { QuorliteError } from '../src/base/errors.ts';
import type { Address, NodeId } from '../src/base/ids.ts';
import { type Logger, type LogLine, silentLogger } from '../src/base/logger.ts';
import type { Random } from '../src/base/prng.ts';
import { foundersOf } from '../src/host/founding.ts';
import { NodeHost, MAIN_GROUP } from '../src/host/node-host.ts';
import { type NodeStorage, openStorage } from '../src/host/open-storage.ts';
import { Calls } from '../src/peer/calls.ts';
import type { Hello } from '../src/peer/transport.ts';
import type { Replica } from '../src/replica/replica.ts';
import type { DataDirectory } from '../src/storage/directory.ts';
import type { Disk } from '../src/storage/disk.ts';
import { SnapshotStore } from '../src/storage/snapshots.ts';
import { type ClientPort, makeClientPort } from './client-port.ts';
import { MachineClock, SimulatedClock } from './clock.ts';
import type { Counter } from './counters.ts';
import { MachineDisk } from './disk.ts';
import type { Events } from './events.ts';
import { Life } from './life.ts';
import type { MachineKind, SimulatedMachine, StateStore } from './machine-kind.ts';
import { LogMirror } from './mirror.ts';
import type { Mutation } from './mutations.ts';
import type { Network, SimulatedTransport } from './network.ts';
import type { Setup } from './plan.ts';
import { type Chance, STREAM } from './random.ts';
import type { Found, WatchedNode } from './watch.ts';
import { watchJournal, watchMachine, watchQuarantine } from './watched-ports.ts';
import type { Watch } from './watching.ts';

const DATA = '/data';

/** What all nodes of a run share. */
export interface Surroundings {
  readonly events: Events;
  readonly chance: Chance;
  readonly network: Network;
  readonly setup: Setup;
  readonly kind: MachineKind;
  readonly watch: Watch;
  readonly mutation: Mutation | null;
  readonly count: (counter: Counter) => void;
  readonly trace: (node: number, sign: string, detail: string) => void;
}

/** A process that runs on a machine. */
interface Process {
  readonly life: Life;
  readonly clock: SimulatedClock;
  readonly host: NodeHost;
  readonly calls: Calls;
  readonly transport: SimulatedTransport;
  readonly machine: SimulatedMachine;
  readonly snapshots: SnapshotStore;
  /** What recovery gave back. */
  readonly found: Found | null;
  replica: Replica | null;
  client: ClientPort | null;
}

/** How a process ended by itself. */
export type Ending = { readonly code: string; readonly message: string };

/** A machine of the cluster. */
export class SimulatedNode {
  readonly number: number;
  readonly id: NodeId;
  readonly address: Address;
  readonly disk: MachineDisk;
  readonly clock: MachineClock;
  readonly watched: WatchedNode;
  /** Addresses to find the cluster by, and how many make it. */
  readonly join: readonly Address[];
  readonly expect: number;
  /** An operator took it out, or it must not come back: nobody starts it again. */
  retired = false;
  /** Its disk was emptied since it last belonged to the cluster. */
  wiped = false;
  /** Called when the process ends by itself. */
  onEnding: (ending: Ending) => void = () => {};
  readonly #around: Surroundings;
  readonly #state: StateStore;
  #process: Process | null = null;
  #lives = 0;
  /** Why the last start failed without throwing. */
  #stillborn: Ending = { code: 'none', message: '' };

  constructor(
    around: Surroundings,
    options: {
      readonly number: number;
      readonly join: readonly Address[];
      readonly expect: number;
    },
  ) {
    const { events, chance, setup } = around;
    const { number } = options;
    this.#around = around;
    this.number = number;
    this.id = `n${number + 1}`;
    this.address = addressOf(number);
    this.join = options.join;
    this.expect = options.expect;
    this.clock = new MachineClock(chance.roll(STREAM.node, number, 1) / 4096);
    this.disk = new MachineDisk({
      events,
      timing: chance.stream(STREAM.diskTime, number),
      fate: chance.stream(STREAM.diskCrash, number),
    });
    this.disk.condition.syncMs = setup.syncMs;
    this.#state = around.kind.store();
    this.watched = {
      number,
      id: this.id,
      handed: new LogMirror(),
      durable: new LogMirror(),
      pending: [],
      core: null,
      applied: 0,
      life: 0,
      tainted: false,
      wrong: false,
      told: false,
      spoiledAt: 0,
      replaced: 0,
      owed: 0,
    };
  }

  get life(): Life | null {
    return this.#process?.life ?? null;
  }

  get replica(): Replica | null {
    return this.#process?.replica ?? null;
  }

  /** Where clients ask; null while nobody answers. */
  get client(): ClientPort | null {
    return this.#process?.client ?? null;
  }

  get calls(): Calls | null {
    return this.#process?.calls ?? null;
  }

  get machine(): SimulatedMachine | null {
    return this.#process?.machine ?? null;
  }

  /** Whether this node believes that its lease holds. */
  holdsLease(): boolean {
    const process = this.#process;
    if (process === null || process.replica === null || !this.#around.setup.leases) return false;
    return process.replica.raft.leaseValid(process.clock.now());
  }

  /** Starts the process; null, or why it did not come up. */
  start(): Ending | null {
    const { events } = this.#around;
    const life = new Life(events, this.number, this.number * 4096 + this.#lives++);
    this.watched.life = life.serial;
    this.watched.core = null;
    try {
      this.#process = this.#boot(life);
    } catch (error) {
      life.end();
      if (!(error instanceof QuorliteError)) throw error;
      return { code: error.code, message: error.message };
    }
    if (!life.alive) {
      this.#process = null;
      this.disk.onProcessEnd(events.now);
      return this.#stillborn;
    }
    this.#around.trace(this.number, 'up', '');
    const { found } = this.#process;
    // What was only in the page cache is durable once recovery is through with it, and no earlier.
    this.#around.watch.when(this, () => {
      this.watched.pending.length = 0;
      this.watched.handed.clear();
      if (found !== null) this.watched.handed.replace(found);
      this.watched.durable.become(this.watched.handed);
    });
    this.#process.host.start(this.address);
    return null;
  }

  /** The process dies at once; with the machine, what was not synced may be lost. */
  crash(how: 'process' | 'machine'): void {
    const { events, network } = this.#around;
    if (this.#process !== null) {
      this.#process.life.end();
      network.onLifeEnd(this.#process.life, how === 'machine');
      this.#process = null;
    }
    this.watched.core = null;
    if (how === 'process') this.disk.onProcessEnd(events.now);
    else {
      const { style, dirtyFiles } = this.disk.onPowerLoss(events.now);
      this.#state.onPowerLoss(this.#around.chance.stream(STREAM.machine, this.#lives));
      this.#around.trace(this.number, 'lo', `${style}, ${dirtyFiles} files`);
    }
  }

  /** The machine gets an empty disk. */
  wipe(): void {
    this.wiped = true;
    this.disk.wipe();
    this.#state.wipe();
    this.watched.handed.clear();
    this.watched.durable.clear();
    this.watched.pending.length = 0;
    this.watched.applied = 0;
    this.watched.tainted = true;
    this.watched.wrong = false;
    this.watched.told = false;
  }

  #boot(life: Life): Process {
    const { setup, chance, kind, network, events, mutation } = this.#around;
    const clock = new SimulatedClock({ events, life, machine: this.clock });
    const random = chance.stream(STREAM.node, life.serial + 16);
    const mounted = this.disk.mount(life);
    mutation?.machineDisk?.(this.disk, this);
    const disk = mutation?.disk?.(mounted, this) ?? mounted;
    const storage = this.#openStorage({ life, disk, clock, random });
    const { directory } = storage;
    const snapshots = SnapshotStore.open({ disk, clock, directory: directory.snapshotsPath });
    const found = storage.restored(MAIN_GROUP);
    this.#tell(found);
    const machine = kind.open({
      store: this.#state,
      disk,
      events,
      life,
      timing: chance.stream(STREAM.applyTime, life.serial),
      applyMs: setup.applyMs,
    });
    this.watched.applied = machine.applied;
    const transport = network.attach(life, this.#hello(directory));
    const calls = new Calls({ transport, clock, random });
    const base = { life, clock, random, calls, transport, machine, snapshots, found };
    const host = this.#makeHost(base, storage);
    mutation?.host?.(host, this);
    void transport.start(host);
    return { ...base, host, replica: null, client: null };
  }

  #openStorage(on: {
    readonly life: Life;
    readonly disk: Disk;
    readonly clock: SimulatedClock;
    readonly random: Random;
  }): NodeStorage {
    const { setup, count } = this.#around;
    return openStorage({
      disk: on.disk,
      path: DATA,
      id: this.id,
      defaultId: this.id,
      version: 'sim',
      clock: on.clock,
      random: on.random,
      logger: this.#findings(),
      journal: { segmentBytes: setup.segmentBytes, sync: setup.sync },
      onFatal: (error) => {
        this.#onEnding(on.life, error);
      },
      onSpace: (low) => {
        if (low) count('diskFullRefusals');
        if (this.#process?.life === on.life) this.#process.replica?.refuseWrites(low);
      },
    });
  }

  #hello(directory: DataDirectory): Hello {
    return {
      id: directory.node,
      incarnation: directory.incarnation,
      cluster: directory.cluster,
      peerAddress: this.address,
      clientAddress: `${this.id}:4001`,
      version: 'sim',
      engine: 'sim',
      founders: '',
      recovering: false,
    };
  }

  #makeHost(
    base: Omit<Process, 'host' | 'replica' | 'client'> & { readonly random: Random },
    storage: NodeStorage,
  ): NodeHost {
    const { setup, watch, mutation } = this.#around;
    const { directory, journal } = storage;
    const { clock, random, transport, calls, machine, snapshots, found } = base;
    const { incarnation, cluster, clientAddress, version, engine } = this.#hello(directory);
    const seen = { node: this, watch };
    const watched = watchJournal(seen, journal);
    const quarantine = watchQuarantine(seen, storage.quarantine);
    return new NodeHost(
      {
        id: this.id,
        incarnation,
        cluster,
        version,
        engine,
        clientAddress,
        join: this.join,
        bootstrapExpect: this.expect,
        founders: foundersOf({ self: this.address, join: this.join, expect: this.expect }),
        electionTimeoutMs: setup.electionTimeoutMs,
        heartbeatIntervalMs: setup.heartbeatIntervalMs,
        applyDelayMs: setup.applyDelayMs,
        compactBytes: setup.compactBytes,
        trailingBytes: setup.trailingBytes,
        restored: mutation?.restored === undefined ? found : mutation.restored(found, this),
        leases: setup.leases,
        snapshotPieceBytes: setup.snapshotPieceBytes,
      },
      {
        clock,
        random,
        logger: watch.logger(this.number),
        transport,
        calls,
        journal: mutation?.journal?.(watched, this) ?? watched,
        machine: watchMachine(seen, mutation?.machine?.(machine, this) ?? machine),
        snapshots,
        quarantine: mutation?.quarantine?.(quarantine, this) ?? quarantine,
        rememberCluster: (id) => {
          directory.setCluster(id);
          journal.setCluster(id);
        },
      },
      {
        onStopped: (error) => {
          this.#onEnding(base.life, error);
        },
        onEntered: (replica) => {
          this.#onEntered(replica);
        },
      },
    );
  }

  /** The node is a member: from now on it is watched, and has clients. */
  #onEntered(replica: Replica): void {
    const { setup, kind, watch, mutation } = this.#around;
    const process = this.#process;
    if (process === null) return;
    process.replica = replica;
    const drain = replica.drain.bind(replica);
    replica.drain = () => {
      drain();
      watch.onDrained(this);
    };
    mutation?.core?.(replica.raft, this);
    mutation?.replica?.(replica, this);
    const { calls, clock, machine, host } = process;
    const { id, watched } = this;
    const { states } = watch;
    process.client = makeClientPort({
      id,
      replica,
      calls,
      clock,
      machine,
      host,
      setup,
      kind,
      watched,
      states,
      isWrong: (other) => watch.isWrong(other),
      pinned: mutation?.pinned?.(machine) ?? ((index) => machine.pinned(index)),
    });
  }

  /** A logger that counts what recovery found. */
  #findings(): Logger {
    const warn: LogLine = (message, fields) => {
      if (fields?.['verdict'] === 'torn') this.#around.count('tornTails');
      else if (fields?.['verdict'] !== 'harmless') this.#around.count('damagedTails');
      this.#around.trace(this.number, 'lg', message);
    };
    return { ...silentLogger, warn };
  }

  /** Holds what the disk gave back against what was promised. */
  #tell(restored: Found | null): void {
    const { watch, count } = this.#around;
    const { watched } = this;
    if (restored !== null && restored.recovering !== null) {
      count('recoveringStarts');
      this.#around.trace(this.number, 're', restored.recovering);
    }
    watch.onRestart(watched, { found: restored, pending: [...watched.pending] });
  }

  #onEnding(life: Life, error: Error): void {
    if (!life.alive) return;
    const code = error instanceof QuorliteError ? error.code : 'bug';
    if (code === 'bug') throw error;
    this.#around.trace(this.number, 'ko', `${code}: ${error.message}`);
    if (this.#process?.life !== life) {
      // It failed while it was starting, and says so by the way instead of throwing.
      life.end();
      this.#stillborn = { code, message: error.message };
      return;
    }
    if (code === 'diverged') this.#around.count('wrongLeadersStopped');
    if (code === 'diverged' && life.time > this.#around.events.now) {
      // It waited for its disk within this event, to write that down, and ends after that.
      this.#around.events.at(life.time, null, () => {
        this.#end(life, { code, message: error.message });
      });
      return;
    }
    this.#end(life, { code, message: error.message });
  }

  #end(life: Life, ending: Ending): void {
    if (!life.alive) return;
    this.crash('process');
    this.onEnding(ending);
  }
}

/** The peer address of a node. */
export function addressOf(number: number): Address {
  return `n${number + 1}:4002`;
}
