import type { NodeId } from '../src/base/ids.ts';
/**
 * Deliberate bugs. Each is switched on by name, here and nowhere else, by bending what goes in and
 * out of the real code; a simulator is worth what it finds of them.
 */
import type { NodeHost, NodeJournal, Quarantine } from '../src/host/node-host.ts';
import type { Index } from '../src/raft/entry.ts';
import type { Raft } from '../src/raft/raft.ts';
import type { Machine } from '../src/replica/machine.ts';
import type { Replica } from '../src/replica/replica.ts';
import type { Disk } from '../src/storage/disk.ts';
import type { MachineDisk } from './disk.ts';
import type { SimulatedMachine } from './machine-kind.ts';
import { coreMutations } from './mutations/core.ts';
import { divergenceMutations } from './mutations/divergence.ts';
import { messageMutations } from './mutations/messages.ts';
import { promiseMutations } from './mutations/promises.ts';
import { ruleMutations } from './mutations/rules.ts';
import { stateMutations } from './mutations/state.ts';
import { storageMutations } from './mutations/storage.ts';
import type { Fault, Setup } from './plan.ts';
import type { Found } from './watch.ts';

/** A node that is bent. */
export interface Bent {
  readonly number: number;
  readonly id: NodeId;
}

/** A deliberate bug: any of these hooks, on every node. */
export interface Mutation {
  readonly name: string;
  /** What is wrong, in the words of the rule that is broken. */
  readonly what: string;
  /** It is found within this many seeds. */
  readonly seeds: number;
  /** What a run needs for the bug to matter. */
  readonly setup?: Partial<Setup>;
  /** What goes wrong besides, so that its moment comes. */
  readonly faults?: readonly Fault[];
  /** Bends the disk itself, once. */
  machineDisk?(disk: MachineDisk, bent: Bent): void;
  disk?(disk: Disk, bent: Bent): Disk;
  /** What recovery hands to the core, after the invariants saw the truth. */
  restored?(found: Found | null, bent: Bent): Found | null;
  journal?(journal: NodeJournal, bent: Bent): NodeJournal;
  machine?(machine: Machine, bent: Bent): Machine;
  quarantine?(note: Quarantine, bent: Bent): Quarantine;
  /** Bends what a node says of its content when it is compared. */
  pinned?(machine: SimulatedMachine): (index: Index) => string | null;
  core?(raft: Raft, bent: Bent): void;
  replica?(replica: Replica, bent: Bent): void;
  host?(host: NodeHost, bent: Bent): void;
}

/** All mutations. */
export const MUTATIONS: readonly Mutation[] = [
  ...storageMutations,
  ...stateMutations,
  ...messageMutations,
  ...coreMutations,
  ...promiseMutations,
  ...divergenceMutations,
  ...ruleMutations,
];
