/**
 * Fails when `condition` does not hold: a programmer error, never an operating one.
 *
 * Stays on in production. The message is built only when needed and carries the numbers.
 *
 * @throws {AssertionError} when `condition` is false
 */
export function assert(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new AssertionError(message());
}

/** Returns `value`, which an invariant says is there. Fails an assertion when it is not. */
export function must<T>(value: T | null | undefined, message: () => string): T {
  if (value === null || value === undefined) throw new AssertionError(message());
  return value;
}

/** Marks the arm of a `switch` that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`Reached an impossible case: ${JSON.stringify(value)}`);
}

/** A broken invariant of our own. The process must stop: its state can no longer be trusted. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
