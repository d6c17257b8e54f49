import type { NodeId } from '../../src/base/ids.ts';
import type { Verified } from '../../src/db/verify.ts';
import type { Index } from '../../src/raft/entry.ts';
import { Violation, type WatchedNode } from '../watch.ts';

/** What nodes held at the place of a checksum entry when they applied it. */
export class Pins {
  readonly #hashes = new Map<Index, Map<NodeId, string>>();

  /** `node` applied a checksum entry: nodes whose state is right hold the same there. */
  onPinned(node: WatchedNode, index: Index, hash: string): void {
    const known = this.#hashes.get(index) ?? new Map<NodeId, string>();
    this.#hashes.set(index, known);
    const right = known.get('');
    if (!node.wrong && right !== undefined && right !== hash) {
      throw new Violation('I16', `${node.id} has other content than others at ${index}`);
    }
    if (!node.wrong) known.set('', hash);
    known.set(node.id, hash);
  }

  /**
   * I16: a comparison says of every member what it held at that index, and nothing of one that did
   * not run or knows its state to be wrong. `silent` are those of the whole time.
   */
  require({ index, nodes }: Verified, silent: ReadonlySet<NodeId>): void {
    const known = this.#hashes.get(index);
    for (const { id, hash, error } of nodes) {
      if (hash === null) {
        if (error === null || error === '') {
          throw new Violation(
            'I16',
            `Nothing is said of ${id} at ${index}, and no reason is given`,
          );
        }
        continue;
      }
      if (silent.has(id)) {
        throw new Violation('I16', `${id} cannot have answered, and is said to hold ${hash}`);
      }
      if (known?.get(id) === hash) continue;
      throw new Violation(
        'I16',
        `${id} is said to hold ${hash} at ${index}, and held ${String(known?.get(id))}`,
      );
    }
  }
}
