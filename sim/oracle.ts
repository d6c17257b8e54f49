import type { Index } from '../src/raft/entry.ts';
import type { MachineKind, SimulatedMachine } from './machine-kind.ts';
import { Model, type Op, sameResult } from './model.ts';
import type { Truth } from './truth.ts';

/** The state that the one log leads to, to hold machines against. */
export class Oracle {
  readonly #truth: Truth;
  readonly #kind: MachineKind;
  readonly #questions: readonly Op[];
  #model = new Model();
  #at: Index = 0;

  constructor(options: {
    readonly truth: Truth;
    readonly kind: MachineKind;
    /** How many keys clients use. */
    readonly keys: number;
  }) {
    this.#truth = options.truth;
    this.#kind = options.kind;
    const keys = Array.from({ length: options.keys }, (_, key) => `k${key}`);
    this.#questions = [
      ...keys.flatMap((key): Op[] => [
        { kind: 'read', key },
        { kind: 'list', key },
      ]),
      { kind: 'count' },
      { kind: 'total' },
    ];
  }

  /** What `machine` gets wrong: an answer, or what it says of its results; null when nothing. */
  faultOf(machine: SimulatedMachine): string | null {
    const { applied } = machine;
    const model = this.#modelAt(applied);
    for (const question of this.#questions) {
      const expected = model.run(question);
      const said = machine.answer(question);
      if (sameResult(expected, said)) continue;
      const asked = JSON.stringify(question);
      return `${asked} gives ${JSON.stringify(said)} instead of ${JSON.stringify(expected)}`;
    }
    const digest = this.#digestAt(applied);
    return digest === null || digest === machine.digest ? null : 'its digest is another';
  }

  #modelAt(index: Index): Model {
    if (index < this.#at) {
      this.#model = new Model();
      this.#at = 0;
    }
    while (this.#at < index) {
      const entry = this.#truth.applied.get(++this.#at);
      const op = entry === undefined ? null : this.#kind.decode(entry.data);
      if (op !== null) this.#model.run(op);
    }
    return this.#model;
  }

  /** The digest of right results up to `index`; null when nobody right has told one. */
  #digestAt(index: Index): number | null {
    for (let at = index; at > 0; at--) {
      if (this.#truth.applied.has(at)) return this.#truth.digests.get(at) ?? null;
    }
    return null;
  }
}
