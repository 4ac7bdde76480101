/**
 * A typed client for any kind that has a definition. Objects are plain JSON; every fault is a
 * KubeClientError whose code says what happened.
 */
import {
  collectionPath,
  type KubeList,
  type KubeObject,
  type ObjectKey,
  objectPath,
  type ResourceDefinition,
} from '#kube/index.ts';
import type { KubeConnection } from './connection.ts';
import { errorOfAnswer, isKubeError, KubeClientError } from './errors.ts';
import {
  defaultTransportLimits,
  type KubeRequest,
  KubeTransport,
  type TransportLimits,
} from './transport.ts';

export interface ListOptions {
  /** Absent or empty: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page; all pages are read. Default 500. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface PatchOptions extends WriteOptions {
  /** How `body` is meant. Default `merge`. Custom kinds know no `strategic`. */
  readonly type?: 'merge' | 'json' | 'strategic';
  readonly subresource?: 'status';
}

export interface DeleteOptions extends WriteOptions {
  /** Delete only the object with this uid, not a successor of the same name. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface WatchEvent<T extends KubeObject> {
  readonly type: WatchEventType;
  readonly object: T;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** The server ends the watch after this long; seconds. */
  readonly timeoutSeconds?: number;
}

const pageSizeDefault = 500;
const contentTypeOf = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

export class KubeClient {
  /** Namespace of the connection's context. */
  readonly namespace: string;
  /** Base address of the API server. */
  readonly server: string;
  readonly #transport: KubeTransport;

  constructor(connection: KubeConnection, limits: Partial<TransportLimits> = {}) {
    this.namespace = connection.namespace;
    this.server = connection.server;
    this.#transport = new KubeTransport(connection, { ...defaultTransportLimits, ...limits });
  }

  /** @throws KubeClientError KUBE_NOT_FOUND and the others of the API */
  async get<T extends KubeObject>(of: ResourceDefinition<T>, key: ObjectKey): Promise<T> {
    return this.#object(of, { method: 'GET', path: objectPath(of, key) });
  }

  /** Like `get`, but undefined when there is no such object. */
  async find<T extends KubeObject>(
    of: ResourceDefinition<T>,
    key: ObjectKey,
  ): Promise<T | undefined> {
    try {
      return await this.get(of, key);
    } catch (thrown) {
      if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return undefined;
      throw thrown;
    }
  }

  /** All objects, page by page. `metadata.resourceVersion` is where a watch may begin. */
  async list<T extends KubeObject>(
    of: ResourceDefinition<T>,
    options: ListOptions = {},
  ): Promise<KubeList<T>> {
    const items: T[] = [];
    let token: string | undefined;
    for (;;) {
      const query = queryText({
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        limit: String(options.pageSize ?? pageSizeDefault),
        continue: token,
      });
      const path = collectionPath(of, options.namespace) + query;
      const page = await this.#json<KubeList<T>>({ method: 'GET', path, signal: options.signal });
      if (!Array.isArray(page.items)) throw protocolError(path);
      // Items of built-in lists carry neither apiVersion nor kind; everybody downstream expects them.
      for (const item of page.items) items.push(withKind(of, item));
      token = page.metadata.continue;
      if (token === undefined || token === '') return { ...page, items };
    }
  }

  /** @throws KubeClientError KUBE_ALREADY_EXISTS, KUBE_INVALID */
  async create<T extends KubeObject>(
    of: ResourceDefinition<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = collectionPath(of, object.metadata.namespace ?? '') + dryRunQuery(options);
    return this.#object(of, { method: 'POST', path, body: object, signal: options.signal });
  }

  /** Replaces the object. @throws KubeClientError KUBE_CONFLICT when its resourceVersion is old */
  async update<T extends KubeObject>(
    of: ResourceDefinition<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = objectPath(of, keyIn(object)) + dryRunQuery(options);
    return this.#object(of, { method: 'PUT', path, body: object, signal: options.signal });
  }

  /** Replaces the status alone. @throws KubeClientError KUBE_CONFLICT */
  async updateStatus<T extends KubeObject>(
    of: ResourceDefinition<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = `${objectPath(of, keyIn(object))}/status${dryRunQuery(options)}`;
    return this.#object(of, { method: 'PUT', path, body: object, signal: options.signal });
  }

