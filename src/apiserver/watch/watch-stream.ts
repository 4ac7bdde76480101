/**
 * One watch. It replays what its client missed from the change log, then follows live; when the
 * client reads too slowly it falls back to the log instead of piling up events, and a client that
 * does not read at all is cut.
 *
 *   replaying --nothing left--> live --backlog--> waiting --drain--> replaying
 */
import type { ServerResponse } from 'node:http';
import type { Logger } from '#base/log.ts';
import {
  apiVersionOf,
  internalError,
  type KubeObject,
  qualifiedResource,
  type ResourceDefinition,
  type StatusError,
  tooOldResourceVersion,
} from '#kube/index.ts';
import { type Change, type Store, StoreError } from '#store/index.ts';
import type { ApiServerLimits } from '../limits.ts';
import type { RepresentationDeps, Shape } from '../objects/representation.ts';
import type { Selection } from '../objects/selection.ts';
import { encodeEvent, encodeLine, type EventEncoder, eventOf } from './watch-event.ts';

export interface WatchStreamDeps {
  readonly store: Store<KubeObject>;
  readonly response: ServerResponse;
  readonly encoder: EventEncoder;
  readonly logger: Logger;
  representation(): RepresentationDeps;
}

export interface WatchStreamOptions {
  readonly definition: ResourceDefinition;
  readonly selection: Selection;
  readonly shape: Shape;
  /** Events with larger revisions are sent. */
  readonly afterRevision: number;
  /** Objects announced as ADDED before anything else. */
  readonly initial: readonly KubeObject[];
  /** Ends the initial objects with a marked bookmark. */
  readonly initialEndBookmark: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
  readonly limits: ApiServerLimits;
}

/** Changes read from the log at once while replaying. */
const replayChanges = 500;

const initialEventsEnd = 'k8s.io/initial-events-end';

export class WatchStream {
  readonly #deps: WatchStreamDeps;
  readonly #options: WatchStreamOptions;
  readonly #collection: string;
  /** Everything up to here was sent or does not concern this watch. */
  #position: number;
  #withColumns = true;
  #corked = false;
  #unsubscribe: (() => void) | undefined;
  #timers: NodeJS.Timeout[] = [];
  #stall: NodeJS.Timeout | undefined;
  #ended = false;
  readonly #done = Promise.withResolvers<void>();

  constructor(deps: WatchStreamDeps, options: WatchStreamOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#collection = qualifiedResource(options.definition);
    this.#position = options.afterRevision;
  }

  /** Serves until the time is over, the client leaves or `stopping` aborts. */
  async run(stopping: AbortSignal): Promise<void> {
    const { response } = this.#deps;
    const { limits, timeoutMs, bookmarks } = this.#options;
    const end = (): void => this.#end();
    response.once('close', end);
    stopping.addEventListener('abort', end, { once: true });
    this.#timers.push(setTimeout(end, timeoutMs));
    if (bookmarks) {
      const pause = Math.min(limits.bookmarkIntervalMs, Math.max(1000, timeoutMs - 1000));
      this.#timers.push(setInterval(() => this.#bookmark(), pause));
    }
    this.#announce();
    this.#replay();
    if (stopping.aborted) end();
    await this.#done.promise;
    stopping.removeEventListener('abort', end);
  }

  /** Sends a last event that says why, then ends. */
  fail(error: StatusError): void {
    if (this.#ended) return;
    this.#write(encodeLine('ERROR', error.status));
    this.#end();
  }

  #announce(): void {
    const { initial, initialEndBookmark } = this.#options;
    for (const object of initial) this.#send({ type: 'ADDED', object });
    if (initialEndBookmark) this.#bookmark({ [initialEventsEnd]: 'true' });
  }

