/** Named entities of one kind with what runs behind each: unique names, 404 for unknown ones. */
import { ManagementError } from '#management/index.ts';
import type { Attributes, Entity } from './entity.ts';

export interface Shelved<T> {
  readonly name: string;
  readonly identity: string;
  readonly attributes: Attributes;
  readonly item: T;
}

/** Most entities of one kind. */
export const entitiesPerKindMax = 20_000;

export class EntityShelf<T> {
  readonly #type: string;
  readonly #byName = new Map<string, Shelved<T>>();

  constructor(type: string) {
    this.#type = type;
  }

  items(): Iterable<Shelved<T>> {
    return this.#byName.values();
  }

  get(name: string): Shelved<T> | undefined {
    return this.#byName.get(name);
  }

  get size(): number {
    return this.#byName.size;
  }

  /** @throws ManagementError MANAGEMENT_BAD_REQUEST */
  requireFree(name: string): void {
    if (this.#byName.has(name)) {
      throw new ManagementError(
        'MANAGEMENT_BAD_REQUEST',
        `Duplicate value '${name}' for unique attribute 'name' of ${this.#type}`,
        { facts: { resource: name } },
      );
    }
    if (this.#byName.size >= entitiesPerKindMax) {
      throw new ManagementError(
        'MANAGEMENT_BAD_REQUEST',
        `too many entities of type ${this.#type}`,
      );
    }
  }

  add(entry: Shelved<T>): void {
    this.#byName.set(entry.name, entry);
  }

  /** Removes and returns an entity. @throws ManagementError MANAGEMENT_NOT_FOUND */
  take(identity: string): Shelved<T> {
    const entry = this.#find(identity);
    this.#byName.delete(entry.name);
    return entry;
  }

  /** @throws ManagementError MANAGEMENT_NOT_FOUND */
  change(identity: string, changes: Attributes): Shelved<T> {
    const entry = this.#find(identity);
    const changed = { ...entry, attributes: { ...entry.attributes, ...changes } };
    this.#byName.set(entry.name, changed);
    return changed;
  }

  /** @throws ManagementError MANAGEMENT_NOT_FOUND */
  show(name: string, state: (item: T) => Attributes): Entity {
    const entry = this.#byName.get(name);
    if (entry === undefined) throw notFound(this.#type, name);
    return {
      name,
      identity: entry.identity,
      attributes: { ...entry.attributes, ...state(entry.item) },
    };
  }

  #find(identity: string): Shelved<T> {
    for (const entry of this.#byName.values()) if (entry.identity === identity) return entry;
    throw notFound(this.#type, identity);
  }
}

export function notFound(type: string, name: string): ManagementError {
  return new ManagementError('MANAGEMENT_NOT_FOUND', `no ${type} named ${name}`, {
    facts: { resource: name },
  });
}
