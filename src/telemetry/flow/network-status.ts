/** The view in the shapes that Skupper publishes. @spec skupper-api 1.1, 8.1 */
import type { FlowRouterView, LinkView, NetworkView, SiteView } from './network-view.ts';

/** One entry of `Site.status.network`. */
export interface SiteNetworkEntry {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly platform: string;
  readonly version: string;
  readonly links: readonly {
    readonly name: string;
    readonly remoteSiteId: string;
    readonly remoteSiteName: string;
    readonly operational: boolean;
  }[];
  readonly services: readonly {
    readonly routingKey: string;
    readonly connectors: readonly string[];
    readonly listeners: readonly string[];
  }[];
}

/**
 * `Site.status.network`: announced sites by id, their links and services by name. Routers of one
 * site that have the same link or service count once; links between them do not count.
 */
export function siteNetwork(view: NetworkView): SiteNetworkEntry[] {
  return view.sites
    .filter((site) => site.announced)
    .map((site) => ({
      id: site.id,
      name: site.name,
      namespace: site.namespace,
      platform: site.platform,
      version: site.version,
      links: links(site),
      services: services(site),
    }));
}

function links(site: SiteView): SiteNetworkEntry['links'] {
  const found = new Map<string, LinkView>();
  for (const link of site.routers.flatMap((router) => router.links)) {
    if (link.remoteSiteId === site.id) continue;
    const known = found.get(link.name);
    if (known === undefined || tells(link) > tells(known)) found.set(link.name, link);
  }
  return [...found.values()]
    .map((link) => ({
      name: link.name,
      remoteSiteId: link.remoteSiteId ?? '',
      remoteSiteName: link.remoteSiteName ?? '',
      operational: link.up,
    }))
    .toSorted((a, b) => compare(a.name, b.name));
}

/** One router whose link is up is enough; of several the one that knows where it leads. */
function tells({ up, remoteSiteId, remoteSiteName }: LinkView): number {
  return (
    (up ? 4 : 0) + (remoteSiteId === undefined ? 0 : 2) + (remoteSiteName === undefined ? 0 : 1)
  );
}

/** The value of `NetworkStatus` in the ConfigMap `skupper-network-status`. */
export function networkStatus(view: NetworkView): Readonly<Record<string, unknown>> {
  const announced = view.sites.filter((site) => site.announced);
  return {
    addresses: addresses(view),
    siteStatus: announced.map((site) => ({
      site: {
        identity: site.id,
        name: site.name,
        namespace: site.namespace,
        platform: site.platform,
        siteVersion: site.version,
      },
      routerStatus: site.routers.map(routerStatus),
    })),
  };
}

function routerStatus(router: FlowRouterView): Readonly<Record<string, unknown>> {
  return {
    router: {
      name: router.name,
      namespace: router.namespace,
      mode: router.mode,
      imageName: router.imageName,
      imageVersion: router.imageVersion,
      hostname: router.hostName,
    },
    links: router.links.map((link) => ({
      name: link.name,
      linkCost: link.cost,
      status: link.up ? 'up' : 'down',
      role: link.role,
      peer: link.peer ?? '',
    })),
    routerAccess: router.accesses.map((identity) => ({ identity })),
    listeners: router.listeners.map(({ name, host, port, protocol, address }) => ({
      name,
      destHost: host,
      destPort: port,
      protocol,
      address,
    })),
    connectors: router.connectors.map(({ host, port, address, process, processName }) => ({
      destHost: host,
      destPort: port,
      address,
      process: process ?? '',
      target: processName ?? '',
    })),
  };
}

function services(site: SiteView): SiteNetworkEntry['services'] {
  const found = new Map<string, { connectors: string[]; listeners: string[] }>();
  const of = (routingKey: string) => {
    const known = found.get(routingKey) ?? { connectors: [], listeners: [] };
    found.set(routingKey, known);
    return known;
  };
  const seen = new Set<string>();
  const isNew = (...parts: readonly string[]): boolean => {
    const { size } = seen;
    return seen.add(parts.join(' ')).size > size;
  };
  for (const router of site.routers) {
    for (const { name, host, port, address, identity } of router.connectors) {
      const by = name === '' ? identity : name;
      if (isNew('connector', address, by, host, port)) of(address).connectors.push(host);
    }
    for (const { name, host, port, address, identity } of router.listeners) {
      const by = name === '' ? identity : name;
      if (isNew('listener', address, by, host, port)) of(address).listeners.push(name);
    }
  }
  return [...found]
    .map(([routingKey, { connectors, listeners }]) => ({
      routingKey,
      connectors: connectors.toSorted(compare),
      listeners: listeners.toSorted(compare),
    }))
    .toSorted((a, b) => compare(a.routingKey, b.routingKey));
}

function addresses(view: NetworkView): readonly Readonly<Record<string, unknown>>[] {
  const found = new Map<
    string,
    { protocol: string; listenerCount: number; connectorCount: number }
  >();
  const of = (name: string, protocol: string) => {
    const known = found.get(name) ?? { protocol, listenerCount: 0, connectorCount: 0 };
    found.set(name, known);
    return known;
  };
  for (const router of view.sites.flatMap((site) => site.routers)) {
    for (const entry of router.listeners) of(entry.address, entry.protocol).listenerCount++;
    for (const entry of router.connectors) of(entry.address, entry.protocol).connectorCount++;
  }
  return [...found]
    .map(([name, counts]) => ({ name, ...counts }))
    .toSorted((a, b) => compare(a.name, b.name));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
