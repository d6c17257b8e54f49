import type { NodeId } from '../src/base/ids.ts';
import { type Logger, silentLogger } from '../src/base/logger.ts';
import type { Packet } from '../src/peer/transport.ts';
import type { Config } from '../src/raft/config.ts';
import type { Write } from '../src/raft/effects.ts';
import type { Message } from '../src/raft/message.ts';
import type { Replica } from '../src/replica/replica.ts';
import type { Counter } from './counters.ts';
import type { Events } from './events.ts';
import { type Hooks, hooksOf } from './hooks.ts';
import { Pins } from './invariants/verify-is-true.ts';
import type { WrongStates } from './invariants/wrong-state.ts';
import type { SimulatedNode } from './node.ts';
import { fold, hashText } from './random.ts';
import type { Trace } from './trace.ts';
import type {
  AppliedRange,
  CoreChange,
  CoreGlance,
  CoreView,
  Handing,
  Invariant,
  Restart,
  WatchedNode,
  World,
} from './watch.ts';

/** One drain in this many is looked at whether anything seems changed or not. */
const LOOK_EVERY = 16;

/** Passes on what happens to the invariants, the trace and the counters. */
export class Watch {
  /** The truth about states that were spoiled. */
  readonly states: WrongStates;
  /** What nodes hold at the places of checksum entries. */
  readonly pins: Pins = new Pins();
  #world: World;
  readonly #looks: number[] = [];
  readonly #hooks: Hooks;
  readonly #trace: Trace;
  readonly #events: Events;
  readonly #count: (counter: Counter) => void;

  constructor(options: {
    readonly world: World;
    readonly invariants: readonly Invariant[];
    readonly states: WrongStates;
    readonly trace: Trace;
    readonly events: Events;
    readonly count: (counter: Counter) => void;
  }) {
    this.#world = options.world;
    this.states = options.states;
    this.#hooks = hooksOf([...options.invariants, options.states]);
    this.#trace = options.trace;
    this.#events = options.events;
    this.#count = options.count;
  }

  /** Who is watched; once, before anything happens. */
  setNodes(nodes: readonly WatchedNode[]): void {
    this.#world = { ...this.#world, nodes };
  }

  count(counter: Counter): void {
    this.#count(counter);
  }

  /** Whether the state of `id` is not what the log leads to. */
  isWrong(id: NodeId): boolean {
    return this.#world.nodes.some((node) => node.id === id && node.wrong);
  }

  trace(node: number, sign: string, detail: string): void {
    this.#trace.add({ at: this.#world.now(), node, sign, detail });
  }

  /** A logger whose warnings and errors stand in the trace. */
  logger(node: number): Logger {
    const line = (message: string, fields: unknown = {}): void => {
      this.trace(node, 'lg', `${message} ${JSON.stringify(fields)}`);
    };
    return { ...silentLogger, info: line, warn: line, error: line, child: () => this.logger(node) };
  }

