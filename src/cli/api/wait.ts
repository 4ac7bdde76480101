/** Waiting for an object to reach a state: short polls until a deadline. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import type { Session } from './session.ts';
import { statusOf } from './status.ts';

const pollMs = 200;
/** Waiting for longer than this is commented on; milliseconds. */
const silentMs = 1000;

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
  const startMs = performance.now();
  const deadlineMs = startMs + timeoutMs;
  let told = '';
  for (;;) {
    const object = await session.client.find(of, { namespace: session.namespace, name });
    if (reached(object)) return { reached: true, object };
    if (performance.now() + pollMs > deadlineMs) return { reached: false, object };
    const line = `waiting: ${of.kind} "${name}": ${statusOf(object).message ?? 'no status yet'}`;
    if (line !== told && performance.now() - startMs > silentMs) {
      session.comment(line);
      told = line;
    }
    await pause(pollMs);
  }
}
