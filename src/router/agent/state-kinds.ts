/** Kinds that show the state of the router and are never created: router, node, address, ... */
import { type RouterView, routerAddress, routingArea, type RoutingEngine } from '#routing/index.ts';
import { ManagementError } from '#management/index.ts';
import type { AddressTable } from '../address-table.ts';
import type { ConnectionRecord, ConnectionTable } from '../endpoint/connection-table.ts';
import { distributionOf } from '../treatment-rules.ts';
import type { Attributes, AttributeValue, Entity, EntityKind } from './entity.ts';

/** What is shown of a router. */
export interface ShownRouter {
  readonly options: {
    readonly id: string;
    readonly mode: string;
    readonly version: string;
    readonly metadata: string | undefined;
    readonly attributes: Attributes;
  };
  readonly driver: { readonly engine: RoutingEngine };
  readonly addresses: AddressTable;
  readonly connections: ConnectionTable;
}

/** A kind that only shows. */
export class StateKind implements EntityKind {
  readonly type: string;
  readonly #read: () => Iterable<Entity>;

  constructor(type: string, read: () => Iterable<Entity>) {
    this.type = type;
    this.#read = read;
  }

  entities(): Iterable<Entity> {
    return this.#read();
  }
}

/** The kinds that show the state of `router`. */
export function stateKinds(
  router: ShownRouter,
  startedAtMs: number,
  nowMs: () => number,
): EntityKind[] {
  return [
    new StateKind('router', () => [showRouter(router, startedAtMs, nowMs())]),
    new StateKind('router.node', () => router.driver.engine.routers().map(showNode)),
    new StateKind('router.address', () => showAddresses(router)),
    new StateKind('routerMetrics', () => [showMetrics(router, startedAtMs, nowMs())]),
    new ConnectionKind(router, nowMs),
  ];
}

class ConnectionKind implements EntityKind {
  readonly type = 'connection';
  readonly #router: ShownRouter;
  readonly #nowMs: () => number;

  constructor(router: ShownRouter, nowMs: () => number) {
    this.#router = router;
    this.#nowMs = nowMs;
  }

  *entities(): Iterable<Entity> {
    for (const record of this.#router.connections.records()) yield this.#show(record);
  }

  /** `adminStatus: deleted` closes a connection. */
  update(identity: string, changes: Attributes): Entity {
    const record = this.#router.connections.get(Number(identity));
    if (record === undefined) {
      throw new ManagementError('MANAGEMENT_NOT_FOUND', `no connection ${identity}`);
    }
    if (changes['adminStatus'] === 'deleted') {
      if (record.role !== 'normal') {
        throw new ManagementError(
          'MANAGEMENT_FORBIDDEN',
          'connections between routers are closed by deleting their connector or listener',
        );
      }
      record.connection?.close({ condition: 'amqp:connection:forced', description: 'deleted' });
    }
    return this.#show(record);
  }

  #show(record: ConnectionRecord): Entity {
    const identity = String(record.number);
    const { tls } = record.peer;
    return {
      name: `connection/${record.peer.remote.host}:${record.peer.remote.port}:${identity}`,
      identity,
      attributes: {
        container: record.open?.containerId ?? null,
        host: `${record.peer.remote.host}:${record.peer.remote.port}`,
        role: record.role,
        dir: record.direction,
        opened: true,
        active: true,
        operStatus: 'up',
        adminStatus: 'enabled',
        protocol: 'amqp',
        isAuthenticated: tls?.peerCertificate !== undefined,
        isEncrypted: tls !== undefined,
        ssl: tls !== undefined,
        sslProto: tls?.protocol ?? null,
        sslCipher: tls?.cipher ?? null,
        sasl: record.connection?.saslMechanism ?? null,
        user: tls?.peerCertificate?.subject ?? 'anonymous',
        properties: textProperties(record),
        uptimeSeconds: Math.floor((this.#nowMs() - record.openedAtMs) / 1000),
        tlsOrdinal: record.ordinal,
        peerSerialNumber: tls?.peerCertificate?.serialNumber ?? null,
        groupCorrelationId:
          record.correlator ?? textOr(record.open?.properties.get('qd.group-correlator')),
      },
    };
  }
}

function showRouter(router: ShownRouter, startedAtMs: number, nowMs: number): Entity {
  const { id, mode, version, metadata, attributes } = router.options;
  return {
    name: `router/${id}`,
    identity: `router/${id}`,
    attributes: {
      ...attributes,
      id,
      mode,
      area: routingArea,
      version,
      metadata: metadata ?? null,
      uptimeSeconds: Math.floor((nowMs - startedAtMs) / 1000),
      connectionCount: router.connections.size,
      nodeCount: router.driver.engine.routers().length,
    },
  };
}

function showMetrics(router: ShownRouter, startedAtMs: number, nowMs: number): Entity {
  let addresses = 0;
  for (const _address of router.addresses.mobiles()) addresses++;
  return {
    name: 'routerMetrics',
    identity: 'routerMetrics',
    attributes: {
      id: router.options.id,
      addrCount: addresses + router.addresses.localNames,
      nodeCount: router.driver.engine.routers().length,
      connectionCount: router.connections.size,
      uptimeSeconds: Math.floor((nowMs - startedAtMs) / 1000),
    },
  };
}

function showNode(view: RouterView, index: number): Entity {
  const neighbour = !view.self && view.reachable && view.nextHop === undefined;
  return {
    name: `router.node/${view.id}`,
    identity: `router.node/${view.id}`,
    attributes: {
      id: view.id,
      protocolVersion: 1,
      instance: view.instance,
      linkState: [...view.linkState],
      nextHop: nextHopOf(view, neighbour),
      validOrigins: [...view.validOrigins],
      address: routerAddress(view.id, '').replace(/\/$/u, ''),
      routerLink: neighbour ? (view.connection ?? null) : null,
      cost: view.cost ?? null,
      lastTopoChange: null,
      index,
    },
  };
}

function nextHopOf(view: RouterView, neighbour: boolean): AttributeValue {
  if (view.self) return '(self)';
  return neighbour ? null : (view.nextHop ?? null);
}

function* showAddresses(router: ShownRouter): Iterable<Entity> {
  const shown = new Set<string>();
  const remotes = new Map(router.driver.engine.addresses().map((view) => [view.key, view]));
  for (const address of router.addresses.mobiles()) {
    shown.add(address.key);
    yield addressEntity(address.key, {
      distribution: distributionOf(address.treatment),
      inProcess: address.consumers.filter(({ stream }) => stream !== undefined).length,
      subscriberCount: address.consumers.length,
      remoteCount: remotes.get(address.key)?.remotes.length ?? 0,
      remoteHostRouters: [...(remotes.get(address.key)?.remotes ?? [])],
      deliveriesIngress: address.deliveries,
    });
  }
  for (const view of remotes.values()) {
    if (shown.has(view.key)) continue;
    yield addressEntity(view.key, {
      distribution: distributionOf(view.treatment),
      inProcess: 0,
      subscriberCount: 0,
      remoteCount: view.remotes.length,
      remoteHostRouters: [...view.remotes],
      deliveriesIngress: 0,
    });
  }
}

function addressEntity(key: string, attributes: Attributes): Entity {
  return { name: key, identity: key, attributes: { key, ...attributes } };
}

function textProperties(record: ConnectionRecord): AttributeValue {
  const properties: Record<string, AttributeValue> = {};
  for (const [name, value] of record.open?.properties ?? []) {
    if (typeof value === 'string' || typeof value === 'number') properties[name] = value;
  }
  return properties;
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
