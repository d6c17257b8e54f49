/** The middle of some values, the mean of the two middle ones when they are even; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  return high === undefined || low === undefined ? null : (low + high) / 2;
}

/** Median of what `read` finds in each, leaving out what is unknown. */
export function medianOf<T>(
  samples: readonly T[],
  read: (sample: T) => number | null | undefined,
): number | null {
  return median(samples.map(read).filter((value) => value !== null && value !== undefined));
}
