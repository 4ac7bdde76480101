/** Waits for a condition instead of sleeping. */
import assert from 'node:assert/strict';

/**
 * Resolves with the first value of `read` that is neither undefined nor false.
 * Errors thrown by `read` count as "not yet"; the last one is shown when the deadline passes.
 */
export async function until<T>(
  read: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  deadlineMs = 10_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const value = await read();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (thrown) {
      last = thrown;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  return assert.fail(`${what}: not within ${deadlineMs} ms (last: ${String(last)})`);
}
