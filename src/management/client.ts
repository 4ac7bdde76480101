/** A client of one router: keeps the connection, asks, subscribes and publishes. */
import type { Message, MessageInit } from '#amqp/index.ts';
import { alphanumeric, randomText } from '#base/random.ts';
import { redialer, type RunningRedialer, type TlsMaterial } from '#net/index.ts';
import type { Attributes } from './attribute.ts';
import type {
  ManagementClient,
  ManagementClientDeps,
  ManagementClientOptions,
  RequestOptions,
  StartableManagementClient,
  Subscription,
} from './client-contract.ts';
import { findEntityType } from './entity-table.ts';
import { ManagementError } from './errors.ts';
import { PendingRequests } from './pending-requests.ts';
import {
  decodeRows,
  encodeRequest,
  type EntityReference,
  isMap,
  type ManagementRequest,
  type ManagementResponse,
} from './request.ts';
import { RouterSession } from './router-session.ts';

const defaults = {
  requestTimeoutMs: 5000,
  requestsMax: 1000,
  messageSizeBytesMax: 16 * 1024 * 1024,
  retryFirstMs: 100,
  retryMaxMs: 5000,
} as const;

/** A client that is not started yet; `start` resolves at once and connects in the background. */
export function managementClient(
  deps: ManagementClientDeps,
  options: ManagementClientOptions,
): StartableManagementClient {
  return {
    start: async (signal) => {
      const client = new Client(deps, options);
      await client.run(signal);
      return client;
    },
  };
}

interface Receiver extends Subscription {
  readonly address: string;
  readonly onMessage: (message: Message) => void;
  detach: () => void;
}

class Client implements ManagementClient {
  readonly #deps: ManagementClientDeps;
  readonly #options: ManagementClientOptions;
  readonly #pending: PendingRequests;
  readonly #receivers = new Set<Receiver>();
  readonly #listeners = new Set<(router: string) => void>();
  readonly #waiters = new Set<PromiseWithResolvers<string>>();
  readonly #containerId: string;
  #redialer: RunningRedialer | undefined;
  #session: RouterSession | undefined;
  #material: TlsMaterial | undefined;
  #lossTold = false;
  #stopped = false;

