/** Opens watches: where each begins, how long it lasts, how many there may be. */
import type { ServerResponse } from 'node:http';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { randomFraction } from '#base/random.ts';
import {
  type KubeObject,
  qualifiedResource,
  resourceVersionTooLarge,
  tooManyRequests,
} from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import type { ApiServerLimits } from '../limits.ts';
import { parseRevision } from '../objects/object-lister.ts';
import type { RepresentationDeps, Shape } from '../objects/representation.ts';
import { Selection } from '../objects/selection.ts';
import type { ListOptions } from '../request/query-options.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { EventEncoder } from './watch-event.ts';
import { WatchStream } from './watch-stream.ts';

export interface WatchServiceDeps {
  readonly logger: Logger;
  readonly store: Store<KubeObject>;
  readonly random: Random;
}

export interface WatchCall {
  readonly target: ResourceTarget;
  /** Name of who watches. */
  readonly user: string;
  readonly options: ListOptions;
  readonly shape: Shape;
  readonly representation: () => RepresentationDeps;
}

/** Longest watch a client may ask for. */
const timeoutMsMax = 24 * 3600 * 1000;

export class WatchService {
  readonly #deps: WatchServiceDeps;
  readonly #limits: ApiServerLimits;
  readonly #encoder = new EventEncoder();
  #open = 0;
  readonly #openOf = new Map<string, number>();

  constructor(deps: WatchServiceDeps, limits: ApiServerLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  get openCount(): number {
    return this.#open;
  }

  /** Serves one watch to its end. @throws StatusError KUBE_BAD_REQUEST, KUBE_TOO_MANY_REQUESTS */
  async serve(call: WatchCall, response: ServerResponse, stopping: AbortSignal): Promise<void> {
    const { target, user, options, shape } = call;
    const { definition, namespace, name } = target;
    const own = this.#openOf.get(user) ?? 0;
    const { watchesMax, watchesPerUserMax } = this.#limits;
    if (this.#open >= watchesMax || own >= watchesPerUserMax) throw tooManyRequests(1);
    const byName = name === '' ? options.fieldSelector : `metadata.name=${name}`;
    const selection = new Selection(definition, namespace, { ...options, fieldSelector: byName });
    const start = this.#startOf(options);
    const stream = new WatchStream(
      {
        store: this.#deps.store,
        response,
        encoder: this.#encoder,
        logger: this.#deps.logger.child({ user, resource: qualifiedResource(definition) }),
        representation: call.representation,
      },
      {
        definition,
        selection,
        shape,
        afterRevision: start.afterRevision,
        initial: start.withState ? this.#state(target, selection) : [],
        initialEndBookmark: options.sendInitialEvents === true && options.allowWatchBookmarks,
        bookmarks: options.allowWatchBookmarks,
        timeoutMs: this.#timeoutMs(options),
        limits: this.#limits,
      },
    );
    response.writeHead(200, { 'content-type': 'application/json' });
    // A quiet watch writes nothing for long, and headers would wait for the first byte.
    response.flushHeaders();
    this.#count(user, 1);
    try {
      if (start.tooLarge) stream.fail(resourceVersionTooLarge(start.afterRevision, start.current));
      else await stream.run(stopping);
    } finally {
      this.#count(user, -1);
    }
  }

  #count(user: string, change: 1 | -1): void {
    this.#open += change;
    const own = (this.#openOf.get(user) ?? 0) + change;
    if (own > 0) this.#openOf.set(user, own);
    else this.#openOf.delete(user);
  }

  #startOf(options: ListOptions): {
    readonly afterRevision: number;
    readonly withState: boolean;
    readonly tooLarge: boolean;
    readonly current: number;
  } {
    const { sendInitialEvents, resourceVersion } = options;
    const current = this.#deps.store.revision;
    const asked =
      resourceVersion === '' || resourceVersion === '0' ? 0 : parseRevision(resourceVersion);
    if (sendInitialEvents === true) {
      const tooLarge = asked > current;
      return { afterRevision: tooLarge ? asked : current, withState: true, tooLarge, current };
    }
    const withState = asked === 0 && sendInitialEvents === undefined;
    return { afterRevision: asked === 0 ? current : asked, withState, tooLarge: false, current };
  }

  /** The objects that match now. */
  #state({ definition, namespace }: ResourceTarget, selection: Selection): KubeObject[] {
    const range = namespace === '' ? {} : { namespace };
    const { objects } = this.#deps.store.list(qualifiedResource(definition), range);
    return objects.map(({ value }) => value).filter((object) => selection.matches(object));
  }

  #timeoutMs({ timeoutSeconds }: ListOptions): number {
    if (timeoutSeconds !== undefined && timeoutSeconds > 0) {
      return Math.min(timeoutSeconds * 1000, timeoutMsMax);
    }
    // Jitter, so that watches opened together do not all come back together.
    return this.#limits.watchTimeoutMs * (1 + randomFraction(this.#deps.random));
  }
}