  async patch<T extends KubeObject>(
    of: ResourceDefinition<T>,
    key: ObjectKey,
    body: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    const sub = options.subresource === undefined ? '' : `/${options.subresource}`;
    return this.#object(of, {
      method: 'PATCH',
      path: objectPath(of, key) + sub + dryRunQuery(options),
      body,
      contentType: contentTypeOf[options.type ?? 'merge'],
      signal: options.signal,
    });
  }

  /** @throws KubeClientError KUBE_NOT_FOUND; KUBE_CONFLICT when `uid` or `resourceVersion` differ */
  async delete(of: ResourceDefinition, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion } = options;
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    await this.#json({
      method: 'DELETE',
      path: objectPath(of, key) + dryRunQuery(options),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: options.propagation ?? 'Background',
        ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
      },
      signal: options.signal,
    });
  }

  /** Deletes and does not mind when it is gone already. @returns true when it was there */
  async remove(of: ResourceDefinition, key: ObjectKey, options?: DeleteOptions): Promise<boolean> {
    try {
      await this.delete(of, key, options);
      return true;
    } catch (thrown) {
      if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return false;
      throw thrown;
    }
  }

  /**
   * Watches until the server ends the stream or `signal` is aborted.
   * @throws KubeClientError KUBE_GONE when the revision is compacted; KUBE_TIMEOUT on silence
   */
  async watch<T extends KubeObject>(
    of: ResourceDefinition<T>,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const { timeoutSeconds } = options;
    const query = queryText({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      timeoutSeconds: timeoutSeconds === undefined ? undefined : String(timeoutSeconds),
    });
    const path = collectionPath(of, options.namespace) + query;
    const refusal = await this.#transport.stream(path, options.signal, (line) => {
      onEvent(parseEvent<T>(line, path));
    });
    if (refusal !== undefined) throw errorOfAnswer(refusal, `GET ${path}`);
  }

  /** Any request by path, for what has no definition (`/version`, reviews). */
  async raw<Answer>(request: KubeRequest): Promise<Answer> {
    return this.#json<Answer>(request);
  }

  /** Closes idle connections. */
  close(): void {
    this.#transport.close();
  }

  async #object<T extends KubeObject>(of: ResourceDefinition<T>, request: KubeRequest): Promise<T> {
    return withKind(of, await this.#json<T>(request));
  }

  async #json<Answer>(request: KubeRequest): Promise<Answer> {
    const answer = await this.#transport.request(request);
    if (answer.status < 200 || answer.status > 299) {
      throw errorOfAnswer(answer, `${request.method} ${request.path}`);
    }
    return parseJson(answer.body, request.path) as Answer;
  }
}

function withKind<T extends KubeObject>(of: ResourceDefinition<T>, object: T): T {
  if (object.kind !== undefined && object.apiVersion !== undefined) return object;
  const apiVersion = of.group === '' ? of.version : `${of.group}/${of.version}`;
  return { ...object, apiVersion, kind: of.kind };
}

function keyIn(object: KubeObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

function parseEvent<T extends KubeObject>(line: string, path: string): WatchEvent<T> {
  const event = parseJson(line, path) as { type: WatchEventType | 'ERROR'; object: T };
  if (event.type === 'ERROR') {
    const status = (event.object as { code?: unknown }).code;
    const body = JSON.stringify(event.object);
    throw errorOfAnswer({ status: typeof status === 'number' ? status : 500, body }, `GET ${path}`);
  }
  if (typeof event.object?.metadata !== 'object') throw protocolError(path);
  return { type: event.type, object: event.object };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw protocolError(path, thrown);
  }
}

function protocolError(path: string, cause?: unknown): KubeClientError {
  return new KubeClientError('KUBE_PROTOCOL', `${path}: the answer is not Kubernetes JSON`, {
    cause,
    retry: 'backoff',
  });
}

function dryRunQuery(options: WriteOptions): string {
  return options.dryRun === true ? '?dryRun=All' : '';
}

function queryText(values: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') query.set(name, value);
  }
  return `?${query.toString()}`;
}
