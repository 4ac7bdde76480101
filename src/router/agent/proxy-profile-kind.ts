/** The kind of proxyProfile entities. A password that is written out is never shown. */
import type { ProxyProfile, ProxyProfiles } from '../endpoint/proxy-profiles.ts';
import {
  type Attributes,
  type Entity,
  type EntityKind,
  invalid,
  optionalText,
  portOf,
  required,
} from './entity.ts';
import { EntityShelf } from './entity-shelf.ts';

export class ProxyProfileKind implements EntityKind {
  readonly type = 'proxyProfile';
  readonly #profiles: ProxyProfiles;
  readonly #shelf = new EntityShelf<undefined>('proxyProfile');

  constructor(profiles: ProxyProfiles) {
    this.#profiles = profiles;
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.#shelf.items()) yield this.#show(name);
  }

  create(name: string | undefined, attributes: Attributes): Entity {
    if (name === undefined) throw invalid('name', 'is missing');
    this.#shelf.requireFree(name);
    this.#profiles.set(name, profileOf(attributes));
    this.#shelf.add({ name, identity: `proxyProfile/${name}`, attributes, item: undefined });
    return this.#show(name);
  }

  update(identity: string, changes: Attributes): Entity {
    const { name, attributes } = this.#shelf.change(identity, changes);
    this.#profiles.set(name, profileOf(attributes));
    return this.#show(name);
  }

  delete(identity: string): void {
    this.#profiles.delete(this.#shelf.take(identity).name);
  }

  #show(name: string): Entity {
    const shown = this.#shelf.show(name, () => ({}));
    const password = optionalText(shown.attributes, 'password');
    const isPlace = password === undefined || password.startsWith('file:');
    return {
      ...shown,
      attributes: { ...shown.attributes, ...(isPlace ? {} : { password: null }) },
    };
  }
}

function profileOf(attributes: Attributes): ProxyProfile {
  return {
    host: required(attributes, 'host'),
    port: portOf(attributes),
    username: optionalText(attributes, 'username'),
    password: optionalText(attributes, 'password'),
  };
}
