/** What a path names: a resource, one object, a subresource, or something that is no resource. */
import type { Registry, ResourceDefinition } from '#kube/index.ts';
import { decodeSegment } from '#http/index.ts';

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

/** Characters of a path; names and namespaces together are far shorter. */
export const pathLengthMax = 2048;

/**
 * The parts of `/api/v1/…` and `/apis/GROUP/VERSION/…`; undefined for other paths, for the group
 * version alone and for malformed escapes.
 */
export function parseResourcePath(path: string): ResourcePath | undefined {
  if (path.length > pathLengthMax) return undefined;
  const segments: string[] = [];
  for (const raw of path.split('/').slice(1)) {
    const segment = decodeSegment(raw);
    if (segment === undefined || segment === '') return undefined;
    segments.push(segment);
  }
  const [root = '', first = '', second = ''] = segments;
  const core = root === 'api';
  if (!core && root !== 'apis') return undefined;
  const rest = segments.slice(core ? 2 : 3);
  const [resource] = rest;
  if (resource === undefined) return undefined;
  return { group: core ? '' : first, version: core ? first : second, ...placeOf(rest) };
}

/** Paths below `namespaces` are about a namespace itself only up to its subresource. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize']);

function placeOf(rest: readonly string[]): Omit<ResourcePath, 'group' | 'version'> {
  const [first = '', second = '', third = '', ...deeper] = rest;
  if (first === 'namespaces' && third !== '' && !namespaceSubresources.has(third)) {
    const [name = '', ...more] = deeper;
    return { resource: third, namespace: second, name, subresource: more.join('/') };
  }
  const subresource = [third, ...deeper].filter((part) => part !== '').join('/');
  return { resource: first, namespace: '', name: second, subresource };
}

/** The verb of a method on an object or a collection; undefined when there is none. */
export function verbOf(method: string, path: ResourcePath, watch: boolean): Verb | undefined {
  const single = path.name !== '';
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (watch) return 'watch';
      return single ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return single ? 'update' : undefined;
    case 'PATCH':
      return single ? 'patch' : undefined;
    case 'DELETE':
      return single ? 'delete' : 'deletecollection';
    default:
      return undefined;
  }
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
