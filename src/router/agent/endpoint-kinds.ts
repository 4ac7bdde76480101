/** Kinds that open sockets or hold their material: listener, connector, sslProfile. */
import type { SaslMechanism } from '#amqp/index.ts';
import { RouterError } from '../errors.ts';
import type { AmqpConnector, AmqpConnectorOptions } from '../endpoint/amqp-connector.ts';
import {
  type AcceptedRole,
  AmqpListener,
  type AmqpListenerOptions,
} from '../endpoint/amqp-listener.ts';
import type { HealthListener, HealthListenerOptions } from '../endpoint/health-listener.ts';
import type { TlsProfileFiles, TlsProfiles } from '../endpoint/tls-profiles.ts';
import {
  type Attributes,
  type Entity,
  type EntityKind,
  invalid,
  optionalBoolean,
  optionalNumber,
  optionalText,
  portOf,
  required,
  textOf,
  unsupported,
} from './entity.ts';
import { EntityShelf } from './entity-shelf.ts';

export interface ListenerKindDeps {
  readonly open: (options: AmqpListenerOptions) => AmqpListener;
  readonly openHealth: (options: HealthListenerOptions) => HealthListener;
  /** The router is an edge router: no other router may connect to it. */
  readonly edge: boolean;
  /** Identity of the flow record for a listener of routers. */
  readonly accessId: (name: string) => string | undefined;
  readonly onClosed: (name: string) => void;
}

export class ListenerKind implements EntityKind {
  readonly type = 'listener';
  readonly #deps: ListenerKindDeps;
  readonly shelf = new EntityShelf<AmqpListener | HealthListener>('listener');

  constructor(deps: ListenerKindDeps) {
    this.#deps = deps;
  }

  *entities(): Iterable<Entity> {
    for (const item of this.shelf.items()) yield this.#show(item.name);
  }

  async create(name: string | undefined, attributes: Attributes): Promise<Entity> {
    const role = optionalText(attributes, 'role') ?? 'normal';
    if (!isAcceptedRole(role)) throw unsupported(`role ${role}`);
    if (this.#deps.edge && role !== 'normal') {
      throw unsupported(`role ${role} of a listener in a router of mode edge`);
    }
    const host = textOf(attributes, 'host');
    const port = portOf(attributes);
    const identity = `${host}:${textOf(attributes, 'port')}${name === undefined ? '' : `:${name}`}`;
    const given = name ?? `listener/${identity}`;
    this.shelf.requireFree(given);
    const item =
      optionalBoolean(attributes, 'http') === true
        ? this.#deps.openHealth({ name: given, host, port })
        : this.#deps.open({
            name: given,
            host,
            port,
            role,
            accessId: role === 'normal' ? undefined : this.#deps.accessId(given),
            ...commonOptions(attributes),
            authenticatePeer: optionalBoolean(attributes, 'authenticatePeer') ?? false,
          });
    this.shelf.add({ name: given, identity: `listener/${identity}`, attributes, item });
    try {
      await item.start();
    } catch (thrown) {
      // It goes on trying; the reason shows in the log and in the entity.
      if (!(thrown instanceof RouterError)) throw thrown;
    }
    return this.#show(given);
  }

  async delete(identity: string): Promise<void> {
    const { name, item } = this.shelf.take(identity);
    await item.stop();
    this.#deps.onClosed(name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.shelf.items()].map(({ item }) => item.stop()));
  }

  /** Closes connections of revoked certificates. @returns how many, once they are closed */
  async closeRevoked(): Promise<number> {
    const counts = await Promise.all(
      [...this.shelf.items()].map(async ({ item }) =>
        item instanceof AmqpListener ? await item.closeRevoked() : 0,
      ),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #show(name: string): Entity {
    return this.shelf.show(name, (item) => ({
      operStatus: item.boundPort === undefined ? 'down' : 'up',
      boundPort: item.boundPort ?? null,
    }));
  }
}

export interface ConnectorKindDeps {
  /** The router is an edge router: it dials interior ones in that role. */
  readonly edge: boolean;
  readonly open: (options: AmqpConnectorOptions) => AmqpConnector;
  readonly dataConnections: number;
  readonly onClosed: (name: string) => void;
}

export class ConnectorKind implements EntityKind {
  readonly type = 'connector';
  readonly #deps: ConnectorKindDeps;
  readonly shelf = new EntityShelf<AmqpConnector>('connector');

  constructor(deps: ConnectorKindDeps) {
    this.#deps = deps;
  }

  *entities(): Iterable<Entity> {
    for (const item of this.shelf.items()) yield this.#show(item.name);
  }

