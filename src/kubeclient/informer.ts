/**
 * A local copy of one kind that keeps itself true: list, then watch; after any fault (a lost
 * connection, a restarted server, a compacted revision, silence) it resumes or lists again, with
 * growing pauses, and announces only what really changed.
 *
 *   listing --ok--> watching --end of stream--> watching (from the last revision)
 *      ^               | 410, or a list is needed      | fault
 *      +---------------+------------ pause <-----------+
 */
import { type BackoffOptions, backoffMs } from '#base/backoff.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { type Random, randomFraction } from '#base/random.ts';
import type { KubeObject, ObjectKey, ResourceDefinition } from '#kube/index.ts';
import type { KubeClient, WatchEvent } from './client.ts';
import { KubeClientError, type KubeClientErrorCode } from './errors.ts';
import { type Change, type Index, type Lister, ObjectCache } from './object-cache.ts';
import { pause } from './pause.ts';

export interface InformerDeps {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly random: Random;
  readonly log: Logger;
}

/** Which namespaces are ours; objects of the others are as if they were not there. */
export interface NamespaceGate {
  admits(namespace: string): boolean;
  /** Called with a namespace that became ours or ceased to be. @returns takes the handler away */
  onChange(handler: (namespace: string) => void): () => void;
}

export interface InformerOptions<T extends KubeObject> {
  /** Only this namespace; absent: all. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: readonly Index<T>[];
  /** Absent: all namespaces are ours. Objects without a namespace always are. */
  readonly gate?: NamespaceGate;
  /** Pauses after faults. Default 100 ms doubling to 5 s, half random. */
  readonly backoff?: BackoffOptions;
}

export type ChangeHandler<T extends KubeObject> = (change: Change<T>) => void;

const defaultBackoff: BackoffOptions = { firstMs: 100, maxMs: 5_000, factor: 2, jitter: 0.5 };

/** A watch that lasted so long was no failure, even if nothing happened meanwhile. */
const quietWatchMsMin = 5_000;

/** After these the watch goes on where it was. */
const resumable: ReadonlySet<KubeClientErrorCode> = new Set([
  'KUBE_UNREACHABLE',
  'KUBE_TIMEOUT',
  'KUBE_OVERLOADED',
  'KUBE_UNAUTHORIZED',
]);

/** Retry-After, or what the Status says of it; 0 when the server did not ask for a pause. */
function askedPauseMs(thrown: unknown): number {
  return thrown instanceof KubeClientError && typeof thrown.retry === 'object'
    ? thrown.retry.afterMs
    : 0;
}

export class Informer<T extends KubeObject = KubeObject> implements Lister<T>, Running {
  readonly definition: ResourceDefinition<T>;
  /** Resolves when the first list is in the cache and was announced. */
  readonly synced: Promise<void>;
  readonly #deps: InformerDeps;
  readonly #options: InformerOptions<T>;
  readonly #cache: ObjectCache<T>;
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #cut = new AbortController();
  readonly #resolveSynced: () => void;
  #task: Promise<void> | undefined;
  #leaveGate: (() => void) | undefined;
  #hasSynced = false;
  /** Where the next watch begins; empty: list first. */
  #revision = '';

  constructor(
    definition: ResourceDefinition<T>,
    deps: InformerDeps,
    options: InformerOptions<T> = {},
  ) {
    this.definition = definition;
    this.#deps = { ...deps, log: deps.log.child({ component: 'informer', kind: definition.kind }) };
    this.#options = options;
    this.#cache = new ObjectCache(options.indexes ?? []);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get(key: ObjectKey): T | undefined {
    return this.#admits(key.namespace) ? this.#cache.get(key) : undefined;
  }

  list(namespace?: string): readonly T[] {
    return this.#admitted(this.#cache.list(namespace));
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#admitted(this.#cache.byIndex(index, value));
  }

