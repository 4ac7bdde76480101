/** What a request names among what is served: a verb, a kind, an object, a subresource. */
import type { Registry, ResourceDefinition } from '#kube/index.ts';
import type { ResourceRequest } from '#rbac/index.ts';

export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection';

/** A path below a group version. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  /** Plural, as in the path. */
  readonly resource: string;
  /** Empty when the path has none. */
  readonly namespace: string;
  /** Empty for the collection. */
  readonly name: string;
  /** Empty for the object itself; deeper paths keep their slashes. */
  readonly subresource: string;
}

/** A known kind with the place the path names. */
export interface ResourceTarget extends ResourcePath {
  readonly definition: ResourceDefinition;
}

const verbs: ReadonlySet<string> = new Set<Verb>([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
]);

/** The verb when it is one that resources have; undefined for the rest of HTTP and old forms. */
export function verbOf({ verb, verbInPath }: ResourceRequest): Verb | undefined {
  return !verbInPath && verbs.has(verb) ? (verb as Verb) : undefined;
}

/**
 * The place a request names. It has the name in the path alone, not the one a selector insists on, and
 * no namespace where the path is about the namespace itself.
 */
export function placeOf(info: ResourceRequest): ResourcePath {
  const { group, version, resource, parts } = info;
  const name = parts[1] ?? '';
  const itself = resource === 'namespaces' && name !== '' && info.namespace === name;
  const subresource = parts.slice(2).join('/');
  return { group, version, resource, namespace: itself ? '' : info.namespace, name, subresource };
}

/** The kind behind a path, when it is served at that scope. */
export function resolveTarget(registry: Registry, path: ResourcePath): ResourceTarget | undefined {
  const definition = registry.byResource(path.group, path.version, path.resource);
  if (!definition) return undefined;
  if (definition.scope === 'Cluster' && path.namespace !== '') return undefined;
  if (definition.scope === 'Namespaced' && path.namespace === '' && path.name !== '') {
    return undefined;
  }
  return { ...path, definition };
}
