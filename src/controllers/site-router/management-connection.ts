/** A RouterConnection over AMQP management: entities by requests, the network by flow records. */
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import {
  type ManagementClient,
  managementClient,
  type NetworkWatcher,
  networkWatcher,
  type SiteAnnouncer,
  type Subscription,
  siteAnnouncer,
} from '#management/index.ts';
import { beaconAddress, type NetworkView, siteNetwork } from '#telemetry/index.ts';
import { routerServerName } from '../names.ts';
import type { NetworkSite } from '../network.ts';
import type { EntityRow, ManagedType } from '../router-config/difference.ts';
import { EarlyBeacons } from './early-beacons.ts';
import { LostLinks } from './lost-links.ts';
import { LostRouters } from './lost-routers.ts';
import { messageTo, siteAddress, textOfMessage } from './site-mail.ts';
import type {
  Attributes,
  CreatedType,
  OpenRouterConnection,
  QueriedType,
  RouterConnection,
  RouterConnectionHandlers,
  RouterTarget,
} from './router-connection.ts';

export interface ManagementConnectionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A router or controller that is silent for this long is gone; they speak every 2 000. Milliseconds. */
const silenceMs = 15_000;
/** Pauses between tries to reach a router of this machine; milliseconds. */
const retryFirstMs = 20;
const retryMaxMs = 1_000;

/** Opens connections of that kind. */
export function openManagementConnections(deps: ManagementConnectionDeps): OpenRouterConnection {
  return async (target, handlers) => {
    const facts = { component: 'router-connection', namespace: target.site.namespace };
    const log = deps.log.child(facts);
    let connection: ManagementConnection | undefined;
    const client = await managementClient(
      {
        ...deps,
        log,
        onConnected: () => handlers.onConnection(),
        onDisconnected: () => {
          connection?.onDisconnected();
          handlers.onConnection();
        },
      },
      optionsOf(target),
    ).start(new AbortController().signal);
    connection = new ManagementConnection({ ...deps, client }, target, handlers);
    connection.begin();
    return connection;
  };
}

function optionsOf(target: RouterTarget): Parameters<typeof managementClient>[1] {
  const { host, port, ca, cert, key } = target;
  return {
    host,
    port,
    tls: { material: { ca, cert, key }, verifyHostname: true, serverName: routerServerName },
    retryFirstMs,
    retryMaxMs,
  };
}

class ManagementConnection implements RouterConnection {
  readonly #deps: ManagementConnectionDeps & { readonly client: ManagementClient };
  readonly #target: RouterTarget;
  readonly #handlers: RouterConnectionHandlers;
  #flows: Flows | undefined;
  #network: readonly NetworkSite[] | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(
    deps: ManagementConnectionDeps & { readonly client: ManagementClient },
    target: RouterTarget,
    handlers: RouterConnectionHandlers,
  ) {
    this.#deps = deps;
    this.#target = target;
    this.#handlers = handlers;
  }

  get connected(): boolean {
    return this.#deps.client.isConnected;
  }

  get network(): readonly NetworkSite[] | undefined {
    return this.#network;
  }

  /** Follows the network and announces the site. */
  begin(): void {
    const { client, clock, random } = this.#deps;
    const { site } = this.#target;
    const lost = new LostLinks(site.id);
    const beacons = new EarlyBeacons({ client, random }, site.id);
    const announcer = siteAnnouncer({ client, clock }, { ...site, siteId: site.id });
    // The watcher's own subscription serves the early beacons too.
    const carrier: Carrier = {
      send: (message) => client.send(message),
      onConnected: (listener) => client.onConnected(listener),
      subscribe: (address, onMessage) =>
        client.subscribe(address, (message) => {
          if (address === beaconAddress) beacons.onMessage(message);
          onMessage(message);
        }),
    };
    let current: NetworkView | undefined;
    const tell = (): void => {
      if (current === undefined) return;
      this.#network = siteNetwork(lost.apply(lostRouters.apply(current)));
      this.#handlers.onNetwork();
    };
    const query = (type: QueriedType): Promise<readonly EntityRow[]> => client.query(type);
    const lostRouters = new LostRouters({ query, onChange: tell }, site.id);
    const onChange = (view: NetworkView): void => {
      current = view;
      beacons.onView(view);
      tell();
    };
    const watcher = networkWatcher(
      { client: carrier, clock, onChange },
      { silenceMs, firstSilenceMs: silenceMs * 2 },
    );
    const mail = client.subscribe(siteAddress(site.id), (message) => {
      const text = textOfMessage(message);
      if (text !== undefined) this.#handlers.onText(text);
    });
    this.#flows = { watcher, announcer, beacons, mail };
  }

  /**
   * The router may have died: what it said last must not outlive it. The view is built anew from
   * what the next router says.
   */
  onDisconnected(): void {
    const before = this.#flows;
    if (before === undefined) return;
    this.#network = undefined;
    this.begin();
    this.#ended = this.#ended.then(() => endFlows(before));
  }

  async query(type: QueriedType): Promise<readonly EntityRow[]> {
    return this.#deps.client.query(type);
  }

  async create(type: CreatedType, name: string, attributes: Attributes): Promise<void> {
    await this.#deps.client.create(type, name, { ...attributes });
    if (type === 'connector') this.#flows?.beacons.onLinkMade();
  }

  async update(type: ManagedType, name: string, attributes: Attributes): Promise<void> {
    await this.#deps.client.update({ type, name }, { ...attributes });
  }

  async delete(type: ManagedType, name: string): Promise<void> {
    await this.#deps.client.delete({ type, name });
  }

  send(siteId: string, text: string): boolean {
    return this.#deps.client.send(messageTo(siteId, text));
  }

  async close(): Promise<void> {
    const flows = this.#flows;
    this.#flows = undefined;
    await this.#ended;
    if (flows !== undefined) await endFlows(flows);
    await this.#deps.client.stop({ graceMs: 500 });
  }
}

type Carrier = Pick<ManagementClient, 'onConnected' | 'send' | 'subscribe'>;

interface Flows {
  readonly watcher: NetworkWatcher;
  readonly announcer: SiteAnnouncer;
  readonly beacons: EarlyBeacons;
  readonly mail: Subscription;
}

async function endFlows({ watcher, announcer, beacons, mail }: Flows): Promise<void> {
  mail.close();
  beacons.stop();
  await watcher.stop({ graceMs: 0 });
  await announcer.stop({ graceMs: 0 });
}
