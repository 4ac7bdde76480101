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
  siteAnnouncer,
} from '#management/index.ts';
import { beaconAddress, type NetworkView, siteNetwork } from '#telemetry/index.ts';
import { routerServerName } from '../names.ts';
import type { NetworkSite } from '../network.ts';
import type { EntityRow, ManagedType } from '../router-config/difference.ts';
import { EarlyBeacons } from './early-beacons.ts';
import type {
  Attributes,
  OpenRouterConnection,
  RouterConnection,
  RouterTarget,
} from './router-connection.ts';

export interface ManagementConnectionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Pauses between tries to reach a router of this machine; milliseconds. */
const retryFirstMs = 20;
const retryMaxMs = 1_000;

/** Opens connections of that kind. */
export function openManagementConnections(deps: ManagementConnectionDeps): OpenRouterConnection {
  return async (target, handlers) => {
    const log = deps.log.child({
      component: 'router-connection',
      namespace: target.site.namespace,
    });
    const client = await managementClient(
      {
        ...deps,
        log,
        onConnected: () => handlers.onConnection(),
        onDisconnected: () => handlers.onConnection(),
      },
      optionsOf(target),
    ).start(new AbortController().signal);
    const beacons = new EarlyBeacons({ client, random: deps.random }, target.site.id);
    const announcer = siteAnnouncer(
      { client, clock: deps.clock },
      { ...target.site, siteId: target.site.id },
    );
    let network: readonly NetworkSite[] | undefined;
    const onChange = (view: NetworkView): void => {
      beacons.onView(view);
      network = siteNetwork(view);
      handlers.onNetwork();
    };
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
    const watcher = networkWatcher({ client: carrier, clock: deps.clock, onChange });
    return new ManagementConnection({
      client,
      watcher,
      announcer,
      beacons,
      network: () => network,
    });
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

type Carrier = Pick<ManagementClient, 'onConnected' | 'send' | 'subscribe'>;

interface Parts {
  readonly client: ManagementClient;
  readonly watcher: NetworkWatcher;
  readonly announcer: SiteAnnouncer;
  readonly beacons: EarlyBeacons;
  readonly network: () => readonly NetworkSite[] | undefined;
}

class ManagementConnection implements RouterConnection {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get connected(): boolean {
    return this.#parts.client.isConnected;
  }

  get network(): readonly NetworkSite[] | undefined {
    return this.#parts.network();
  }

  async query(type: ManagedType): Promise<readonly EntityRow[]> {
    return this.#parts.client.query(type);
  }

  async create(type: ManagedType, name: string, attributes: Attributes): Promise<void> {
    await this.#parts.client.create(type, name, { ...attributes });
    if (type === 'connector') this.#parts.beacons.onLinkMade();
  }

  async update(type: ManagedType, name: string, attributes: Attributes): Promise<void> {
    await this.#parts.client.update({ type, name }, { ...attributes });
  }

  async delete(type: ManagedType, name: string): Promise<void> {
    await this.#parts.client.delete({ type, name });
  }

  async close(): Promise<void> {
    const { client, watcher, announcer, beacons } = this.#parts;
    beacons.stop();
    await watcher.stop({ graceMs: 0 });
    await announcer.stop({ graceMs: 0 });
    await client.stop({ graceMs: 500 });
  }
}