  constructor(deps: ManagementClientDeps, options: ManagementClientOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#pending = new PendingRequests({
      requestsMax: options.requestsMax ?? defaults.requestsMax,
    });
    this.#material = options.tls?.material;
    this.#containerId =
      options.containerId ?? `drawbridge-${randomText(deps.random, 10, alphanumeric)}`;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log, random } = this.#deps;
    const firstMs = this.#options.retryFirstMs ?? defaults.retryFirstMs;
    const maxMs = this.#options.retryMaxMs ?? defaults.retryMaxMs;
    this.#redialer = await redialer(
      {
        log,
        random,
        dial: (dialSignal) => this.#dial(dialSignal),
        onStatus: (status, error) => {
          if (status === 'waiting') this.#tellLoss(error);
        },
      },
      { afterLossMs: firstMs, backoff: { firstMs, maxMs, factor: 2, jitter: 0.2 } },
    ).start(signal);
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  get router(): string | undefined {
    return this.#session?.router;
  }

  async whenConnected(timeoutMs: number): Promise<string> {
    if (this.#stopped) throw stopped();
    if (this.#session !== undefined) return this.#session.router;
    const waiter = Promise.withResolvers<string>();
    const timer = setTimeout(() => {
      const what = `no connection to the router within ${timeoutMs} ms`;
      const cause = this.#redialer?.lastError;
      waiter.reject(new ManagementError('MANAGEMENT_TIMEOUT', what, { retry: 'backoff', cause }));
    }, timeoutMs);
    this.#waiters.add(waiter);
    this.#redialer?.dialNow();
    try {
      return await waiter.promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  onConnected(listener: (router: string) => void): Subscription {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  async query(
    type: string,
    attributeNames: readonly string[] = [],
    options?: RequestOptions,
  ): Promise<Attributes[]> {
    const entityType = fullName(type);
    const response = await this.#ask({ operation: 'QUERY', entityType, attributeNames }, options);
    return decodeRows(response);
  }

  async read(reference: EntityReference, options?: RequestOptions): Promise<Attributes> {
    const request = { ...reference, operation: 'READ', type: fullName(reference.type) } as const;
    return attributesOf(await this.#ask(request, options));
  }

  async create(
    type: string,
    name: string | undefined,
    attributes: Attributes,
    options?: RequestOptions,
  ): Promise<Attributes> {
    const request = { operation: 'CREATE', type: fullName(type), name, attributes } as const;
    return attributesOf(await this.#ask(request, options));
  }

  async update(
    reference: EntityReference,
    attributes: Attributes,
    options?: RequestOptions,
  ): Promise<Attributes> {
    const type = fullName(reference.type);
    const request = { ...reference, operation: 'UPDATE', type, attributes } as const;
    return attributesOf(await this.#ask(request, options));
  }

  async delete(reference: EntityReference, options?: RequestOptions): Promise<void> {
    await this.#ask({ ...reference, operation: 'DELETE', type: fullName(reference.type) }, options);
  }

  async managementNodes(options?: RequestOptions): Promise<string[]> {
    const { body } = await this.#ask({ operation: 'GET-MGMT-NODES' }, options);
    if (Array.isArray(body)) return body.map(String);
    throw new ManagementError('MANAGEMENT_RESPONSE_INVALID', 'the response has no list');
  }

  subscribe(address: string, onMessage: (message: Message) => void): Subscription {
    const receiver: Receiver = {
      address,
      onMessage,
      detach: this.#session?.receive(address, onMessage) ?? noop,
      close: () => {
        if (this.#receivers.delete(receiver)) receiver.detach();
      },
    };
    this.#receivers.add(receiver);
    return receiver;
  }

  send(message: MessageInit): boolean {
    return this.#session?.publish(message) ?? false;
  }

  replaceMaterial(material: TlsMaterial): void {
    this.#material = material;
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#pending.failAll(stopped());
    for (const waiter of this.#waiters) waiter.reject(stopped());
    await this.#redialer?.stop(options);
  }

  async #dial(signal: AbortSignal): Promise<RouterSession> {
    const { host, port, tls } = this.#options;
    const session = await RouterSession.open(
      {
        clock: this.#deps.clock,
        log: this.#deps.log,
        onReply: (message) => this.#pending.onReply(message),
      },
      {
        host,
        port,
        tls: tls === undefined ? undefined : { ...tls, material: this.#material ?? tls.material },
        containerId: this.#containerId,
        messageSizeBytesMax: this.#options.messageSizeBytesMax ?? defaults.messageSizeBytesMax,
        timeoutMs: this.#options.requestTimeoutMs ?? defaults.requestTimeoutMs,
      },
      signal,
    );
    this.#use(session);
    return session;
  }

  #use(session: RouterSession): void {
    this.#session = session;
    this.#lossTold = false;
    session.onCredit(() => this.#pending.flush(session));
    for (const receiver of this.#receivers) {
      receiver.detach = session.receive(receiver.address, receiver.onMessage);
    }
    void session.closed.then(() => this.#onClosed(session));
    this.#deps.onConnected?.(session.router);
    for (const listener of this.#listeners) listener(session.router);
    for (const waiter of this.#waiters) waiter.resolve(session.router);
  }

  #onClosed(session: RouterSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    for (const receiver of this.#receivers) receiver.detach = noop;
    const error = noConnection('the connection to the router was lost');
    this.#pending.failAll(error);
    this.#tellLoss(error);
  }

  #tellLoss(error: unknown): void {
    if (this.#lossTold || this.#stopped) return;
    this.#lossTold = true;
    this.#deps.onDisconnected?.(error);
  }

  async #ask(request: ManagementRequest, options?: RequestOptions): Promise<ManagementResponse> {
    if (this.#stopped) throw stopped();
    if (this.#session === undefined) throw noConnection('there is no connection to the router');
    const message = encodeRequest(request);
    const timeoutMs =
      options?.timeoutMs ?? this.#options.requestTimeoutMs ?? defaults.requestTimeoutMs;
    const router = options?.router;
    const remote = router !== undefined && router !== this.#session.router;
    const properties = remote ? { to: `amqp:/_topo/0/${router}/$management` } : {};
    return this.#pending.ask(this.#session, { ...message, properties }, timeoutMs);
  }
}

const noop = (): void => undefined;

function fullName(type: string): string {
  return findEntityType(type)?.full ?? type;
}

function attributesOf(response: ManagementResponse): Attributes {
  if (isMap(response.body)) return response.body;
  throw new ManagementError('MANAGEMENT_RESPONSE_INVALID', 'the response has no attributes');
}

function noConnection(what: string): ManagementError {
  return new ManagementError('MANAGEMENT_DISCONNECTED', what, { retry: 'backoff' });
}

function stopped(): ManagementError {
  // Whoever stopped it knows; others were overtaken, and look again at what there is now.
  return new ManagementError('MANAGEMENT_STOPPED', 'the management client was stopped', {
    retry: 'backoff',
  });
}
