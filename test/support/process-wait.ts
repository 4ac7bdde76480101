/** `until` for whole processes: a generous deadline, and their output in the message of a failure. */
import assert from 'node:assert/strict';
import { messageOf } from '#base/errors.ts';
import { until } from './until.ts';

/** Generous, because test machines are slow and shared; milliseconds. */
export const deadlineMsDefault = 60_000;

export interface WaitOptions {
  readonly deadlineMs?: number;
  /** State of the world for the message of a failure. */
  readonly describe?: () => string;
}

/** Calls `look` until it returns something other than undefined and false. */
export async function waitUntil<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions = {},
): Promise<T> {
  try {
    return await until(look, what, options.deadlineMs ?? deadlineMsDefault);
  } catch (thrown) {
    return assert.fail(`${messageOf(thrown)}\n${options.describe?.() ?? ''}`);
  }
}
