/** Kinds whose entities are kept and shown but change nothing here: site, network and so on. */
import { type Attributes, type Entity, type EntityKind } from './entity.ts';
import { EntityShelf } from './entity-shelf.ts';

export class KeptKind implements EntityKind {
  readonly type: string;
  readonly #shelf: EntityShelf<undefined>;
  #nextNumber = 1;

  constructor(type: string) {
    this.type = type;
    this.#shelf = new EntityShelf(type);
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.#shelf.items()) yield this.#shelf.show(name, () => ({}));
  }

  create(name: string | undefined, attributes: Attributes): Entity {
    const given = name ?? `${this.type}/${this.#nextNumber++}`;
    this.#shelf.requireFree(given);
    this.#shelf.add({
      name: given,
      identity: name === undefined ? given : `${this.type}/${name}`,
      attributes,
      item: undefined,
    });
    return this.#shelf.show(given, () => ({}));
  }

  update(identity: string, changes: Attributes): Entity {
    return this.#shelf.show(this.#shelf.change(identity, changes).name, () => ({}));
  }

  delete(identity: string): void {
    this.#shelf.take(identity);
  }
}
