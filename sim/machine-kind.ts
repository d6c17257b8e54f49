import type { Machine } from '../src/replica/machine.ts';
import type { Disk } from '../src/storage/disk.ts';
import type { Events } from './events.ts';
import type { Life } from './life.ts';
import { CHECKSUM, decodeOp, encodeOp, ModelMachine, ModelStore } from './model-machine.ts';
import type { Op, OpResult } from './model.ts';
import type { Draw } from './random.ts';

/** A machine that the simulator can look into. */
export interface SimulatedMachine extends Machine {
  /** A hash of the content, equal on equal replicas. */
  contentHash(): string;
  /** Answers a read from the state as it is now. */
  answer(op: Op): OpResult;
  /** The content hash at the index of a checksum entry that was applied lately, or null. */
  pinned(index: number): string | null;
  /** Silently changes something of the content, and what it says of its results; durable. */
  spoil(draw: Draw): void;
}

/** Database files, which outlive processes. */
export interface StateStore {
  onPowerLoss(draw: Draw): void;
  wipe(): void;
}

/** What a machine is opened with. */
export interface MachineSurroundings<Store> {
  readonly store: Store;
  readonly disk: Disk;
  readonly events: Events;
  readonly life: Life;
  readonly timing: Draw;
  /** Mean time of applying a range, milliseconds. */
  readonly applyMs: number;
}

/** A kind of machine to run a cluster on, and how operations look in its log. */
export interface MachineKind {
  store(): StateStore;
  open(around: MachineSurroundings<StateStore>): SimulatedMachine;
  encode(op: Op): Uint8Array;
  /** A command that takes a place in the log and changes nothing. */
  barrier(): Uint8Array;
  /** A command that pins the content for comparison. */
  checksum(): Uint8Array;
  /** Null for entries that are no operation of a client. */
  decode(data: Uint8Array): Op | null;
  /** What a result of an applied write says. */
  result(op: Op, bytes: Uint8Array): OpResult;
  /** Gives a payload the clock and random bits of the node that takes it. */
  stamp(payload: Uint8Array, nowMs: number): void;
}

/** Clusters of the model machine. */
export const modelKind: MachineKind = {
  store: () => new ModelStore(),
  open: (around) => new ModelMachine({ ...around, store: around.store as ModelStore }),
  encode: encodeOp,
  barrier: () => encodeOp({ kind: 'count' }),
  checksum: () => CHECKSUM,
  decode: (data) => (data[0] === 0x7b ? decodeOp(data) : null),
  result: (_op, bytes) => JSON.parse(new TextDecoder().decode(bytes)) as OpResult,
  stamp: () => {},
};
