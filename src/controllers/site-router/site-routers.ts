/** The routers of all sites of this process: one management connection per namespace. */
import { isDeepStrictEqual } from 'node:util';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { NetworkSite } from '../network.ts';
import type { RouterEntity } from '../router-config/entities.ts';
import type { OpenRouterConnection, RouterConnection, RouterTarget } from './router-connection.ts';
import type { EntityRow } from '../router-config/difference.ts';
import { type Revocation, RevocationSync } from './revocation-sync.ts';
import { RouterSync } from './router-sync.ts';

export type RouterEventType = 'connection' | 'network' | 'problems' | 'revocations';

/** What a router should be. */
export interface RouterWish {
  readonly entities: readonly RouterEntity[];
  /** Serial numbers of certificates to refuse, sorted. */
  readonly revoked: readonly string[];
}

export interface SiteRoutersDeps {
  readonly open: OpenRouterConnection;
  readonly log: Logger;
  /** Routers make the profiles of their credentials themselves. */
  readonly routersHoldCredentials: boolean;
}

interface SiteRouter {
  readonly target: RouterTarget;
  readonly connection: RouterConnection;
  readonly sync: RouterSync;
  readonly revocations: RevocationSync;
}

export class SiteRouters implements Running {
  readonly #deps: SiteRoutersDeps;
  readonly #routers = new Map<string, SiteRouter>();
  readonly #readers = new Set<(namespace: string, text: string) => void>();
  readonly #handlers = new Set<(namespace: string, event: RouterEventType) => void>();

  constructor(deps: SiteRoutersDeps) {
    this.#deps = deps;
  }

  /** Connects to the router of a namespace, again when the target is another one. */
  async ensure(namespace: string, target: RouterTarget): Promise<void> {
    const known = this.#routers.get(namespace);
    if (known !== undefined && isDeepStrictEqual(known.target, target)) return;
    this.#routers.delete(namespace);
    await known?.connection.close();
    const connection = await this.#deps.open(target, {
      onConnection: () => {
        // The router at the other end may be a new one that knows nothing yet.
        this.#routers.get(namespace)?.sync.forget();
        this.#routers.get(namespace)?.revocations.forget();
        this.#announce(namespace, 'connection');
      },
      onNetwork: () => this.#announce(namespace, 'network'),
      onText: (text) => {
        for (const listener of this.#readers) listener(namespace, text);
      },
    });
    const log = this.#deps.log.child({ namespace });
    const sync = new RouterSync(connection, log, {
      holdsCredentials: this.#deps.routersHoldCredentials,
    });
    const revocations = new RevocationSync(connection, log);
    this.#routers.set(namespace, { target, connection, sync, revocations });
  }

  /** Disconnects; nothing when there is no connection. */
  async remove(namespace: string): Promise<void> {
    const known = this.#routers.get(namespace);
    if (known === undefined) return;
    this.#routers.delete(namespace);
    await known.connection.close();
    this.#announce(namespace, 'network');
  }

  /**
   * Brings the running router in line.
   * @returns false when it is not connected; the event `connection` tells when it is
   * @throws CodedError when the connection fails meanwhile
   */
  async apply(namespace: string, { entities, revoked }: RouterWish): Promise<boolean> {
    const router = this.#routers.get(namespace);
    if (router === undefined || !router.connection.connected) return false;
    if (await router.revocations.apply(revoked)) this.#announce(namespace, 'revocations');
    const refusals = await router.sync.apply(entities);
    const hasListeners = entities.some(({ type }) => type === 'tcpListener');
    const hasTls = entities.some(isTlsConnector);
    const sockets = (hasListeners || hasTls) && (await router.sync.checkSockets(hasTls));
    if (refusals || sockets) this.#announce(namespace, 'problems');
    return true;
  }

  /** What the router said against an entity, if anything. */
  problemOf(namespace: string, entityName: string): string | undefined {
    return this.#routers.get(namespace)?.sync.problemOf(entityName);
  }

  /** True when the router refused something or cannot open a socket. */
  hasProblems(namespace: string): boolean {
    return this.#routers.get(namespace)?.sync.hasProblems ?? false;
  }

  /** True when the router has not yet made all profiles that its entities need. */
  isWaiting(namespace: string): boolean {
    return this.#routers.get(namespace)?.sync.isWaiting ?? false;
  }

  connected(namespace: string): boolean {
    return this.#routers.get(namespace)?.connection.connected ?? false;
  }

  /** What the router says of a revocation; undefined before it was asked. */
  revocationOf(namespace: string, serial: string): Revocation | undefined {
    return this.#routers.get(namespace)?.revocations.revocationOf(serial);
  }

  /**
   * Connections of the router as it shows them; undefined when it is not connected.
   * @throws CodedError when the connection fails meanwhile
   */
  async connectionsOf(namespace: string): Promise<readonly EntityRow[] | undefined> {
    const connection = this.#routers.get(namespace)?.connection;
    return connection?.connected === true ? connection.query('connection') : undefined;
  }

  /** Sends a text to the controller of another site. @returns false when it cannot be sent now */
  send(namespace: string, siteId: string, text: string): boolean {
    return this.#routers.get(namespace)?.connection.send(siteId, text) ?? false;
  }

  /** Receives what others write to our sites. @returns takes the listener away */
  onText(listener: (namespace: string, text: string) => void): () => void {
    this.#readers.add(listener);
    return () => this.#readers.delete(listener);
  }

  /** The network as the router of a namespace sees it. */
  networkOf(namespace: string): readonly NetworkSite[] | undefined {
    return this.#routers.get(namespace)?.connection.network;
  }

  /** @returns takes the handler away */
  onEvent(handler: (namespace: string, event: RouterEventType) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  async stop(): Promise<void> {
    const all = [...this.#routers.values()];
    this.#routers.clear();
    await Promise.all(all.map(({ connection }) => connection.close()));
  }

  #announce(namespace: string, event: RouterEventType): void {
    for (const handler of this.#handlers) handler(namespace, event);
  }
}

function isTlsConnector({ type, attributes }: RouterEntity): boolean {
  return type === 'tcpConnector' && attributes['sslProfile'] !== undefined;
}
