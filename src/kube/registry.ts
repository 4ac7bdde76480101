/** The set of kinds that a server or client knows, found by kind, resource name or apiVersion. */
import type { ResourceDefinition } from './definition.ts';
import { DefinitionError } from './errors.ts';
import { apiVersionOf } from './object.ts';

/** A fixed set of definitions. */
export class Registry {
  readonly #all: readonly ResourceDefinition[];
  readonly #byKind = new Map<string, ResourceDefinition>();
  readonly #byResource = new Map<string, ResourceDefinition>();

  /** @throws DefinitionError KUBE_DUPLICATE_KIND when two definitions claim one name */
  constructor(definitions: Iterable<ResourceDefinition>) {
    this.#all = [...definitions];
    for (const definition of this.#all) {
      const apiVersion = apiVersionOf(definition);
      claim(this.#byKind, `${apiVersion} ${definition.kind}`, definition);
      claim(this.#byResource, `${apiVersion} ${definition.plural}`, definition);
    }
  }

  /** All definitions in the order given. */
  get all(): readonly ResourceDefinition[] {
    return this.#all;
  }

  /** The definition of a kind, such as (`v1`, `Secret`). */
  byKind(apiVersion: string, kind: string): ResourceDefinition | undefined {
    return this.#byKind.get(`${apiVersion} ${kind}`);
  }

  /** The definition of a resource, such as (`skupper.io`, `v2alpha1`, `sites`). */
  byResource(group: string, version: string, plural: string): ResourceDefinition | undefined {
    return this.#byResource.get(`${apiVersionOf({ group, version })} ${plural}`);
  }

  /** The groups in order of first appearance, each with its versions. */
  groups(): { group: string; versions: string[] }[] {
    const found = new Map<string, Set<string>>();
    for (const { group, version } of this.#all) {
      const versions = found.get(group) ?? new Set<string>();
      found.set(group, versions.add(version));
    }
    return [...found].map(([group, versions]) => ({ group, versions: [...versions] }));
  }

  /** The definitions of one group version. */
  inGroupVersion(group: string, version: string): ResourceDefinition[] {
    return this.#all.filter((each) => each.group === group && each.version === version);
  }
}

function claim(
  table: Map<string, ResourceDefinition>,
  key: string,
  definition: ResourceDefinition,
): void {
  if (table.has(key)) throw new DefinitionError('KUBE_DUPLICATE_KIND', `${key} is defined twice`);
  table.set(key, definition);
}
