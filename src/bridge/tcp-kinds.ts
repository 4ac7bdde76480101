/** Kinds of the bridge: tcpListener, tcpConnector and listenerAddress. */
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import {
  type Attributes,
  type Entity,
  type EntityKind,
  EntityShelf,
  invalidAttribute,
  optionalBoolean,
  optionalNumber,
  optionalText,
  portOf,
  required,
  type StreamRouter,
  textOf,
  type TlsProfileSource,
} from '#router/index.ts';
import { type AddressStrategy, ListenerAddresses } from './listener-addresses.ts';
import { TcpConnector } from './tcp-connector.ts';
import { TcpListener } from './tcp-listener.ts';
import { TurnFlusher } from './turn-flusher.ts';

/** Most TCP connections open at one time, per listener and per connector. */
export const tcpConnectionsMax = 20_000;

export interface BridgeDeps {
  readonly router: StreamRouter;
  readonly tls: TlsProfileSource;
  readonly random: Random;
  readonly log: Logger;
  /** Told the size of every buffer read from a socket. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** Entities of a kind came or went; flow records follow. */
export type OnEntity = (event: 'created' | 'deleted', name: string) => void;

export class TcpListenerKind implements EntityKind {
  readonly type = 'tcpListener';
  readonly shelf = new EntityShelf<TcpListener>('tcpListener');
  readonly #deps: BridgeDeps;
  readonly #flusher: TurnFlusher;

  constructor(deps: BridgeDeps, flusher: TurnFlusher) {
    this.#deps = deps;
    this.#flusher = flusher;
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.shelf.items()) yield this.#show(name);
  }

  create(name: string | undefined, attributes: Attributes): Entity {
    const host = textOf(attributes, 'host');
    const port = portOf(attributes);
    const identity = identityOf('tcpListener', host, attributes, name);
    const given = name ?? identity;
    this.shelf.requireFree(given);
    const strategy = strategyOf(attributes);
    const addresses = new ListenerAddresses(this.#deps, strategy);
    if (strategy === 'none') addresses.add(required(attributes, 'address'), 0);
    const item = new TcpListener(
      { ...this.#deps, flusher: this.#flusher, addresses },
      {
        name: given,
        host,
        port,
        sslProfile: optionalText(attributes, 'sslProfile'),
        authenticatePeer: optionalBoolean(attributes, 'authenticatePeer') ?? false,
        backlog: optionalNumber(attributes, 'backlog'),
        connectionsMax: tcpConnectionsMax,
        sharePort: optionalBoolean(attributes, 'sharePort') ?? false,
      },
    );
    this.shelf.add({ name: given, identity, attributes, item });
    item.start();
    return this.#show(given);
  }

  /** `sharePort` opens the socket anew; `observer` is kept and not acted on. */
  update(identity: string, changes: Attributes): Entity {
    const { name, item, attributes } = this.shelf.change(identity, changes);
    item.setSharePort(optionalBoolean(attributes, 'sharePort') ?? false);
    return this.#show(name);
  }

  /** One with a strategy must have lost its addresses before, as with skupper-router. */
  delete(identity: string): void {
    for (const entry of this.shelf.items()) {
      const { strategy, size } = entry.item.addresses;
      if (entry.identity !== identity || strategy === 'none' || size === 0) continue;
      throw invalidAttribute('name', `names a tcpListener that has listenerAddress entities`);
    }
    this.shelf.take(identity).item.stop();
  }

  stop(): void {
    for (const { item } of this.shelf.items()) item.stop();
  }

  #show(name: string): Entity {
    return this.shelf.show(name, (item) => ({
      operStatus: item.operStatus,
      connectionMsg: item.connectionMsg,
      boundPort: item.boundPort ?? null,
      ...item.counters,
    }));
  }
}

export class TcpConnectorKind implements EntityKind {
  readonly type = 'tcpConnector';
  readonly shelf = new EntityShelf<TcpConnector>('tcpConnector');
  readonly #deps: BridgeDeps;
  readonly #flusher: TurnFlusher;

  constructor(deps: BridgeDeps, flusher: TurnFlusher) {
    this.#deps = deps;
    this.#flusher = flusher;
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.shelf.items()) yield this.#show(name);
  }

