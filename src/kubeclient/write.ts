/**
 * Writing without races: read, change a copy, write only when something differs, and on a conflict
 * read again. The change is a function, because it may have to be made again on a newer object.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, ObjectKey, ResourceDefinition } from '#kube/index.ts';
import type { KubeClient } from './client.ts';
import { isKubeError, KubeClientError } from './errors.ts';

/** How often a write is repeated after conflicts. */
const conflictsMax = 8;

export type WriteOutcome = 'created' | 'updated' | 'unchanged';

export interface Written<T> {
  readonly object: T;
  readonly outcome: WriteOutcome;
}

export type WritingClient = Pick<KubeClient, 'create' | 'find' | 'update' | 'updateStatus'>;

/**
 * Brings the object named `key` to the state `shape` describes, creating it if need be.
 * @param shape given a private copy of the existing object (or undefined), returns what it should
 *   be, or undefined to leave the world as it is; may throw to refuse
 * @param known the object as the caller's cache has it, which saves a read when it is current
 * @returns undefined when `shape` wanted nothing
 * @throws KubeClientError KUBE_CONFLICT after many conflicts in a row; what `shape` throws
 */
export async function createOrUpdate<T extends KubeObject>(
  client: WritingClient,
  of: ResourceDefinition<T>,
  key: ObjectKey,
  shape: (existing: T | undefined) => T | undefined,
  known?: T,
): Promise<Written<T> | undefined> {
  let existing = known ?? (await client.find(of, key));
  for (let conflicts = 0; ; conflicts++) {
    const wanted = shape(existing === undefined ? undefined : structuredClone(existing));
    if (wanted === undefined) return undefined;
    if (existing !== undefined && isDeepStrictEqual(wanted, existing)) {
      return { object: existing, outcome: 'unchanged' };
    }
    try {
      return existing === undefined
        ? { object: await client.create(of, wanted), outcome: 'created' }
        : { object: await client.update(of, wanted), outcome: 'updated' };
    } catch (thrown) {
      if (conflicts >= conflictsMax || !isRace(thrown)) throw thrown;
    }
    existing = await client.find(of, key);
  }
}

/**
 * Changes the status of an object that exists.
 * @param change given a private copy, returns it with the status it should have
 * @returns undefined when the object is gone
 */
export async function updateStatus<T extends KubeObject>(
  client: WritingClient,
  of: ResourceDefinition<T>,
  object: T,
  change: (copy: T) => T,
): Promise<Written<T> | undefined> {
  let existing: T | undefined = object;
  for (let conflicts = 0; existing !== undefined; conflicts++) {
    const wanted = change(structuredClone(existing));
    if (isDeepStrictEqual(wanted, existing)) return { object: existing, outcome: 'unchanged' };
    try {
      return { object: await client.updateStatus(of, wanted), outcome: 'updated' };
    } catch (thrown) {
      if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return undefined;
      if (conflicts >= conflictsMax || !isRace(thrown)) throw thrown;
    }
    const fresh: T | undefined = await client.find(of, {
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
    });
    // A successor of the same name is another object; its own run will see to its status.
    existing = fresh?.metadata.uid === object.metadata.uid ? fresh : undefined;
  }
  return undefined;
}

/** Somebody else was faster: reading again helps. */
function isRace(thrown: unknown): boolean {
  return (
    thrown instanceof KubeClientError &&
    (thrown.code === 'KUBE_CONFLICT' ||
      thrown.code === 'KUBE_ALREADY_EXISTS' ||
      thrown.code === 'KUBE_NOT_FOUND')
  );
}
