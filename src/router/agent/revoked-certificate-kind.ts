/**
 * The revokedCertificate entities: making one closes the connections that show this certificate,
 * and is answered when they are closed; from then on it is refused.
 */
import type { RevokedCertificates } from '../endpoint/revoked-certificates.ts';
import { type Attributes, type Entity, type EntityKind, invalid, required } from './entity.ts';
import { EntityShelf } from './entity-shelf.ts';

interface Revocation {
  readonly serialNumber: string;
  readonly closed: number;
}

export interface RevokedCertificateKindDeps {
  readonly revoked: RevokedCertificates;
  /** Closes connections of revoked certificates. @returns how many */
  readonly closeRevoked: () => Promise<number>;
}

export class RevokedCertificateKind implements EntityKind {
  readonly type = 'revokedCertificate';
  readonly #deps: RevokedCertificateKindDeps;
  readonly #shelf = new EntityShelf<Revocation>('revokedCertificate');

  constructor(deps: RevokedCertificateKindDeps) {
    this.#deps = deps;
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.#shelf.items()) yield this.#show(name);
  }

  async create(name: string | undefined, attributes: Attributes): Promise<Entity> {
    const serialNumber = required(attributes, 'serialNumber');
    if (!/^[0-9a-fA-F:]{1,128}$/u.test(serialNumber)) {
      throw invalid('serialNumber', 'is not hexadecimal');
    }
    const given = name ?? serialNumber;
    this.#shelf.requireFree(given);
    const entry = { name: given, identity: `${this.type}/${given}`, attributes };
    // On the shelf first: another request for the same name must not come between.
    this.#shelf.add({ ...entry, item: { serialNumber, closed: 0 } });
    this.#deps.revoked.add(serialNumber);
    const closed = await this.#deps.closeRevoked();
    if (this.#shelf.get(given) !== undefined) {
      this.#shelf.add({ ...entry, item: { serialNumber, closed } });
    }
    return this.#show(given);
  }

  delete(identity: string): void {
    this.#deps.revoked.delete(this.#shelf.take(identity).item.serialNumber);
  }

  #show(name: string): Entity {
    return this.#shelf.show(name, ({ serialNumber, closed }) => ({
      closedConnections: closed,
      refusedConnections: this.#deps.revoked.refusedCount(serialNumber),
    }));
  }
}