  create(name: string | undefined, attributes: Attributes): Entity {
    const host = required(attributes, 'host');
    const identity = identityOf('tcpConnector', host, attributes, name);
    const given = name ?? identity;
    this.shelf.requireFree(given);
    const item = new TcpConnector(
      { ...this.#deps, flusher: this.#flusher },
      {
        name: given,
        address: required(attributes, 'address'),
        host,
        port: portOf(attributes),
        sslProfile: optionalText(attributes, 'sslProfile'),
        verifyHostname: optionalBoolean(attributes, 'verifyHostname') ?? true,
        connectionsMax: tcpConnectionsMax,
      },
    );
    this.shelf.add({ name: given, identity, attributes, item });
    item.start();
    return this.#show(given);
  }

  delete(identity: string): void {
    this.shelf.take(identity).item.stop();
  }

  stop(): void {
    for (const { item } of this.shelf.items()) item.stop();
  }

  #show(name: string): Entity {
    return this.shelf.show(name, (item) => ({
      operStatus: 'up',
      connectionMsg: item.lastFailure,
      ...item.counters,
    }));
  }
}

interface ListenerAddress {
  readonly listener: string;
  readonly address: string;
}

/** Addresses of tcpListeners with a strategy. */
export class ListenerAddressKind implements EntityKind {
  readonly type = 'listenerAddress';
  readonly #listeners: TcpListenerKind;
  readonly shelf = new EntityShelf<ListenerAddress>('listenerAddress');

  constructor(listeners: TcpListenerKind) {
    this.#listeners = listeners;
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.shelf.items()) yield this.#show(name);
  }

  create(name: string | undefined, attributes: Attributes): Entity {
    const listener = required(attributes, 'listener');
    const address = required(attributes, 'address');
    const given = name ?? `listenerAddress/${listener}:${address}`;
    this.shelf.requireFree(given);
    const target = this.#listeners.shelf.get(listener);
    if (target === undefined)
      throw invalidAttribute('listener', `names no tcpListener: ${listener}`);
    if (target.item.addresses.strategy === 'none') {
      throw invalidAttribute('listener', `has no multiAddressStrategy: ${listener}`);
    }
    if (target.item.addresses.has(address)) {
      throw invalidAttribute('address', 'is there already on this listener');
    }
    target.item.addresses.add(address, optionalNumber(attributes, 'value') ?? 0);
    target.item.refresh();
    this.shelf.add({
      name: given,
      identity: name === undefined ? given : `listenerAddress/${name}`,
      attributes,
      item: { listener, address },
    });
    return this.#show(given);
  }

  delete(identity: string): void {
    const { item } = this.shelf.take(identity);
    this.#listeners.shelf.get(item.listener)?.item.addresses.remove(item.address);
  }

  #show(name: string): Entity {
    return this.shelf.show(name, ({ listener, address }) => ({
      connectionsOpened:
        this.#listeners.shelf.get(listener)?.item.addresses.connectionsOpened(address) ?? 0,
    }));
  }
}

/** The bridge of one router: its kinds, and a stop for all that they run. */
export interface Bridge {
  readonly listeners: TcpListenerKind;
  readonly connectors: TcpConnectorKind;
  readonly addresses: ListenerAddressKind;
  readonly kinds: readonly EntityKind[];
  stop(): void;
}

export function createBridge(deps: BridgeDeps): Bridge {
  const flusher = new TurnFlusher();
  const listeners = new TcpListenerKind(deps, flusher);
  const connectors = new TcpConnectorKind(deps, flusher);
  const addresses = new ListenerAddressKind(listeners);
  return {
    listeners,
    connectors,
    addresses,
    kinds: [listeners, connectors, addresses],
    stop: () => {
      listeners.stop();
      connectors.stop();
    },
  };
}

function strategyOf(attributes: Attributes): AddressStrategy {
  const word = optionalText(attributes, 'multiAddressStrategy') ?? 'none';
  if (word === 'none' || word === 'priority' || word === 'weighted') return word;
  throw invalidAttribute('multiAddressStrategy', `cannot be ${word}`);
}

function identityOf(
  type: string,
  host: string,
  attributes: Attributes,
  name: string | undefined,
): string {
  const where = `${type}/${host}:${textOf(attributes, 'port')}`;
  return name === undefined ? where : `${where}:${name}`;
}
