/** Which other routers have consumers of which address, as they told. */
import type { AddressDescriptor, Treatment } from './messages.ts';

interface RemoteAddress {
  /** As first told; later tellers do not change it. */
  readonly treatment: Treatment;
  readonly routers: Set<string>;
}

const none: ReadonlySet<string> = new Set();

export class RemoteAddresses {
  readonly #addresses = new Map<string, RemoteAddress>();
  readonly #keysOf = new Map<string, Set<string>>();
  readonly #onChange: (key: string, remotes: number) => void;

  /** @param onChange told after each change of the number of routers of a key */
  constructor(onChange: (key: string, remotes: number) => void) {
    this.#onChange = onChange;
  }

  routersOf(key: string): ReadonlySet<string> {
    return this.#addresses.get(key)?.routers ?? none;
  }

  treatmentOf(key: string): Treatment | undefined {
    return this.#addresses.get(key)?.treatment;
  }

  /** Number of addresses of a router. */
  countOf(router: string): number {
    return this.#keysOf.get(router)?.size ?? 0;
  }

  keys(): Iterable<string> {
    return this.#addresses.keys();
  }

  add(router: string, address: AddressDescriptor): void {
    const known = this.#addresses.get(address.key);
    const entry = known ?? { treatment: address.treatment, routers: new Set() };
    if (entry.routers.has(router)) return;
    if (known === undefined) this.#addresses.set(address.key, entry);
    entry.routers.add(router);
    const keys = this.#keysOf.get(router) ?? new Set();
    keys.add(address.key);
    this.#keysOf.set(router, keys);
    this.#onChange(address.key, entry.routers.size);
  }

  delete(router: string, key: string): void {
    const entry = this.#addresses.get(key);
    if (entry === undefined || !entry.routers.delete(router)) return;
    if (entry.routers.size === 0) this.#addresses.delete(key);
    const keys = this.#keysOf.get(router);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(router);
    this.#onChange(key, entry.routers.size);
  }

  /** Makes exactly these the addresses of a router. */
  replace(router: string, addresses: readonly AddressDescriptor[]): void {
    const wanted = new Set(addresses.map((address) => address.key));
    for (const key of this.#keysOf.get(router) ?? none) {
      if (!wanted.has(key)) this.delete(router, key);
    }
    for (const address of addresses) this.add(router, address);
  }

  flush(router: string): void {
    this.replace(router, []);
  }
}
