/**
 * What the invariants are told. Nothing here changes a run: the simulator reports, the invariants
 * judge, and the first that does not hold ends the run.
 */
import type { NodeId } from '../src/base/ids.ts';
import type { Config } from '../src/raft/config.ts';
import type { Role, SnapshotMark, Write } from '../src/raft/effects.ts';
import type { Entry, HardState, Index, Term } from '../src/raft/entry.ts';
import type { Message } from '../src/raft/message.ts';
import type { LogMirror } from './mirror.ts';
import type { Truth } from './truth.ts';

/** An invariant did not hold: the run ends here. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** Such as `I1`. */
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** What a core says of itself. */
export interface CoreView {
  readonly term: Term;
  readonly role: Role;
  readonly leader: NodeId | null;
  readonly commit: Index;
  readonly first: Index;
  readonly last: Index;
  readonly config: Config;
  readonly recovering: boolean;
}

/** What can be had of a core at no cost. */
export type CoreGlance = Pick<CoreView, 'role' | 'term' | 'commit' | 'config'>;

/** One node as the invariants see it; outlives its processes. */
export interface WatchedNode {
  readonly number: number;
  readonly id: NodeId;
  /** Everything the core handed to the journal. */
  readonly handed: LogMirror;
  /** What the journal said is durable. */
  readonly durable: LogMirror;
  /** Handed over and not yet called durable. */
  readonly pending: Write[];
  /** What the core said after the last event; null when it does not run. */
  core: CoreView | null;
  applied: Index;
  /** Serial number of the current life. */
  life: number;
  /** A fault beyond crashes touched this disk: what it acknowledged may be gone. */
  tainted: boolean;
  /** Its state is not what the log leads to, whether anybody knows or not. */
  wrong: boolean;
  /** A majority told it so, and its state was not replaced since. */
  told: boolean;
  /** What was applied when its state was spoiled last. */
  spoiledAt: Index;
  /** How often its state was replaced by a copy. */
  replaced: number;
  /** Resources held: outcomes owed, messages held, journal bytes. */
  owed: number;
}

/** The world as the invariants see it. */
export interface World {
  readonly nodes: readonly WatchedNode[];
  readonly truth: Truth;
  readonly electionTimeoutMs: number;
  /** The true time. */
  now(): number;
}

/** What a process found on its disk. */
export interface Found {
  readonly hardState: HardState;
  readonly mark: SnapshotMark | null;
  readonly entries: readonly Entry[];
  readonly commit: Index;
  readonly recovering: string | null;
}

/** A rule that must hold at every step. Every method is optional; none may change anything. */
export interface Invariant {
  readonly id: string;
  /** A core hands a write to its journal. `node.handed` does not have it yet. */
  onWrite?(world: World, node: WatchedNode, handing: Handing): void;
  /** The journal said that a write is durable; `node.durable` has it. */
  onDurable?(world: World, node: WatchedNode, write: Write): void;
  /** Something of the core changed; `before` is null at the start of a life. */
  onCore?(world: World, node: WatchedNode, change: CoreChange): void;
  onApply?(world: World, node: WatchedNode, range: AppliedRange): void;
  /** A message leaves the process. */
  onSend?(world: World, node: WatchedNode, message: Message): void;
  /** A message is taken in by the process. */
  onReceive?(world: World, node: WatchedNode, message: Message): void;
  /** A node that leads had a turn, or did so before it. */
  onTurn?(world: World, node: WatchedNode, core: CoreGlance): void;
  /** A process opened its data directory again; `pending` had not been called durable. */
  onRestart?(world: World, node: WatchedNode, start: Restart): void;
}

/** A write on its way to the journal, and the core that hands it over as it is now. */
export interface Handing {
  readonly write: Write;
  readonly core: CoreGlance | null;
}

/** A step of a core. */
export interface CoreChange {
  readonly before: CoreView | null;
  readonly after: CoreView;
}

/** A range that a machine applied. */
export interface AppliedRange {
  readonly entries: readonly Entry[];
  readonly after: Index;
  readonly through: Index;
  readonly digests: readonly number[];
}

/** A start from a disk that was used before. */
export interface Restart {
  readonly found: Found | null;
  readonly pending: readonly Write[];
}