  async create(name: string | undefined, attributes: Attributes): Promise<Entity> {
    const role = optionalText(attributes, 'role') ?? 'normal';
    if (role !== 'inter-router' && role !== 'edge') throw unsupported(`role ${role}`);
    if (this.#deps.edge !== (role === 'edge')) {
      const mode = this.#deps.edge ? 'edge' : 'interior';
      throw unsupported(`role ${role} of a connector in a router of mode ${mode}`);
    }
    const host = required(attributes, 'host');
    const port = portOf(attributes);
    const identity = `${host}:${textOf(attributes, 'port')}${name === undefined ? '' : `:${name}`}`;
    const given = name ?? `connector/${identity}`;
    this.shelf.requireFree(given);
    const item = this.#deps.open({
      name: given,
      host,
      port,
      role,
      proxyProfile: optionalText(attributes, 'proxyProfile'),
      ...commonOptions(attributes),
      verifyHostname: optionalBoolean(attributes, 'verifyHostname') ?? true,
      dataConnections: role === 'edge' ? 0 : this.#deps.dataConnections,
    });
    this.shelf.add({ name: given, identity: `connector/${identity}`, attributes, item });
    await item.start();
    return this.#show(given);
  }

  async delete(identity: string): Promise<void> {
    const { name, item } = this.shelf.take(identity);
    await item.stop();
    this.#deps.onClosed(name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.shelf.items()].map(({ item }) => item.stop()));
  }

  #show(name: string): Entity {
    return this.shelf.show(name, (item) => ({
      connectionStatus: item.connectionStatus,
      connectionMsg: item.connectionMsg,
    }));
  }
}

export class SslProfileKind implements EntityKind {
  readonly type = 'sslProfile';
  readonly #profiles: TlsProfiles;
  readonly #onUpdated: (name: string) => void;
  readonly #shelf = new EntityShelf<undefined>('sslProfile');

  constructor(profiles: TlsProfiles, onUpdated: (name: string) => void) {
    this.#profiles = profiles;
    this.#onUpdated = onUpdated;
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.#shelf.items()) yield this.#shelf.show(name, () => ({}));
  }

  create(name: string | undefined, attributes: Attributes): Entity {
    if (name === undefined) throw invalid('name', 'is missing');
    this.#shelf.requireFree(name);
    this.#profiles.set(name, filesOf(attributes));
    this.#shelf.add({ name, identity: `sslProfile/${name}`, attributes, item: undefined });
    return this.#shelf.show(name, () => ({}));
  }

  update(identity: string, changes: Attributes): Entity {
    const entry = this.#shelf.change(identity, changes);
    this.#profiles.set(entry.name, filesOf(entry.attributes));
    this.#onUpdated(entry.name);
    return this.#shelf.show(entry.name, () => ({}));
  }

  delete(identity: string): void {
    this.#profiles.delete(this.#shelf.take(identity).name);
  }
}

function isAcceptedRole(role: string): role is AcceptedRole {
  return role === 'normal' || role === 'inter-router' || role === 'edge';
}

function filesOf(attributes: Attributes): TlsProfileFiles {
  return {
    caCertFile: optionalText(attributes, 'caCertFile'),
    certFile: optionalText(attributes, 'certFile'),
    privateKeyFile: optionalText(attributes, 'privateKeyFile'),
    ordinal: optionalNumber(attributes, 'ordinal') ?? 0,
    oldestValidOrdinal: optionalNumber(attributes, 'oldestValidOrdinal') ?? 0,
  };
}

function commonOptions(attributes: Attributes): {
  cost: number;
  sslProfile: string | undefined;
  saslMechanisms: readonly SaslMechanism[];
  maxFrameSizeBytes: number | undefined;
  idleTimeoutMs: number | undefined;
} {
  const sslProfile = optionalText(attributes, 'sslProfile');
  const idleSeconds = optionalNumber(attributes, 'idleTimeoutSeconds');
  return {
    cost: Math.max(1, optionalNumber(attributes, 'cost') ?? 1),
    sslProfile,
    saslMechanisms: mechanismsOf(attributes, sslProfile !== undefined),
    maxFrameSizeBytes: frameSizeOf(attributes),
    idleTimeoutMs: idleSeconds === undefined ? undefined : (idleSeconds * 1000) / 2,
  };
}

/** The default of the table is that of skupper-router; ours is larger. */
function frameSizeOf(attributes: Attributes): number | undefined {
  const size = optionalNumber(attributes, 'maxFrameSize');
  if (size === 16_384) return undefined;
  if (size !== undefined && size < 512) throw invalid('maxFrameSize', 'is below 512');
  return size;
}

function mechanismsOf(attributes: Attributes, tls: boolean): readonly SaslMechanism[] {
  const given = optionalText(attributes, 'saslMechanisms');
  if (given === undefined) return tls ? ['EXTERNAL', 'ANONYMOUS'] : ['ANONYMOUS'];
  const known: SaslMechanism[] = [];
  for (const word of given.split(/[\s,]+/u)) {
    if (word === 'EXTERNAL' || word === 'ANONYMOUS') known.push(word);
  }
  if (known.length === 0) throw invalid('saslMechanisms', 'has neither EXTERNAL nor ANONYMOUS');
  return known;
}
