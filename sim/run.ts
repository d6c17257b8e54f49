/**
 * One run: a cluster, its clients and a plan. First safety: whatever happens, no invariant breaks.
 * Then everything is healed, and liveness: the cluster must recover by itself, serve everyone, and
 * agree to the last byte.
 */
import { AssertionError } from '../src/base/assert.ts';
import { Cluster } from './cluster.ts';
import type { Coverage } from './counters.ts';
import { banNondeterminism } from './globals.ts';
import { requireConvergence, requireStability, settledTerm } from './invariants/convergence.ts';
import { requireExactlyOnce } from './invariants/exactly-once.ts';
import { requireLinearizable } from './invariants/linearizable.ts';
import type { MachineKind } from './machine-kind.ts';
import type { Mutation } from './mutations.ts';
import { Nemesis } from './nemesis.ts';
import type { Plan } from './plan.ts';
import type { TraceEvent } from './trace.ts';
import { Violation } from './watch.ts';
import { Workload } from './workload.ts';

/** Events after which a run is a livelock. */
const EVENTS_MAX = 3_000_000;

/** Events shown with a failure. */
const SHOWN = 200;

/** What came of a run. */
export interface Report {
  readonly plan: Plan;
  /** Null: all invariants held. */
  readonly failure: Failure | null;
  readonly hash: string;
  /** Virtual milliseconds. */
  readonly ranMs: number;
  readonly events: number;
  readonly coverage: Coverage;
  readonly operations: { readonly ok: number; readonly failed: number; readonly unknown: number };
  /** Keys, and those the linearizability search gave up on. */
  readonly keys: number;
  readonly keysUnknown: number;
  /** No majority was left with whole disks: liveness was not asked for. */
  readonly unavailable: boolean;
}

/** Why a run ended early. */
export interface Failure {
  /** Such as `I1`; `crash` for an assertion or exception of the code under test. */
  readonly invariant: string;
  readonly message: string;
  readonly at: number;
  readonly last: readonly TraceEvent[];
}

/** How a run is made. */
export interface RunOptions {
  readonly mutation?: Mutation | null;
  readonly kind?: MachineKind;
  readonly listener?: (event: TraceEvent) => void;
}

/** Runs a plan. Never throws for what the code under test does. */
export function run(plan: Plan, options: RunOptions = {}): Report {
  const ban = banNondeterminism();
  try {
    return new Run(plan, options).go();
  } finally {
    ban.lift();
  }
}

class Run {
  readonly #plan: Plan;
  readonly #cluster: Cluster;
  readonly #workload: Workload;
  readonly #nemesis: Nemesis;
  #keys = 0;
  #keysUnknown = 0;
  #unavailable = false;

  constructor(plan: Plan, options: RunOptions) {
    const { mutation = null, kind } = options;
    this.#plan = plan;
    this.#cluster = new Cluster({
      seed: plan.seed,
      setup: plan.setup,
      mutation,
      ...(kind === undefined ? {} : { kind }),
    });
    this.#cluster.trail.listener = options.listener ?? null;
    this.#workload = new Workload(this.#cluster);
    this.#nemesis = new Nemesis(this.#cluster);
  }

  go(): Report {
    let failure: Failure | null = null;
    try {
      this.#safety();
      this.#liveness();
      this.#judge();
    } catch (error) {
      failure = this.#failureOf(error);
    }
    const { trail, events, coverage } = this.#cluster;
    return {
      plan: this.#plan,
      failure,
      hash: trail.hash,
      ranMs: events.now,
      events: events.count,
      coverage,
      operations: { ...this.#workload.history.counts },
      keys: this.#keys,
      keysUnknown: this.#keysUnknown,
      unavailable: this.#unavailable,
    };
  }

  #safety(): void {
    const { nodes, setup } = this.#cluster;
    for (const node of nodes) if (node.number < setup.nodes) this.#cluster.boot(node);
    this.#workload.start();
    this.#nemesis.schedule(this.#plan.faults);
    this.#until(setup.safetyMs);
  }

  #liveness(): void {
    const { events, setup } = this.#cluster;
    this.#cluster.trace(-1, '**', 'everything is healed');
    this.#nemesis.heal();
    const end = events.now + setup.livenessMs;
    // Clients go on for a while: a cluster that is well serves them, under one leader.
    this.#until(events.now + setup.livenessMs / 4);
    const before = settledTerm(this.#cluster);
    this.#until(events.now + setup.livenessMs / 4);
    requireStability(this.#cluster, before);
    this.#workload.stop();
    while (events.now < end) {
      this.#until(Math.min(end, events.now + 250));
      if (requireConvergence(this.#cluster, this.#workload, false) === null) break;
    }
    const missing = requireConvergence(this.#cluster, this.#workload, true);
    this.#unavailable = missing === 'unavailable';
  }

  #judge(): void {
    const { truth, kind } = this.#cluster;
    const { history } = this.#workload;
    const log = {
      last: truth.commit,
      at: (index: number) => {
        const entry = truth.applied.get(index);
        return entry === undefined ? null : kind.decode(entry.data);
      },
    };
    const { model, keys, unknown } = requireLinearizable(history, log);
    this.#keys = keys;
    this.#keysUnknown = unknown;
    requireExactlyOnce(history, model);
    if (this.#unavailable) return;
    // A node that was put out without learning of it still counts itself in; the leader knows.
    const { nodes, watch } = this.#cluster;
    const members = this.#cluster.leader()?.watched.core?.config.members ?? [];
    for (const { id, watched, machine, retired } of nodes) {
      const isMember = members.some((member) => member.id === id);
      if (machine !== null && !retired && isMember) watch.states.requireRight(watched, machine);
    }
  }

  #until(time: number): void {
    const { events } = this.#cluster;
    while (events.nextAt <= time) {
      if (!events.step()) return;
      if (events.count > EVENTS_MAX) {
        throw new Violation('I13', `${EVENTS_MAX} events in ${events.now} ms: nothing gets done`);
      }
    }
    events.now = Math.max(events.now, time);
  }

  #failureOf(error: unknown): Failure {
    const { events, trail } = this.#cluster;
    const known = error instanceof Violation ? error.invariant : 'crash';
    const isOurs = error instanceof Violation || error instanceof AssertionError;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = isOurs && known !== 'crash' ? error.message : stack;
    return { invariant: known, message, at: events.now, last: trail.last(SHOWN) };
  }
}
