/** Questions the controllers ask about the network as a router's flow records show it. */

/** One site of the network, in the form of `Site.status.network[]`. */
export interface NetworkSite {
  readonly id: string;
  readonly name: string;
  readonly namespace?: string;
  readonly platform?: string;
  readonly version?: string;
  readonly links?: readonly NetworkLink[];
  readonly services?: readonly NetworkService[];
}

export interface NetworkLink {
  readonly name: string;
  readonly remoteSiteId?: string;
  readonly remoteSiteName?: string;
  readonly operational?: boolean;
}

export interface NetworkService {
  readonly routingKey: string;
  /** Hosts that connectors lead to. */
  readonly connectors?: readonly string[];
  /** Names of listeners. */
  readonly listeners?: readonly string[];
}

/**
 * The same site seen by several routers becomes one: what any of them knows of it counts, and a link
 * works when it does for one of them. A router that has just started knows little yet.
 */
export function joinedNetwork(seen: readonly NetworkSite[]): readonly NetworkSite[] {
  const sites = new Map<string, NetworkSite>();
  for (const site of seen) {
    const known = sites.get(site.id);
    sites.set(site.id, known === undefined ? site : joinedSite(known, site));
  }
  return [...sites.values()].toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
}

function joinedSite(one: NetworkSite, other: NetworkSite): NetworkSite {
  const links = new Map((one.links ?? []).map((link) => [link.name, link]));
  for (const link of other.links ?? []) {
    const known = links.get(link.name);
    if (known === undefined || tells(link) > tells(known)) links.set(link.name, link);
  }
  const services = new Map((one.services ?? []).map((each) => [each.routingKey, each]));
  for (const service of other.services ?? []) {
    const { routingKey } = service;
    const known = services.get(routingKey);
    services.set(routingKey, {
      routingKey,
      connectors: longer(known?.connectors, service.connectors),
      listeners: longer(known?.listeners, service.listeners),
    });
  }
  return {
    ...one,
    links: [...links.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    services: [...services.values()].toSorted((a, b) => (a.routingKey < b.routingKey ? -1 : 1)),
  };
}

/** That a link works counts most, then to know where it leads. */
function tells({ operational, remoteSiteId = '', remoteSiteName = '' }: NetworkLink): number {
  return (
    (operational === true ? 4 : 0) + (remoteSiteId === '' ? 0 : 2) + (remoteSiteName === '' ? 0 : 1)
  );
}

/** Each router lists what it knows once, so the longer list has it all. */
function longer(one: readonly string[] = [], other: readonly string[] = []): readonly string[] {
  return other.length > one.length ? other : one;
}

/** The record of a link of a site. */
export function findLink(
  network: readonly NetworkSite[],
  siteId: string,
  link: string,
): NetworkLink | undefined {
  return network.find(({ id }) => id === siteId)?.links?.find(({ name }) => name === link);
}

/** True when a connector with that routing key leads somewhere, anywhere in the network. */
export function hasConnector(network: readonly NetworkSite[], routingKey: string): boolean {
  return someService(network, routingKey, (service) =>
    (service.connectors ?? []).some((host) => host !== ''),
  );
}

/** True when a listener with that routing key is open anywhere in the network. */
export function hasListener(network: readonly NetworkSite[], routingKey: string): boolean {
  return someService(network, routingKey, (service) => (service.listeners ?? []).length > 0);
}

function someService(
  network: readonly NetworkSite[],
  routingKey: string,
  has: (service: NetworkService) => boolean,
): boolean {
  return network.some((site) =>
    (site.services ?? []).some((service) => service.routingKey === routingKey && has(service)),
  );
}