  #send(event: { readonly type: 'ADDED' | 'BOOKMARK'; readonly object: KubeObject }): void {
    const { shape } = this.#options;
    this.#write(encodeEvent(event, shape, this.#deps.representation(), this.#withColumns));
    this.#withColumns = false;
  }

  /** Reads the log until nothing is left, then goes live in the same turn, so nothing is missed. */
  #replay(): void {
    try {
      if (!this.#readLog()) return;
    } catch (thrown) {
      this.fail(this.#refusalOf(thrown));
      return;
    }
    this.#unsubscribe = this.#deps.store.onChange(this.#collection, (change) =>
      this.#follow(change),
    );
  }

  /** True when nothing is left to read; false when the client must read first, or left. */
  #readLog(): boolean {
    while (!this.#ended) {
      if (this.#isBacklogged()) {
        this.#waitForDrain();
        return false;
      }
      const { store } = this.#deps;
      const changes = store.changesAfter(this.#collection, this.#position, replayChanges);
      for (const change of changes) this.#onChange(change);
      if (changes.length < replayChanges) return !this.#ended;
    }
    return false;
  }

  #refusalOf(thrown: unknown): StatusError {
    if (thrown instanceof StoreError && thrown.code === 'STORE_COMPACTED') {
      return tooOldResourceVersion(this.#position, Number(thrown.facts['floor']));
    }
    return internalError('the watch could not go on', thrown);
  }

  /** A fault of ours ends this watch, not the commit that it was told of. */
  #follow(change: Change<KubeObject>): void {
    try {
      this.#onChange(change);
      if (this.#isBacklogged()) this.#waitForDrain();
    } catch (thrown) {
      this.fail(this.#refusalOf(thrown));
    }
  }

  #onChange(change: Change<KubeObject>): void {
    // A watch may start at a revision that is still to come.
    if (change.revision <= this.#position || this.#ended) return;
    this.#position = change.revision;
    const { selection, shape } = this.#options;
    const event = eventOf(change, selection);
    if (!event) return;
    const { encoder } = this.#deps;
    const representation = this.#deps.representation();
    this.#write(encoder.encodeChange(change, event, shape, representation, this.#withColumns));
    this.#withColumns = false;
  }

  #isBacklogged(): boolean {
    return this.#deps.response.writableLength > this.#options.limits.watchBacklogBytesMax;
  }

  #waitForDrain(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    const { response } = this.#deps;
    this.#uncork();
    this.#stall = setTimeout(() => this.#cut(), this.#options.limits.watchStallMs);
    response.once('drain', () => {
      clearTimeout(this.#stall);
      if (!this.#ended) this.#replay();
    });
  }

  /** Who does not read cannot be told why: the log says it. */
  #cut(): void {
    const { response, logger } = this.#deps;
    const { watchStallMs: stalledMs } = this.#options.limits;
    logger.warn('cut a watch whose client reads nothing', {
      stalledMs,
      waitingBytes: response.writableLength,
    });
    response.destroy();
  }

  #bookmark(annotations?: Record<string, string>): void {
    const { definition } = this.#options;
    // While replaying, only what was read counts; live, everything committed was seen.
    const live = this.#unsubscribe !== undefined;
    const revision = live ? Math.max(this.#position, this.#deps.store.revision) : this.#position;
    const metadata = {
      resourceVersion: String(revision),
      ...(annotations ? { annotations } : {}),
    } as KubeObject['metadata'];
    const { kind } = definition;
    const object = { apiVersion: apiVersionOf(definition), kind, metadata };
    this.#send({ type: 'BOOKMARK', object });
  }

  /** Events of one turn leave in one piece. */
  #write(bytes: Buffer): void {
    const { response } = this.#deps;
    if (this.#ended) return;
    if (!this.#corked) {
      this.#corked = true;
      response.cork();
      process.nextTick(() => this.#uncork());
    }
    response.write(bytes);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#deps.response.uncork();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe?.();
    for (const timer of this.#timers) clearTimeout(timer);
    clearTimeout(this.#stall);
    this.#uncork();
    this.#deps.response.end();
    this.#done.resolve();
  }
}
