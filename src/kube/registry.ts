/** The set of kinds that a server or client knows, found by kind, resource name or apiVersion. */
import type { ResourceDefinition } from './definition.ts';
import { DefinitionError } from './errors.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from './object.ts';

/** A fixed set of definitions, and others that come and go while it is used. */
export class Registry {
  readonly #fixed: readonly ResourceDefinition[];
  readonly #added = new Map<string, readonly ResourceDefinition[]>();
  #all: readonly ResourceDefinition[] = [];
  #byKind = new Map<string, ResourceDefinition>();
  #byResource = new Map<string, ResourceDefinition>();
  #revision = 0;

  /** @throws DefinitionError KUBE_DUPLICATE_KIND when two definitions claim one name */
  constructor(definitions: Iterable<ResourceDefinition>) {
    this.#fixed = [...definitions];
    this.#build();
  }

  /** All definitions in the order given, those that were added last. */
  get all(): readonly ResourceDefinition[] {
    return this.#all;
  }

  /** Those that were there from the beginning. */
  get fixed(): readonly ResourceDefinition[] {
    return this.#fixed;
  }

  /** Grows with every change; what is made of the registry is made again when it differs. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Puts definitions in the place of those that `owner` added before; an empty list takes them away.
   * @throws DefinitionError KUBE_DUPLICATE_KIND when a name is taken; nothing has changed then
   */
  replace(owner: string, definitions: readonly ResourceDefinition[]): void {
    const before = this.#added.get(owner);
    if (definitions.length === 0) this.#added.delete(owner);
    else this.#added.set(owner, definitions);
    try {
      this.#build();
    } catch (thrown) {
      if (before === undefined) this.#added.delete(owner);
      else this.#added.set(owner, before);
      throw thrown;
    }
  }

  #build(): void {
    const all = [...this.#fixed, ...[...this.#added.values()].flat()];
    const byKind = new Map<string, ResourceDefinition>();
    const byResource = new Map<string, ResourceDefinition>();
    for (const definition of all) {
      const apiVersion = apiVersionOf(definition);
      claim(byKind, `${apiVersion} ${definition.kind}`, definition);
      claim(byResource, `${apiVersion} ${definition.plural}`, definition);
    }
    this.#all = all;
    this.#byKind = byKind;
    this.#byResource = byResource;
    this.#revision += 1;
  }

  /** The definition of a kind, such as (`v1`, `Secret`). */
  byKind(apiVersion: string, kind: string): ResourceDefinition | undefined {
    return this.#byKind.get(`${apiVersion} ${kind}`);
  }

  /** The definition of a stored object: in its own version, else in another that is served. */
  ofObject({ apiVersion, kind }: KubeObject): ResourceDefinition | undefined {
    const exact = this.byKind(apiVersion, kind);
    if (exact) return exact;
    const { group } = parseApiVersion(apiVersion);
    return this.#all.find((each) => each.group === group && each.kind === kind);
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
