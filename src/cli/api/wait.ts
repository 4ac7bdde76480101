/** Waiting for an object to reach a state: short polls until a deadline. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import type { Session } from './session.ts';
import { statusOf } from './status.ts';

const pollMs = 200;

export interface WaitOutcome<T> {
  /** True when the state was reached before the deadline. */
  readonly reached: boolean;
  /** As last seen; undefined when it is gone. */
  readonly object: T | undefined;
}

/**
 * Looks at an object until `reached` holds or `timeoutMs` have passed.
 * @param reached called with undefined when the object does not exist
 */
export async function waitFor<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  name: string,
  timeoutMs: number,
  reached: (object: T | undefined) => boolean,
): Promise<WaitOutcome<T>> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const object = await session.client.find(of, { namespace: session.namespace, name });
    if (reached(object)) return { reached: true, object };
    if (performance.now() + pollMs > deadlineMs) return { reached: false, object };
    const state = statusOf(object).message ?? 'no status yet';
    session.progress.say(`waiting: ${of.kind} "${name}": ${state}`);
    await pause(pollMs);
  }
}
