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
import {
  encodeFlowMessage,
  flowAddresses,
  type NetworkView,
  siteNetwork,
} from '#telemetry/index.ts';
import { routerServerName } from '../names.ts';
import type { NetworkSite } from '../network.ts';
import type { EntityRow, ManagedType } from '../router-config/difference.ts';
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
    const beacon = new RepeatedBeacon(client, target.site.id);
    const announcer = siteAnnouncer(
      { client, clock: deps.clock },
      { ...target.site, siteId: target.site.id },
    );
    let network: readonly NetworkSite[] | undefined;
    const onChange = (view: NetworkView): void => {
      beacon.onView(view);
      network = siteNetwork(view);
      handlers.onNetwork();
    };
    const watcher = networkWatcher({ client, clock: deps.clock, onChange });
    return new ManagementConnection({ client, watcher, announcer, beacon, network: () => network });
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

interface Parts {
  readonly client: ManagementClient;
  readonly watcher: NetworkWatcher;
  readonly announcer: SiteAnnouncer;
  readonly beacon: RepeatedBeacon;
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
  }

  async update(type: ManagedType, name: string, attributes: Attributes): Promise<void> {
    await this.#parts.client.update({ type, name }, { ...attributes });
  }

  async delete(type: ManagedType, name: string): Promise<void> {
    await this.#parts.client.delete({ type, name });
  }

  async close(): Promise<void> {
    const { client, watcher, announcer, beacon } = this.#parts;
    beacon.stop();
    await watcher.stop({ graceMs: 0 });
    await announcer.stop({ graceMs: 0 });
    await client.stop({ graceMs: 500 });
  }
}

/**
 * When to repeat our beacon after a new router was seen: the controllers behind it listen for it,
 * but the routers in between may not know that yet. Milliseconds.
 */
const beaconsAfterNewRouterMs = [0, 150, 400, 1000, 2500] as const;

/** Beacons are due every ten seconds; a newcomer should not have to wait that long. */
class RepeatedBeacon {
  readonly #client: ManagementClient;
  readonly #siteId: string;
  readonly #timers = new Set<NodeJS.Timeout>();
  #seen: ReadonlySet<string> = new Set();
  #messageId = 1;

  constructor(client: ManagementClient, siteId: string) {
    this.#client = client;
    this.#siteId = siteId;
  }

  onView(view: NetworkView): void {
    const routers = new Set(
      view.sites.flatMap((site) => site.routers.map(({ identity }) => identity)),
    );
    const isNew = [...routers].some((identity) => !this.#seen.has(identity));
    this.#seen = routers;
    if (!isNew) return;
    this.stop();
    for (const delayMs of beaconsAfterNewRouterMs) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#send();
      }, delayMs);
      this.#timers.add(timer);
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #send(): void {
    const { beacons, records, command } = flowAddresses(this.#siteId, 'CONTROLLER');
    const beacon = {
      subject: 'BEACON',
      to: beacons,
      sourceType: 'CONTROLLER',
      id: this.#siteId,
      address: records,
      direct: command,
    } as const;
    this.#client.send(encodeFlowMessage(beacon, this.#messageId++));
  }
}
