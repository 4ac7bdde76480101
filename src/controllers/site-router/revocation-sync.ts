/**
 * Tells a router which certificates to refuse, and remembers what it confirmed. Revocations come
 * before everything else: a router that just started has no listeners yet, so nobody slips in.
 */
import { isDeepStrictEqual } from 'node:util';
import { CodedError, messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { EntityRow } from '../router-config/difference.ts';
import type { RouterConnection } from './router-connection.ts';

/** What a router says of one revocation. */
export type Revocation =
  /** Connections that it closed, and how long that took in whole milliseconds. */
  | { readonly state: 'confirmed'; readonly closed: number; readonly ms: number }
  /** It has no such entities. */
  | { readonly state: 'unsupported' };

/** How routers answer a request for a type of entity that they do not know. */
const unknownType: ReadonlySet<string> = new Set([
  'MANAGEMENT_BAD_REQUEST',
  'MANAGEMENT_FORBIDDEN',
  'MANAGEMENT_NOT_FOUND',
  'MANAGEMENT_NOT_IMPLEMENTED',
]);
/** Requests that wait for their answers at one time. */
const requestsMax = 64;

const type = 'revokedCertificate';

export class RevocationSync {
  readonly #connection: RouterConnection;
  readonly #log: Logger;
  #applied: readonly string[] | undefined;
  #unsupported = false;
  readonly #confirmed = new Map<string, Revocation>();

  constructor(connection: RouterConnection, log: Logger) {
    this.#connection = connection;
    this.#log = log;
  }

  /** Undefined while the router was not asked. */
  revocationOf(serial: string): Revocation | undefined {
    if (this.#unsupported) return { state: 'unsupported' };
    return this.#confirmed.get(serial);
  }

  /** The router may be another one than before, which may even know the entities. */
  forget(): void {
    this.#applied = undefined;
    this.#unsupported = false;
    this.#confirmed.clear();
  }

  /**
   * @param serials all that are to be refused
   * @returns true when there is news
   * @throws CodedError when the router cannot be asked
   */
  async apply(serials: readonly string[]): Promise<boolean> {
    const before = this.#applied ?? [];
    if (isDeepStrictEqual(before, serials)) return false;
    this.#applied = undefined;
    const startMs = performance.now();
    const rows = await this.#query();
    if (rows === undefined) {
      this.#unsupported = true;
      this.#applied = serials;
      this.#log.warn('the router cannot refuse single certificates', { count: serials.length });
      return true;
    }
    const missing = serials.filter((serial) => !rows.has(serial));
    for (let from = 0; from < missing.length; from += requestsMax) {
      const part = missing.slice(from, from + requestsMax);
      await Promise.all(part.map((serial) => this.#create(serial)));
    }
    // Nothing is taken back: no revocation ever is, and caches may lag behind each other.
    const ms = Math.round(performance.now() - startMs);
    await this.#confirm(serials, ms);
    if (serials.every((serial) => this.#confirmed.has(serial))) this.#applied = serials;
    return true;
  }

  async #confirm(serials: readonly string[], ms: number): Promise<void> {
    const rows = (await this.#query()) ?? new Map<string, EntityRow>();
    for (const serial of serials) {
      const row = rows.get(serial);
      if (row === undefined || this.#confirmed.has(serial)) continue;
      const closed = Number(row['closedConnections'] ?? 0);
      this.#confirmed.set(serial, { state: 'confirmed', closed, ms });
      this.#log.info('certificate revoked', { serial, closed, ms });
    }
  }

  async #create(serial: string): Promise<void> {
    try {
      await this.#connection.create(type, serial, { serialNumber: serial });
    } catch (thrown) {
      if (!this.#connection.connected || !(thrown instanceof CodedError)) throw thrown;
      this.#log.warn('the router refused a revocation', { serial, error: messageOf(thrown) });
    }
  }

  /** Rows by name; undefined when the router does not know the type. */
  async #query(): Promise<ReadonlyMap<string, EntityRow> | undefined> {
    try {
      const rows = await this.#connection.query(type);
      return new Map(rows.map((row) => [String(row['name']), row]));
    } catch (thrown) {
      if (thrown instanceof CodedError && unknownType.has(thrown.code)) return undefined;
      throw thrown;
    }
  }
}
