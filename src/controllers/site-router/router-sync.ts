/**
 * Brings one router in line with its desired entities and remembers what it refused. Asks the router
 * only when something may differ: after a change, after a reconnect, and once in a while.
 */
import { isDeepStrictEqual } from 'node:util';
import { CodedError, messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import {
  difference,
  type EntityRow,
  managedTypes,
  type ManagedType,
  type RouterOperation,
} from '../router-config/difference.ts';
import type { RouterEntity } from '../router-config/entities.ts';
import type { RouterConnection } from './router-connection.ts';

/** How routers word that a socket cannot be opened; "no destination" is not a fault. */
const socketFault = /EADDR|EACCES|in use|not available|denied/i;
/** How they word that TLS failed, which is a fault of the configuration; a server away is none. */
const tlsFault = /certificate|altname|self-signed|issuer|\bSSL\b|\bTLS\b|handshake|alert/i;
/** Drift that nobody announced is looked for after this long; milliseconds. */
const trustMs = 60_000;

/** Types that routers which hold their credentials make themselves. */
const credentialTypes: ReadonlySet<string> = new Set(['sslProfile', 'proxyProfile']);

export interface RouterSyncOptions {
  /** The router makes its profiles, once it has the files for them; what needs them waits. */
  readonly holdsCredentials: boolean;
}

export class RouterSync {
  readonly #connection: RouterConnection;
  readonly #log: Logger;
  readonly #options: RouterSyncOptions;
  #isWaiting = false;
  #servingSinceMs: number | undefined;
  #applied: { readonly entities: readonly RouterEntity[]; readonly atMs: number } | undefined;
  #problems: ReadonlyMap<string, string> = new Map();
  #socketProblems: ReadonlyMap<string, string> = new Map();

  constructor(connection: RouterConnection, log: Logger, options: RouterSyncOptions) {
    this.#connection = connection;
    this.#log = log;
    this.#options = options;
  }

  /** True when the router refused something or cannot open a socket. */
  get hasProblems(): boolean {
    return this.#problems.size > 0 || this.#socketProblems.size > 0;
  }

  /** True when the router has not yet made all profiles that entities need. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** What is wrong with an entity according to the router. */
  problemOf(name: string): string | undefined {
    return this.#problems.get(name) ?? this.#socketProblems.get(name);
  }

  /** How long the router has had its entities, as far as it took them; 0 while it has not. */
  get servingMs(): number {
    return this.#servingSinceMs === undefined ? 0 : performance.now() - this.#servingSinceMs;
  }

  /** The router may be another one than before. */
  forget(): void {
    this.#servingSinceMs = undefined;
    this.#applied = undefined;
  }

  /**
   * @returns true when the problems are others than before
   * @throws CodedError when the router cannot be asked
   */
  async apply(entities: readonly RouterEntity[]): Promise<boolean> {
    const nowMs = performance.now();
    const known = this.#applied;
    const trusted = known !== undefined && nowMs - known.atMs < trustMs;
    if (trusted && isDeepStrictEqual(known.entities, entities)) return false;
    this.#applied = undefined;
    const actual = await this.#queryAll();
    const problems = new Map<string, string>();
    for (const operation of this.#operations(entities, actual)) {
      const problem = await this.#perform(operation);
      if (problem !== undefined) problems.set(operation.name, problem);
    }
    this.#servingSinceMs ??= performance.now();
    const changed = !isDeepStrictEqual(problems, this.#problems);
    this.#problems = problems;
    if (problems.size === 0 && !this.#isWaiting) this.#applied = { entities, atMs: nowMs };
    return changed;
  }

  #operations(
    entities: readonly RouterEntity[],
    actual: ReadonlyMap<ManagedType, readonly EntityRow[]>,
  ): readonly RouterOperation[] {
    const operations = difference(entities, actual);
    this.#isWaiting = false;
    if (!this.#options.holdsCredentials) return operations;
    const made = new Map(
      [...credentialTypes].map((type) => {
        const rows = actual.get(type === 'sslProfile' ? 'sslProfile' : 'proxyProfile') ?? [];
        return [type, new Set(rows.map((row) => row['name']))] as const;
      }),
    );
    const waiting = new Set(
      entities.flatMap(({ type, name, attributes }) => {
        const lacks = [...made].some(
          ([attribute, names]) =>
            attributes[attribute] !== undefined && !names.has(attributes[attribute]),
        );
        return lacks ? [`${type}/${name}`] : [];
      }),
    );
    this.#isWaiting = waiting.size > 0;
    return operations.filter(
      ({ type, name }) => !credentialTypes.has(type) && !waiting.has(`${type}/${name}`),
    );
  }

  async #queryAll(): Promise<ReadonlyMap<ManagedType, readonly EntityRow[]>> {
    const types = managedTypes.filter((type) => type !== 'listenerAddress');
    const found = new Map<ManagedType, readonly EntityRow[]>(
      await Promise.all(
        types.map(async (type) => [type, await this.#connection.query(type)] as const),
      ),
    );
    // Older routers do not know the type, and have no listener that could have one.
    if (found.get('tcpListener')?.some(hasStrategy) === true) {
      found.set('listenerAddress', await this.#connection.query('listenerAddress'));
    }
    return found;
  }

  /**
   * Looks for listeners whose socket cannot be opened: routers find that out only when there is a
   * destination. And for connectors whose server does not accept our TLS, or we not its.
   * @param tlsConnectors whether there are any
   * @returns true when there are others than before
   * @throws CodedError when the router cannot be asked
   */
  async checkSockets(tlsConnectors: boolean): Promise<boolean> {
    const problems = new Map<string, string>();
    for (const row of await this.#connection.query('tcpListener')) {
      const { name, host, port, operStatus, connectionMsg } = row;
      if (operStatus === 'up' || typeof connectionMsg !== 'string') continue;
      if (typeof name !== 'string' || !socketFault.test(connectionMsg)) continue;
      problems.set(name, `Cannot listen on ${String(host)}:${String(port)}: ${connectionMsg}`);
    }
    for (const row of tlsConnectors ? await this.#connection.query('tcpConnector') : []) {
      const { name, host, port, sslProfile = '', connectionMsg } = row;
      if (typeof connectionMsg !== 'string' || sslProfile === '') continue;
      if (typeof name !== 'string' || !tlsFault.test(connectionMsg)) continue;
      problems.set(name, `TLS to ${String(host)}:${String(port)} fails: ${connectionMsg}`);
    }
    const changed = !isDeepStrictEqual(problems, this.#socketProblems);
    this.#socketProblems = problems;
    return changed;
  }

  /** @returns what the router said against it */
  async #perform({
    operation,
    type,
    name,
    attributes,
  }: RouterOperation): Promise<string | undefined> {
    try {
      if (operation === 'create') await this.#connection.create(type, name, attributes);
      else if (operation === 'update') await this.#connection.update(type, name, attributes);
      else await this.#connection.delete(type, name);
      this.#log.debug('router entity changed', { operation, type, name });
      return undefined;
    } catch (thrown) {
      // A lost connection is nobody's fault; what the router says no to is told on the object.
      if (!this.#connection.connected || !(thrown instanceof CodedError)) throw thrown;
      const facts = { operation, type, name, error: messageOf(thrown) };
      this.#log.warn('the router refused an entity', facts);
      return `${type} refused by the router: ${messageOf(thrown)}`;
    }
  }
}

function hasStrategy(row: EntityRow): boolean {
  const strategy = row['multiAddressStrategy'];
  return strategy !== undefined && strategy !== null && strategy !== '' && strategy !== 'none';
}
