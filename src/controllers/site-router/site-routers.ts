/** The routers of all sites of this process: one management connection per router. */
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { routerGroups } from '../names.ts';
import { joinedNetwork, type NetworkSite } from '../network.ts';
import { type RouterEntity, routerId } from '../router-config/entities.ts';
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

/** What one router of a Site says of a revocation. */
export interface RouterRevocation {
  /** Id of the router. */
  readonly router: string;
  /** It can be asked now. */
  readonly connected: boolean;
  /** Undefined until it was asked. */
  readonly said: Revocation | undefined;
}

interface SiteRouter {
  readonly id: string;
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
  async ensure(namespace: string, target: RouterTarget, group = firstGroup): Promise<void> {
    const id = idOf(namespace, group);
    const known = this.#routers.get(id);
    if (known !== undefined && isDeepStrictEqual(known.target, target)) return;
    this.#routers.delete(id);
    await known?.connection.close();
    const connection = await this.#deps.open(target, {
      onConnection: () => {
        // The router at the other end may be a new one that knows nothing yet.
        this.#routers.get(id)?.sync.forget();
        this.#routers.get(id)?.revocations.forget();
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
    const { name, id: uid } = target.site;
    this.#routers.set(id, {
      id: routerId({ name, uid, group }),
      target,
      connection,
      sync,
      revocations,
    });
  }

  /** Disconnects from the router of a group, or from all of a namespace. */
  async remove(namespace: string, group?: string): Promise<void> {
    const ids = group === undefined ? this.#idsOf(namespace) : [idOf(namespace, group)];
    for (const id of ids) {
      const known = this.#routers.get(id);
      if (known === undefined) continue;
      this.#routers.delete(id);
      await known.connection.close();
      this.#announce(namespace, 'network');
    }
  }

  /**
   * Brings the running router in line.
   * @returns false when it is not connected; the event `connection` tells when it is
   * @throws CodedError when the connection fails meanwhile
   */
  async apply(
    namespace: string,
    { entities, revoked }: RouterWish,
    group = firstGroup,
  ): Promise<boolean> {
    const router = this.#routers.get(idOf(namespace, group));
    if (router === undefined || !router.connection.connected) return false;
    if (await router.revocations.apply(revoked)) this.#announce(namespace, 'revocations');
    const refusals = await router.sync.apply(entities);
    const hasListeners = entities.some(({ type }) => type === 'tcpListener');
    const hasTls = entities.some(isTlsConnector);
    const sockets = (hasListeners || hasTls) && (await router.sync.checkSockets(hasTls));
    if (refusals || sockets) this.#announce(namespace, 'problems');
    return true;
  }

  /** What a router said against an entity, if anything. */
  problemOf(namespace: string, entityName: string): string | undefined {
    const said = this.#of(namespace).map(({ sync }) => sync.problemOf(entityName));
    return said.find((problem) => problem !== undefined);
  }

  /** True when a router refused something or cannot open a socket. */
  hasProblems(namespace: string): boolean {
    return this.#of(namespace).some(({ sync }) => sync.hasProblems);
  }

  /** True when a router has not yet made all profiles that its entities need. */
  isWaiting(namespace: string): boolean {
    return this.#of(namespace).some(({ sync }) => sync.isWaiting);
  }

  /** True when all that are known are connected. */
  connected(namespace: string): boolean {
    const all = this.#of(namespace);
    return all.length > 0 && all.every(({ connection }) => connection.connected);
  }

  /** How long the router of a group has been managed and had its entities; milliseconds. */
  servingMs(namespace: string, group: string): number {
    const router = this.#routers.get(idOf(namespace, group));
    return router?.connection.connected === true ? router.sync.servingMs : 0;
  }

  /** What each known router says of a revocation. */
  revocationOf(namespace: string, serial: string): readonly RouterRevocation[] {
    return this.#of(namespace).map(({ id, connection, revocations }) => ({
      router: id,
      connected: connection.connected,
      said: revocations.revocationOf(serial),
    }));
  }

  /** Connections of those routers that answer in time, as they show them; `complete` when all did. */
  async connectionsOf(
    namespace: string,
  ): Promise<{ readonly rows: readonly EntityRow[]; readonly complete: boolean }> {
    const all = this.#of(namespace);
    const asked = all.filter(({ connection }) => connection.connected);
    const answers = await Promise.all(asked.map(({ connection }) => connectionsInTime(connection)));
    const known = answers.flatMap((rows) => (rows === undefined ? [] : [rows]));
    return { rows: known.flat(), complete: all.length > 0 && known.length === all.length };
  }

  /** The network as the routers of a namespace see it together. */
  networkOf(namespace: string): readonly NetworkSite[] | undefined {
    const seen = this.#of(namespace).flatMap(({ connection }) => connection.network ?? []);
    const known = this.#of(namespace).some(({ connection }) => connection.network !== undefined);
    return known ? joinedNetwork(seen) : undefined;
  }

  /** Sends a text to the controller of another site. @returns false when it cannot be sent now */
  send(namespace: string, siteId: string, text: string): boolean {
    // One router is enough: the address leads to the other site from each of them.
    return this.#of(namespace).some(({ connection }) => connection.send(siteId, text));
  }

  /** Receives what others write to our sites. @returns takes the listener away */
  onText(listener: (namespace: string, text: string) => void): () => void {
    this.#readers.add(listener);
    return () => this.#readers.delete(listener);
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

  #idsOf(namespace: string): readonly string[] {
    return routerGroups(true).map((group) => idOf(namespace, group));
  }

  #of(namespace: string): readonly SiteRouter[] {
    return this.#idsOf(namespace).flatMap((id) => this.#routers.get(id) ?? []);
  }

  #announce(namespace: string, event: RouterEventType): void {
    for (const handler of this.#handlers) handler(namespace, event);
  }
}

/** How long others wait for what one router says of its connections; milliseconds. */
const answerMs = 1_000;

/** Undefined when it does not answer in time: then nobody knows. */
async function connectionsInTime(
  connection: RouterConnection,
): Promise<readonly EntityRow[] | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), answerMs);
  });
  try {
    return await Promise.race([connection.query('connection'), late]);
  } catch (thrown) {
    if (thrown instanceof CodedError) return undefined;
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

const [firstGroup = ''] = routerGroups(false);

/** No namespace has a slash in its name. */
function idOf(namespace: string, group: string): string {
  return `${namespace}/${group}`;
}

function isTlsConnector({ type, attributes }: RouterEntity): boolean {
  return type === 'tcpConnector' && attributes['sslProfile'] !== undefined;
}