  /**
   * Calls `handler` for every change; objects already known are announced as added at once.
   * @returns takes the handler away
   */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.list()) this.#announce(handler, { type: 'added', object });
    return () => this.#handlers.delete(handler);
  }

  start(): void {
    if (this.#task !== undefined) return;
    this.#leaveGate = this.#options.gate?.onChange((namespace) => this.#onGate(namespace));
    this.#task = this.#follow();
  }

  async stop(): Promise<void> {
    this.#leaveGate?.();
    this.#cut.abort();
    await this.#task;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#cut;
    let failures = 0;
    while (!signal.aborted) {
      const begunMs = performance.now();
      let askedMs = 0;
      try {
        if (this.#revision === '') await this.#relist();
        const before = this.#revision;
        await this.#watch();
        // A server that ends every watch at once must not be asked in a tight loop; one that ends a
        // long quiet watch does nothing wrong.
        const useful = this.#revision !== before || performance.now() - begunMs > quietWatchMsMin;
        failures = useful ? 0 : failures + 1;
      } catch (thrown) {
        failures = performance.now() - begunMs > quietWatchMsMin ? 1 : failures + 1;
        this.#onFault(thrown, failures);
        askedMs = askedPauseMs(thrown);
      }
      if (failures > 0) await this.#pause(failures - 1, askedMs);
    }
  }

  async #relist(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const list = await this.#deps.client.list(this.definition, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      signal: this.#cut.signal,
    });
    const changes = this.#cache.replace(list.items);
    this.#revision = list.metadata.resourceVersion ?? '';
    for (const change of changes) this.#announceAll(change);
    if (!this.#hasSynced) {
      this.#hasSynced = true;
      this.#resolveSynced();
    }
  }

  async #watch(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    await this.#deps.client.watch(
      this.definition,
      {
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        resourceVersion: this.#revision,
        signal: this.#cut.signal,
      },
      (event) => this.#onEvent(event),
    );
  }

  #onEvent(event: WatchEvent<T>): void {
    this.#revision = event.object.metadata.resourceVersion ?? this.#revision;
    if (event.type === 'BOOKMARK') return;
    const change =
      event.type === 'DELETED' ? this.#cache.delete(event.object) : this.#cache.put(event.object);
    if (change !== undefined) this.#announceAll(change);
  }

  #onFault(thrown: unknown, failures: number): void {
    if (this.#cut.signal.aborted) return;
    // Where the watch was interrupted it can be resumed; a list would only add to the load. Whatever
    // else happened, a fresh list cannot be wrong.
    if (!(thrown instanceof KubeClientError) || !resumable.has(thrown.code)) this.#revision = '';
    const facts = { error: messageOf(thrown), failures };
    if (failures < 3) this.#deps.log.debug('watch interrupted', facts);
    else this.#deps.log.warn('watch keeps failing', facts);
  }

  /** @param askedMs what the server asked for, at least */
  async #pause(attempt: number, askedMs: number): Promise<void> {
    const fraction = randomFraction(this.#deps.random);
    const delayMs = backoffMs(this.#options.backoff ?? defaultBackoff, attempt, fraction);
    await pause(Math.max(delayMs, askedMs), this.#cut.signal);
  }

  #admits(namespace: string): boolean {
    return namespace === '' || this.#options.gate?.admits(namespace) !== false;
  }

  #admitted(objects: readonly T[]): readonly T[] {
    if (this.#options.gate === undefined) return objects;
    return objects.filter(({ metadata }) => this.#admits(metadata.namespace ?? ''));
  }

  /** Objects of a namespace come or go as a whole when it becomes ours or ceases to be. */
  #onGate(namespace: string): void {
    const type = this.#admits(namespace) ? 'added' : 'deleted';
    for (const object of this.#cache.list(namespace)) {
      for (const handler of this.#handlers) this.#announce(handler, { type, object });
    }
  }

  #announceAll(change: Change<T>): void {
    if (!this.#admits(change.object.metadata.namespace ?? '')) return;
    for (const handler of this.#handlers) this.#announce(handler, change);
  }

  #announce(handler: ChangeHandler<T>, change: Change<T>): void {
    try {
      handler(change);
    } catch (thrown) {
      this.#deps.log.error('a change handler failed', { error: messageOf(thrown) });
    }
  }
}
