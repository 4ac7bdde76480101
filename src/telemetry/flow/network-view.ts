/** The network as its flow records tell it: sites, their routers, links, listeners and connectors. */
import {
  FlowAttribute as A,
  type FlowRecord,
  FlowRecordType,
  flowNumber,
  flowText,
} from './record.ts';

export interface LinkView {
  readonly identity: string;
  /** Name of the connector, which is the name of the Link. */
  readonly name: string;
  readonly cost: number;
  readonly up: boolean;
  readonly role: string;
  /** Identity of the access point at the other end. */
  readonly peer: string | undefined;
  readonly remoteSiteId: string | undefined;
  readonly remoteSiteName: string | undefined;
}

export interface ListenerView {
  readonly identity: string;
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly protocol: string;
  readonly address: string;
}

export interface ConnectorView extends ListenerView {
  /** Identity of the process behind it. */
  readonly process: string | undefined;
  readonly processName: string | undefined;
}

export interface FlowRouterView {
  readonly identity: string;
  /** Router id without the area. */
  readonly name: string;
  readonly namespace: string;
  readonly mode: string;
  readonly hostName: string;
  readonly imageName: string;
  readonly imageVersion: string;
  readonly version: string;
  readonly links: readonly LinkView[];
  /** Identities of its access points for routers. */
  readonly accesses: readonly string[];
  /** Connections at its access points; undefined when none of them tells. */
  readonly linksIn: number | undefined;
  readonly listeners: readonly ListenerView[];
  readonly connectors: readonly ConnectorView[];
}

export interface SiteView {
  readonly id: string;
  /** False while only its routers have been heard, not the controller that names it. */
  readonly announced: boolean;
  readonly name: string;
  readonly namespace: string;
  readonly platform: string;
  readonly version: string;
  readonly provider: string;
  readonly location: string;
  readonly routers: readonly FlowRouterView[];
}

/** Sites by id, everything in them by identity: equal records give an equal view. */
export interface NetworkView {
  readonly sites: readonly SiteView[];
}

/** Builds the view. Records whose parents are unknown are left out. */
export function networkView(records: Iterable<FlowRecord>): NetworkView {
  const index = new RecordIndex(records);
  const siteIds = new Set<string>();
  for (const site of index.ofType(FlowRecordType.site)) siteIds.add(site.identity);
  for (const router of index.ofType(FlowRecordType.router)) {
    const parent = flowText(router, A.parent);
    if (parent !== undefined) siteIds.add(parent);
  }
  return { sites: [...siteIds].toSorted().map((id) => viewSite(index, id)) };
}

/** What the records say about one link of one site; undefined while it is unknown. */
export function findLink(
  view: NetworkView,
  siteId: string,
  linkName: string,
): LinkView | undefined {
  let found: LinkView | undefined;
  for (const router of view.sites.find((site) => site.id === siteId)?.routers ?? []) {
    for (const link of router.links) {
      // A site may have several routers with the same link: one that is up is enough.
      if (link.name === linkName && (found === undefined || (link.up && !found.up))) found = link;
    }
  }
  return found;
}

/** Numbers of listeners and connectors of a routing key in the whole network. */
export function countAddress(
  view: NetworkView,
  routingKey: string,
): { readonly listeners: number; readonly connectors: number } {
  let listeners = 0;
  let connectors = 0;
  for (const site of view.sites) {
    for (const router of site.routers) {
      listeners += router.listeners.filter((entry) => entry.address === routingKey).length;
      connectors += router.connectors.filter((entry) => entry.address === routingKey).length;
    }
  }
  return { listeners, connectors };
}

/** Records by type and by parent. */
class RecordIndex {
  readonly #byIdentity = new Map<string, FlowRecord>();
  readonly #byType = new Map<number, FlowRecord[]>();
  readonly #byParent = new Map<string, FlowRecord[]>();

