/** A misspelling is at most this many edits away from what was meant. */
const EDITS_MAX = 3;

/** The candidate that `name` is most likely a misspelling of; null when none is close. */
export function nearest(name: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestEdits = Math.min(EDITS_MAX, Math.floor(name.length / 2)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name, candidate);
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let edits = Math.min(
        at(above, column) + 1,
        at(current, column - 1) + 1,
        at(above, column - 1) + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) edits = Math.min(edits, at(before, column - 2) + 1);
      current.push(edits);
    }
    [before, above] = [above, current];
  }
  return at(above, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.MAX_SAFE_INTEGER;
}
