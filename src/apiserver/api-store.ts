/** The store as the API uses it: KubeObjects whose revision is metadata.resourceVersion. */
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { KubeObject } from '#kube/index.ts';
import { openStore, type Store, type StoreLimits } from '#store/index.ts';
import { defaultApiServerLimits } from './limits.ts';

/** What lets somebody in is sealed on the disk: Secrets, and kinds that hold one-time codes. */
export const sealedCollections: readonly string[] = [
  'secrets',
  'accessgrants.skupper.io',
  'accesstokens.skupper.io',
];

export interface ApiStoreOptions {
  /** The data directory. Absent: in memory. */
  readonly directory?: string;
  /** The file with the keys of what is sealed; default `secrets.key` in the directory. */
  readonly keyPath?: string;
  readonly limits?: Partial<StoreLimits>;
  /** How long Events are kept after their last change. */
  readonly eventTtlMs?: number;
}

/**
 * Opens the store of an API server.
 * @throws StoreError as `openStore`
 */
export function openApiStore(
  deps: { readonly clock: Clock; readonly logger: Logger },
  options: ApiStoreOptions,
): Promise<Store<KubeObject>> {
  const { eventTtlMs = defaultApiServerLimits.eventTtlMs, ...rest } = options;
  return openStore(
    { ...deps, stamp: stampRevision },
    { ...rest, sealed: sealedCollections, ttlMs: { events: eventTtlMs } },
  );
}

/** A copy that carries its revision. */
export function stampRevision<T extends KubeObject>(object: T, revision: number): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