  /**
   * Runs `tell` at the true time of what it tells: a process that waited for its disk within an
   * event is ahead of the others, and if it dies before they catch up, it never came that far.
   */
  when(node: SimulatedNode, tell: () => void): void {
    const { life } = node;
    if (life === null || life.time <= this.#events.now) {
      tell();
      return;
    }
    this.#events.at(life.time, null, () => {
      if (life.alive) tell();
    });
  }

  /**
   * The effects of this node's core were just carried out: its log is what `handed` says. Between
   * two such moments a core may know more than it has said.
   */
  onDrained(node: SimulatedNode): void {
    const { replica, watched } = node;
    if (replica === null) return;
    if (watched.core?.role === 'leader') this.#onTurn(node, replica);
    if (!this.#mayHaveChanged(watched, replica)) return;
    const owed = replica.outstanding;
    const core = replica.raft.status();
    this.when(node, () => {
      watched.owed = owed;
      this.#onCore(watched, core);
    });
  }

  #onTurn(node: SimulatedNode, replica: Replica): void {
    const core = glance(replica);
    this.when(node, () => {
      for (const onTurn of this.#hooks.onTurn) onTurn(this.#world, node.watched, core);
    });
  }

  /** Cheap, and right about everything but `recovering` and the end of the log, which may lag. */
  #mayHaveChanged({ core, number }: WatchedNode, { raft, leadership }: Replica): boolean {
    this.#looks[number] = ((this.#looks[number] ?? 0) + 1) % LOOK_EVERY;
    return (
      core === null ||
      this.#looks[number] === 0 ||
      raft.commit !== core.commit ||
      raft.currentTerm !== core.term ||
      raft.config !== core.config ||
      leadership.role !== core.role ||
      leadership.leader !== core.leader
    );
  }

  #onCore(watched: WatchedNode, after: CoreView): void {
    const before = watched.core;
    if (before !== null && isSame(before, after)) return;
    watched.core = after;
    this.#noteChange(watched, before, after);
    const change: CoreChange = { before, after };
    for (const onCore of this.#hooks.onCore) onCore(this.#world, watched, change);
  }

  onWrite(node: SimulatedNode, write: Write): void {
    const { watched } = node;
    const core = node.replica === null ? null : glance(node.replica);
    this.when(node, () => {
      this.#onHanded(watched, { write, core });
    });
  }

  #onHanded(watched: WatchedNode, handing: Handing): void {
    const { write } = handing;
    for (const onWrite of this.#hooks.onWrite) onWrite(this.#world, watched, handing);
    const first = write.entries[0];
    if (first !== undefined && first.index <= watched.handed.last) this.count('conflictsTruncated');
    if (write.compacted !== null) this.count('compactions');
    watched.handed.apply(write);
    watched.pending.push(write);
  }

  onDurable(node: SimulatedNode, write: Write): void {
    const { watched } = node;
    this.when(node, () => {
      watched.durable.apply(write);
      const at = watched.pending.indexOf(write);
      watched.pending.splice(0, at + 1);
      for (const onDurable of this.#hooks.onDurable) onDurable(this.#world, watched, write);
    });
  }

  onApply(node: SimulatedNode, range: Omit<AppliedRange, 'after'>): void {
    const { watched } = node;
    this.when(node, () => {
      const applied = { ...range, after: watched.applied };
      for (const onApply of this.#hooks.onApply) onApply(this.#world, watched, applied);
      watched.applied = range.through;
      const hash = node.machine?.pinned(range.through) ?? null;
      if (hash !== null) this.pins.onPinned(watched, range.through, hash);
    });
  }

  onRestart(node: WatchedNode, restart: Restart): void {
    for (const onRestart of this.#hooks.onRestart) onRestart(this.#world, node, restart);
  }

  onSent(node: SimulatedNode, packet: Packet): void {
    if (packet.kind !== 'raft') return;
    const { message } = packet;
    this.when(node, () => {
      for (const onSend of this.#hooks.onSend) onSend(this.#world, node.watched, message);
    });
    if (message.kind === 'pre-vote-reply' && !message.granted) this.count('preVotesRefused');
    if (message.kind === 'vote-reply' && !message.granted) this.count('votesRefused');
  }

  onDelivered(node: number, from: NodeId, packet: Packet): void {
    const watched = this.#world.nodes[node];
    if (packet.kind === 'raft' && watched !== undefined) {
      for (const onReceive of this.#hooks.onReceive)
        onReceive(this.#world, watched, packet.message);
    }
    const key = packet.kind === 'raft' ? keyOf(packet.message) : packet.kind.length;
    this.#trace.add(
      { at: this.#world.now(), node, sign: '<-', detail: () => `${from} ${describe(packet)}` },
      key,
    );
  }

  #noteChange(node: WatchedNode, before: CoreView | null, after: CoreView): void {
    if (before?.role !== after.role || before.term !== after.term) {
      this.#trace.add({
        at: this.#world.now(),
        node: node.number,
        sign: signOfRole[after.role],
        detail: `term ${after.term}, log to ${after.last}, commit ${after.commit}`,
      });
      if (after.role === 'leader' && before?.role !== 'leader') this.count('elections');
    }
    if (before === null) return;
    if (before.recovering && !after.recovering) this.count('recoveringExits');
    if (before.config !== after.config) this.#noteConfig(node, before.config, after.config);
  }

  #noteConfig(node: WatchedNode, before: Config, after: Config): void {
    this.trace(node.number, 'cf', `${after.voters.join(' ')} | ${after.votersOutgoing.join(' ')}`);
    if (after.votersOutgoing.length > 0) this.count('jointConfigurations');
    if (after.voters.some((id) => before.learners.includes(id))) this.count('learnersPromoted');
  }
}

const signOfRole: Record<CoreView['role'], string> = {
  follower: 'F ',
  'pre-candidate': 'P ',
  candidate: 'C ',
  leader: 'L ',
  learner: 'N ',
};

function glance({ raft }: Replica): CoreGlance {
  return { role: raft.role, term: raft.currentTerm, commit: raft.commit, config: raft.config };
}

function isSame(left: CoreView, right: CoreView): boolean {
  return (
    left.commit === right.commit &&
    left.last === right.last &&
    left.role === right.role &&
    left.term === right.term &&
    left.leader === right.leader &&
    left.first === right.first &&
    left.recovering === right.recovering &&
    left.config === right.config
  );
}

function keyOf(message: Message): number {
  return fold(hashText(message.kind), message.term);
}

function describe(packet: Packet): string {
  if (packet.kind !== 'raft') return packet.kind;
  const { message } = packet;
  const { kind, term } = message;
  switch (message.kind) {
    case 'append': {
      const { previous, entries, commit } = message;
      const from = `(${previous.term},${previous.index})`;
      return `append t${term} after ${from} +${entries.length} commit ${commit}`;
    }
    case 'append-reply':
      return `append-reply t${term} ${message.hint === null ? 'ok' : 'no'} ${message.index}`;
    case 'vote':
    case 'pre-vote':
      return `${kind} t${term} last (${message.last.term},${message.last.index})`;
    case 'vote-reply':
    case 'pre-vote-reply':
      return `${kind} t${term} ${message.granted ? 'yes' : 'no'}`;
    default:
      return `${kind} t${term}`;
  }
}
