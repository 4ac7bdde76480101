/** Kind of configured treatments: `address` in the file, `router.config.address` in management. */
import type { Treatment } from '#routing/index.ts';
import { parseDistribution, type TreatmentEntry, treatmentByRules } from '../treatment-rules.ts';
import { type Attributes, type Entity, type EntityKind, invalid, optionalText } from './entity.ts';
import { EntityShelf } from './entity-shelf.ts';

export class AddressKind implements EntityKind {
  readonly type = 'router.config.address';
  readonly #shelf = new EntityShelf<TreatmentEntry>('router.config.address');
  #nextNumber = 1;

  /** The treatment that configuration gives to an address. */
  treatment(name: string): Treatment | undefined {
    if (this.#shelf.size === 0) return undefined;
    return treatmentByRules(
      [...this.#shelf.items()].map(({ item }) => item),
      name,
    );
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.#shelf.items()) yield this.#shelf.show(name, () => ({}));
  }

  create(name: string | undefined, attributes: Attributes): Entity {
    const prefix = optionalText(attributes, 'prefix');
    const pattern = optionalText(attributes, 'pattern');
    if ((prefix === undefined) === (pattern === undefined)) {
      throw invalid('prefix', 'or pattern must be given, and not both');
    }
    const word = optionalText(attributes, 'distribution') ?? 'balanced';
    const treatment = parseDistribution(word);
    if (treatment === undefined) throw invalid('distribution', `cannot be ${word}`);
    const given = name ?? `router.config.address/${this.#nextNumber++}`;
    this.#shelf.requireFree(given);
    this.#shelf.add({
      name: given,
      identity: name === undefined ? given : `router.config.address/${name}`,
      attributes,
      item: { prefix, pattern, treatment },
    });
    return this.#shelf.show(given, () => ({}));
  }

  delete(identity: string): void {
    this.#shelf.take(identity);
  }
}
