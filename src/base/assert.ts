/**
 * Assertions are for our own bugs. The smallest owner that can be thrown away whole catches them:
 * a connection is dropped and counted; shared tables end the process.
 */

/** Thrown when something that must hold does not. Never caused by input. */
export class AssertionFault extends Error {
  override readonly name = 'AssertionFault';
}

/** @throws AssertionFault when `condition` is false. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionFault(what);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never, what: string): never {
  throw new AssertionFault(`${what}: ${String(value)}`);
}

/** The value, which must be there. */
export function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AssertionFault(what);
  return value;
}
