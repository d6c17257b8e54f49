/**
 * Makes a failing plan small enough to read: fewer faults (ddmin, Zeller and Hildebrandt 2002), a
 * shorter run, fewer clients, no spare nodes. Decisions are counter-based, so that what is left
 * behaves as before; a smaller plan counts when it breaks the same invariant.
 */
import type { Fault, Plan, Setup } from './plan.ts';
import { type Report, run, type RunOptions } from './run.ts';

/** How a plan became smaller. */
export interface Shrunk {
  readonly plan: Plan;
  readonly report: Report;
  readonly runs: number;
}

/** Shrinks `plan`, which breaks an invariant, within `runsMax` runs. */
export function shrink(plan: Plan, options: RunOptions = {}, runsMax = 300): Shrunk {
  return new Shrinker(plan, options, runsMax).go();
}

class Shrinker {
  readonly #options: RunOptions;
  readonly #runsMax: number;
  readonly #kind: string;
  #plan: Plan;
  #report: Report;
  #runs = 1;

  constructor(plan: Plan, options: RunOptions, runsMax: number) {
    this.#plan = plan;
    this.#options = options;
    this.#runsMax = runsMax;
    this.#report = run(plan, options);
    this.#kind = kindOf(this.#report);
  }

  go(): Shrunk {
    if (this.#report.failure !== null) {
      this.#cutEnd();
      this.#dropFaults();
      this.#simplify();
      this.#dropFaults();
    }
    return { plan: this.#plan, report: this.#report, runs: this.#runs };
  }

  /** Nothing after the failure matters, unless the failure is that nothing happens. */
  #cutEnd(): void {
    const at = Math.ceil(this.#report.failure?.at ?? 0);
    const { setup, faults } = this.#plan;
    if (at < setup.safetyMs) {
      this.#accept({
        ...this.#plan,
        setup: { ...setup, safetyMs: at + 1 },
        faults: faults.filter((fault) => fault.at <= at),
      });
    }
  }

  #dropFaults(): void {
    let parts = 2;
    while (this.#plan.faults.length > 0 && this.#runs < this.#runsMax) {
      const { faults } = this.#plan;
      const size = Math.max(1, Math.ceil(faults.length / parts));
      const smaller = chunks(faults, size).find((chunk) =>
        this.#accept({ ...this.#plan, faults: faults.filter((fault) => !chunk.includes(fault)) }),
      );
      if (smaller !== undefined) parts = Math.max(2, parts - 1);
      else if (size === 1) return;
      else parts = Math.min(faults.length, parts * 2);
    }
  }

  #simplify(): void {
    const { setup } = this.#plan;
    const wishes: Partial<Setup>[] = [
      { clients: 1 },
      { clients: 2 },
      { keys: 1 },
      { spares: 0 },
      { nodes: 3 },
      { nodes: setup.nodes - 1 },
      { applyDelayMs: 0 },
      { applyMs: 0.05 },
      { syncMs: 0.1 },
      { thinkMs: 400 },
    ];
    for (const wish of wishes) {
      this.#accept({ ...this.#plan, setup: { ...this.#plan.setup, ...wish } });
    }
  }

  #accept(plan: Plan): boolean {
    if (this.#runs >= this.#runsMax || plan.setup.nodes < 1) return false;
    this.#runs++;
    const report = run(plan, this.#options);
    if (kindOf(report) !== this.#kind) return false;
    this.#plan = plan;
    this.#report = report;
    return true;
  }
}

/** What broke, without nodes, numbers and contents: a smaller plan breaks it elsewhere. */
function kindOf({ failure }: Report): string {
  if (failure === null) return 'none';
  const [line = ''] = failure.message.split('\n');
  const [told = ''] = line.split(/[[{]/);
  return `${failure.invariant} ${told.replaceAll(/\b[a-z]?\d+\b/g, '#')}`;
}

function chunks(faults: readonly Fault[], size: number): Fault[][] {
  const parts: Fault[][] = [];
  for (let at = 0; at < faults.length; at += size) parts.push(faults.slice(at, at + size));
  return parts;
}