  constructor(records: Iterable<FlowRecord>) {
    for (const record of records) {
      this.#byIdentity.set(record.identity, record);
      append(this.#byType, record.type, record);
      const parent = flowText(record, A.parent);
      if (parent !== undefined) append(this.#byParent, `${record.type} ${parent}`, record);
    }
  }

  get(identity: string | undefined): FlowRecord | undefined {
    return identity === undefined ? undefined : this.#byIdentity.get(identity);
  }

  ofType(type: number): readonly FlowRecord[] {
    return this.#byType.get(type) ?? [];
  }

  children(type: number, parent: string): readonly FlowRecord[] {
    const children = this.#byParent.get(`${type} ${parent}`) ?? [];
    return children.toSorted((a, b) => (a.identity < b.identity ? -1 : 1));
  }

  /** The site of an access point: its router's parent. */
  siteOfAccess(access: string | undefined): string | undefined {
    const record = this.get(access);
    if (record?.type !== FlowRecordType.routerAccess) return undefined;
    return flowText(this.get(flowText(record, A.parent)), A.parent);
  }

  siteName(id: string | undefined): string | undefined {
    return flowText(this.get(id), A.name);
  }
}

function append<K>(map: Map<K, FlowRecord[]>, key: K, record: FlowRecord): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [record]);
  else list.push(record);
}

function viewSite(index: RecordIndex, id: string): SiteView {
  const found = index.get(id);
  const record = found?.type === FlowRecordType.site ? found : undefined;
  return {
    id,
    announced: record !== undefined,
    name: flowText(record, A.name) ?? '',
    namespace: flowText(record, A.namespace) ?? '',
    platform: flowText(record, A.platform) ?? '',
    version: flowText(record, A.buildVersion) ?? '',
    provider: flowText(record, A.provider) ?? '',
    location: flowText(record, A.location) ?? '',
    routers: index.children(FlowRecordType.router, id).map((router) => viewRouter(index, router)),
  };
}

function viewRouter(index: RecordIndex, record: FlowRecord): FlowRouterView {
  const { identity } = record;
  const text = (code: A): string => flowText(record, code) ?? '';
  const accesses = index.children(FlowRecordType.routerAccess, identity);
  const counts = accesses.flatMap((access) => flowNumber(access, A.linkCount) ?? []);
  return {
    identity,
    name: text(A.name).replace(/^0\//u, ''),
    namespace: text(A.namespace),
    mode: text(A.mode),
    hostName: text(A.hostName),
    imageName: text(A.imageName),
    imageVersion: text(A.imageVersion),
    version: text(A.buildVersion),
    links: currentLinks(index.children(FlowRecordType.link, identity)).map((link) =>
      viewLink(index, link),
    ),
    accesses: accesses.map((access) => access.identity),
    linksIn: counts.length === 0 ? undefined : counts.reduce((sum, each) => sum + each, 0),
    listeners: index
      .children(FlowRecordType.listener, identity)
      .map((listener) => viewListener(listener)),
    connectors: index
      .children(FlowRecordType.connector, identity)
      .map((connector) => viewConnector(index, connector)),
  };
}

/**
 * A router has one link of a name. An older record of it is one whose end was told while we could
 * not hear the router.
 */
function currentLinks(records: readonly FlowRecord[]): readonly FlowRecord[] {
  const newest = new Map<string, FlowRecord>();
  for (const record of records) {
    const name = flowText(record, A.name) ?? record.identity;
    const known = newest.get(name);
    if (known === undefined || startOf(record) >= startOf(known)) newest.set(name, record);
  }
  return [...newest.values()];
}

function startOf(record: FlowRecord): number {
  return flowNumber(record, A.startTime) ?? 0;
}

function viewLink(index: RecordIndex, record: FlowRecord): LinkView {
  const peer = flowText(record, A.peer);
  const remoteSiteId = index.siteOfAccess(peer);
  return {
    identity: record.identity,
    name: flowText(record, A.name) ?? '',
    cost: flowNumber(record, A.linkCost) ?? 1,
    up: flowText(record, A.operStatus)?.toLowerCase() === 'up',
    role: flowText(record, A.role) ?? '',
    peer,
    remoteSiteId,
    remoteSiteName: index.siteName(remoteSiteId),
  };
}

function viewListener(record: FlowRecord): ListenerView {
  return {
    identity: record.identity,
    name: flowText(record, A.name) ?? '',
    host: flowText(record, A.destHost) ?? '',
    port: flowText(record, A.destPort) ?? '',
    protocol: flowText(record, A.protocol) ?? 'tcp',
    address: flowText(record, A.address) ?? '',
  };
}

function viewConnector(index: RecordIndex, record: FlowRecord): ConnectorView {
  const process = flowText(record, A.process);
  return {
    ...viewListener(record),
    process,
    processName: flowText(index.get(process), A.name),
  };
}
