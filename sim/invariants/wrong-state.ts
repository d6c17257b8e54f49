import type { Config } from '../../src/raft/config.ts';
import type { Index } from '../../src/raft/entry.ts';
import type { Counter } from '../counters.ts';
import type { SimulatedMachine } from '../machine-kind.ts';
import type { Oracle } from '../oracle.ts';
import { type Invariant, Violation, type WatchedNode, type World } from '../watch.ts';

/**
 * I15: what is promised when the state of one node is silently another than the log leads to.
 *
 * Until a majority contradicts it, such a node does not know, and may answer from it (those answers
 * are not judged). Once it was told:
 * - it answers no read from that state, and does not lead, however often it starts again;
 * - its state is replaced by one that is right, and not by an older one than it has shown;
 * - a node that is right is never told, so that nobody right takes over what a single node holds.
 *
 * The promise is a majority's. Before anybody is told, a wrong leader may give a copy to a node
 * that needs one; where too few right voters are left by that, or by changes of membership, it is
 * void for the rest of the run.
 */
export class WrongStates implements Invariant {
  readonly id = 'I15';
  readonly #oracle: Oracle;
  readonly #nodes: () => readonly WatchedNode[];
  readonly #count: (counter: Counter) => void;
  #config: Config | null = null;
  #commit: Index = 0;
  #any = false;
  #void = false;

  constructor(options: {
    readonly oracle: Oracle;
    readonly nodes: () => readonly WatchedNode[];
    readonly count: (counter: Counter) => void;
  }) {
    this.#oracle = options.oracle;
    this.#nodes = options.nodes;
    this.#count = options.count;
  }

  /** No majority of right states was left at some moment. */
  get isVoid(): boolean {
    return this.#void;
  }

  /** The state of `node` was spoiled. */
  onSpoiled(node: WatchedNode): void {
    this.#any = true;
    node.wrong = true;
    node.spoiledAt = node.applied;
    this.#count('statesSpoiled');
    this.#weigh();
  }

  /** `node` wrote down that a majority contradicts it. */
  onTold(node: WatchedNode): void {
    if (node.told) return;
    node.told = true;
    this.#count('divergencesFound');
    if (node.wrong || this.#void) return;
    throw new Violation('I15', `${node.id} is told that its state is wrong, and it is right`);
  }

  /** The state of `node`, which stood at `before`, was replaced by a copy. */
  onReplaced(node: WatchedNode, before: Index, machine: SimulatedMachine): void {
    const fault = this.#any ? this.#oracle.faultOf(machine) : null;
    const { told } = node;
    node.wrong = fault !== null;
    node.told = false;
    node.replaced++;
    this.#weigh();
    if (!told) return;
    this.#count('divergencesRepaired');
    if (this.#void || this.#cannotKnow(node)) return;
    if (fault !== null) throw new Violation('I15', `${node.id} is repaired by a copy: ${fault}`);
    if (machine.applied >= before) return;
    throw new Violation(
      'I15',
      `${node.id} is repaired by a copy at ${machine.applied} and has shown ${before}`,
    );
  }

  /** `node` answered a read from its own state. */
  onServed(node: WatchedNode): void {
    if (!node.told) return;
    throw new Violation('I15', `${node.id} answers a read from a state it knows to be wrong`);
  }

  /** At the end: what every member holds is what the log says, unless nothing could show that. */
  requireRight(node: WatchedNode, machine: SimulatedMachine): void {
    const fault = this.#void || isUnnoticed(node) ? null : this.#oracle.faultOf(machine);
    if (fault !== null) throw new Violation('I15', `${node.id} is healed, and ${fault}`);
  }

  onCore(_world: World, node: WatchedNode, { after }: { readonly after: CoreAfter }): void {
    if (node.told && after.role === 'leader') {
      throw new Violation('I15', `${node.id} leads with a state it knows to be wrong`);
    }
    if (after.commit < this.#commit || after.config === this.#config) return;
    this.#commit = after.commit;
    this.#config = after.config;
    this.#weigh();
  }

  /**
   * Somebody else's state was spoiled and nothing applied since: its digests are still right, and
   * who leads with it gives copies that are wrong until the next entry shows it.
   */
  #cannotKnow(node: WatchedNode): boolean {
    return this.#nodes().some((other) => other !== node && isUnnoticed(other));
  }

  #weigh(): void {
    const wrong = this.#nodes().filter((node) => node.wrong);
    if (wrong.length === 0 || this.#config === null) return;
    const { voters, votersOutgoing } = this.#config;
    const lacks = [voters, votersOutgoing].some(
      (half) =>
        half.length > 0 && 2 * wrong.filter(({ id }) => half.includes(id)).length >= half.length,
    );
    if (lacks) this.#void = true;
  }
}

/** A state was spoiled and nothing applied since: no digest tells. */
export function isUnnoticed({ wrong, told, applied, spoiledAt }: WatchedNode): boolean {
  return wrong && !told && applied <= spoiledAt;
}

type CoreAfter = NonNullable<WatchedNode['core']>;
