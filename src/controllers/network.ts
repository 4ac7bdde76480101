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
