import type { NodeId } from '../src/base/ids.ts';
import type { Packet } from '../src/peer/transport.ts';
import { type Coverage, type Counter, noCoverage } from './counters.ts';
import { Events } from './events.ts';
import { stepInvariants } from './invariants/all.ts';
import { leaseExclusion } from './invariants/lease-exclusion.ts';
import { WrongStates } from './invariants/wrong-state.ts';
import type { Life } from './life.ts';
import { type MachineKind, modelKind } from './machine-kind.ts';
import type { Mutation } from './mutations.ts';
import { Network } from './network.ts';
import { addressOf, SimulatedNode } from './node.ts';
import { Oracle } from './oracle.ts';
import type { Setup } from './plan.ts';
import { Chance } from './random.ts';
import { Trace } from './trace.ts';
import { Truth } from './truth.ts';
import { Violation } from './watch.ts';
import { Watch } from './watching.ts';
import { Weather } from './weather.ts';

/** How long a supervisor waits before it starts a process again that ended by itself. */
const RESTART_MS = 700;

/** Starts in a row that may fail while nothing is wrong with the disk. */
const FAILED_STARTS_MAX = 3;

/** A cluster in a simulated world. */
export class Cluster {
  readonly events: Events = new Events();
  readonly chance: Chance;
  readonly setup: Setup;
  readonly kind: MachineKind;
  readonly weather: Weather = new Weather();
  readonly trail: Trace = new Trace();
  readonly truth: Truth = new Truth();
  readonly coverage: Coverage = noCoverage();
  readonly network: Network;
  readonly nodes: readonly SimulatedNode[];
  readonly watch: Watch;
  readonly #failedStarts = new Map<number, number>();

  constructor(options: {
    readonly seed: number;
    readonly setup: Setup;
    readonly mutation: Mutation | null;
    readonly kind?: MachineKind;
  }) {
    const { setup, mutation } = options;
    this.chance = new Chance(options.seed);
    this.setup = setup;
    this.kind = options.kind ?? modelKind;
    this.weather.delayMsMin = setup.delayMsMin;
    this.weather.delayMsMean = setup.delayMsMean;
    this.network = new Network({
      events: this.events,
      chance: this.chance,
      weather: this.weather,
      observer: {
        onSent: (from, _to, packet) => {
          this.#onSent(from, packet);
        },
        onDelivered: (to, from, packet) => {
          this.watch.onDelivered(to.node, from, packet);
        },
        onLink: (what, from, to) => {
          this.#onLink(what, from, to);
        },
      },
    });
    const nodes: SimulatedNode[] = [];
    this.nodes = nodes;
    this.watch = new Watch({
      world: {
        nodes: [],
        truth: this.truth,
        electionTimeoutMs: setup.electionTimeoutMs,
        now: () => this.events.now,
      },
      invariants: [...stepInvariants(), leaseExclusion(this)],
      states: new WrongStates({
        oracle: new Oracle({ truth: this.truth, kind: this.kind, keys: setup.keys }),
        nodes: () => nodes.map(({ watched }) => watched),
        count: this.count,
      }),
      trace: this.trail,
      events: this.events,
      count: this.count,
    });
    const { events, chance, network, kind, watch, count, trace } = this;
    const around = { events, chance, network, setup, kind, watch, mutation, count, trace };
    const founders = Array.from({ length: setup.nodes }, (_, number) => addressOf(number));
    for (let number = 0; number < setup.nodes + setup.spares; number++) {
      const expect = number < setup.nodes ? setup.nodes : 0;
      const join = expect === 1 ? [] : founders;
      const node = new SimulatedNode(around, { number, join, expect: expect === 1 ? 0 : expect });
      node.onEnding = ({ code }) => {
        this.#onEnding(node, code);
      };
      nodes.push(node);
    }
    this.watch.setNodes(nodes.map(({ watched }) => watched));
  }

  readonly count = (counter: Counter): void => {
    this.coverage[counter]++;
  };

  readonly trace = (node: number, sign: string, detail: string): void => {
    this.trail.add({ at: this.events.now, node, sign, detail });
  };

  /** Starts a node's process, now or, as supervisors do, again when it does not come up. */
  boot(node: SimulatedNode): void {
    if (node.life !== null || node.retired) return;
    const ending = node.start();
    if (ending === null) {
      this.#failedStarts.delete(node.number);
      return;
    }
    this.trace(node.number, 'no', `${ending.code}: ${ending.message}`);
    this.count('refusedStarts');
    const failures = (this.#failedStarts.get(node.number) ?? 0) + 1;
    this.#failedStarts.set(node.number, failures);
    const { full } = node.disk.condition;
    // Several EIOs of the plan may meet several starts; nothing else may stop one.
    const failuresMax = ending.code === 'disk' ? 4 * FAILED_STARTS_MAX : FAILED_STARTS_MAX;
    if (node.watched.tainted) node.retired = true;
    else if (failures >= failuresMax && !full) {
      throw new Violation(
        'L1',
        `${node.id} does not start after crashes alone: ${ending.code}: ${ending.message}`,
      );
    } else this.bootLater(node, RESTART_MS);
  }

  bootLater(node: SimulatedNode, afterMs: number): void {
    this.events.at(this.events.now + afterMs, null, () => {
      this.boot(node);
    });
  }

  /** Whether a fault beyond crashes touched a disk. */
  get isSpoiled(): boolean {
    return this.nodes.some(({ watched }) => watched.tainted);
  }

  /** The node that leads with the highest term; null when none does. */
  leader(): SimulatedNode | null {
    let leader: SimulatedNode | null = null;
    for (const node of this.nodes) {
      const { core } = node.watched;
      if (core?.role !== 'leader' || node.life === null) continue;
      if (leader === null || core.term > (leader.watched.core?.term ?? 0)) leader = node;
    }
    return leader;
  }

  #onEnding(node: SimulatedNode, code: string): void {
    if (code === 'wrong-incarnation' || code === 'not-member') {
      this.count('refusedIdentities');
      node.retired = true;
      return;
    }
    if (code === 'disk' || code === 'disk-full') this.count('diskFailures');
    this.bootLater(node, RESTART_MS);
  }

  #onSent(from: Life, packet: Packet): void {
    const node = this.nodes[from.node];
    if (node === undefined || node.life !== from) return;
    this.watch.onSent(node, packet);
  }

  #onLink(what: 'connected' | 'disconnected' | 'refused', from: Life, to: NodeId): void {
    this.trace(from.node, what === 'connected' ? '++' : what === 'refused' ? '!!' : '--', to);
  }
}
