/** Lists: newest, at a revision, or page by page at one revision. */
import {
  badRequest,
  expired,
  type KubeObject,
  type ListMeta,
  qualifiedResource,
  resourceVersionTooLarge,
  type Status,
  StatusError,
} from '#kube/index.ts';
import {
  type ListPage,
  type ObjectKey,
  type Store,
  StoreError,
  type StoredObject,
} from '#store/index.ts';
import type { ApiServerLimits } from '../limits.ts';
import type { ListOptions } from '../request/query-options.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { Selection } from './selection.ts';
import { storeFault } from './store-fault.ts';

export interface ListResult {
  readonly objects: readonly KubeObject[];
  readonly metadata: ListMeta;
}

/** Where a page begins. */
interface ContinueToken {
  /** Revision of the first page. */
  readonly rv: number;
  readonly ns: string;
  readonly name: string;
}

/** An expired token comes with another that continues without the guarantee of one snapshot. */
class ContinueExpired extends StatusError {
  override readonly status: Status;

  constructor(token: string) {
    const message =
      'The provided continue token is too old for a consistent list. Start a new list, or use the token in this answer to go on without consistency.';
    super('Expired', message);
    this.status = { ...expired(message).status, metadata: { continue: token } };
  }
}

export class ObjectLister {
  readonly #store: Store<KubeObject>;
  readonly #limits: ApiServerLimits;

  constructor(store: Store<KubeObject>, limits: ApiServerLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** @throws StatusError KUBE_BAD_REQUEST, KUBE_EXPIRED, KUBE_TIMEOUT */
  list(target: ResourceTarget, options: ListOptions): ListResult {
    const selection = new Selection(target.definition, target.namespace, options);
    const token = options.continueToken === '' ? undefined : parseToken(options.continueToken);
    const revision = token ? token.rv : this.#revisionFor(options);
    const after = token ? { namespace: token.ns, name: token.name } : undefined;
    const limit = Math.min(
      options.limit > 0 ? options.limit : Infinity,
      this.#limits.pageObjectsMax,
    );
    try {
      return this.#page(target, selection, { revision, after, limit });
    } catch (thrown) {
      if (token && thrown instanceof StoreError && thrown.code === 'STORE_COMPACTED') {
        throw new ContinueExpired(formatToken({ ...token, rv: this.#store.revision }));
      }
      throw storeFault(thrown);
    }
  }

  /** The revision that must be read. @throws StatusError KUBE_TIMEOUT, KUBE_BAD_REQUEST */
  #revisionFor(options: ListOptions): number {
    const current = this.#store.revision;
    const { resourceVersion, resourceVersionMatch: match, limit } = options;
    if (resourceVersion === '' || resourceVersion === '0') return current;
    const asked = parseRevision(resourceVersion);
    if (asked > current) throw resourceVersionTooLarge(asked, current);
    const exact = match === 'Exact' || (match === '' && limit > 0);
    return exact ? asked : current;
  }

  #page(
    target: ResourceTarget,
    selection: Selection,
    from: {
      readonly revision: number;
      readonly after: ObjectKey | undefined;
      readonly limit: number;
    },
  ): ListResult {
    const objects: KubeObject[] = [];
    let { after } = from;
    for (;;) {
      const page = this.#read(target, selection, { ...from, after });
      let used = 0;
      for (const stored of page.objects) {
        used++;
        after = stored;
        if (selection.matches(stored.value)) objects.push(stored.value);
        if (objects.length === from.limit) break;
      }
      const remaining = page.remaining + page.objects.length - used;
      if (remaining === 0 || after === undefined) {
        return { objects, metadata: { resourceVersion: String(from.revision) } };
      }
      if (objects.length < from.limit) continue;
      const token = formatToken({ rv: from.revision, ns: after.namespace, name: after.name });
      return {
        objects,
        metadata: {
          resourceVersion: String(from.revision),
          continue: token,
          ...(selection.isEmpty ? { remainingItemCount: remaining } : {}),
        },
      };
    }
  }

  /** The next candidates: one look-up when the selector fixes a name, else a slice. */
  #read(
    target: ResourceTarget,
    selection: Selection,
    from: {
      readonly revision: number;
      readonly after: ObjectKey | undefined;
      readonly limit: number;
    },
  ): ListPage<KubeObject> {
    const collection = qualifiedResource(target.definition);
    const { namespace } = target;
    const { name } = selection;
    const single =
      name !== undefined && (namespace !== '' || target.definition.scope === 'Cluster');
    if (single && from.revision === this.#store.revision) {
      const stored = this.#store.get(collection, { namespace, name });
      const objects: StoredObject<KubeObject>[] = stored && !from.after ? [stored] : [];
      return { objects, remaining: 0 };
    }
    const limit = selection.isEmpty ? from.limit : Infinity;
    return this.#store.listAt(collection, from.revision, {
      ...(namespace === '' ? {} : { namespace }),
      ...(from.after ? { after: from.after } : {}),
      ...(limit === Infinity ? {} : { limit }),
    });
  }
}

/** @throws StatusError KUBE_BAD_REQUEST */
export function parseRevision(text: string): number {
  if (/^\d{1,15}$/u.test(text)) return Number(text);
  throw badRequest(`invalid resource version ${JSON.stringify(text.slice(0, 64))}`);
}

function formatToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function parseToken(text: string): ContinueToken {
  try {
    const { rv, ns, name } = JSON.parse(Buffer.from(text, 'base64url').toString()) as ContinueToken;
    const sound = Number.isSafeInteger(rv) && rv >= 0;
    if (sound && typeof ns === 'string' && typeof name === 'string') return { rv, ns, name };
  } catch {
    // Refused below, like a token of the wrong shape.
  }
  throw badRequest('continue key is not valid');
}
