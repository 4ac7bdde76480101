/**
 * What a request asks for, in the words of RBAC, read from path and query exactly as the API server
 * reads them.
 * @spec Kubernetes apiserver RequestInfo
 */
import type { Query, Target } from './target.ts';
import { valuesOf } from './target.ts';

export interface RequestInfo {
  readonly isResource: boolean;
  /** RBAC verb; the lower-case method for paths that are no resource. Empty: nothing allows it. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the subresource. */
  readonly rest: readonly string[];
  readonly labelSelector: string;
  /** Query keys that a server reads once and that came more often. */
  readonly doubled: readonly string[];
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const namespaceSubresources = new Set(['status', 'finalize']);
/** Query keys that decide about the verb, the name or the set. */
const deciding = ['watch', 'fieldSelector', 'labelSelector'];

/** @param target below the mount point of the API */
export function requestInfo(method: string, target: Target): RequestInfo {
  const doubled = deciding.filter((key) => valuesOf(target.query, key).length > 1);
  const segments = target.segments;
  const [prefix = ''] = segments;
  const grouped = prefix === 'apis';
  if (segments.length < 3 || (prefix !== 'api' && !grouped) || (grouped && segments.length < 4)) {
    return { ...noResource(method), doubled };
  }
  const [group, version = '', rest] = grouped
    ? [segments[1] ?? '', segments[2], segments.slice(3)]
    : ['', segments[1], segments.slice(2)];
  return { ...resourceInfo(method, rest, target.query), group, version, doubled };
}

function noResource(method: string): Omit<RequestInfo, 'doubled'> {
  return {
    isResource: false,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: [],
    labelSelector: '',
  };
}

function resourceInfo(
  method: string,
  given: readonly string[],
  query: Query,
): Omit<RequestInfo, 'doubled' | 'group' | 'version'> {
  let parts = given;
  let verb = verbs[method] ?? '';
  const [first] = parts;
  const legacy = first === 'watch' || first === 'proxy';
  if (legacy) {
    verb = parts.length > 1 ? first : '';
    parts = parts.slice(1);
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1];
    if (parts[2] !== undefined && !namespaceSubresources.has(parts[2])) parts = parts.slice(2);
  }
  const [resource = '', name = '', third = ''] = parts;
  const subresource = verb === 'proxy' ? '' : third;
  const rest = parts.slice(verb === 'proxy' ? 2 : 3);
  const base = { isResource: true, namespace, resource, subresource, rest };
  if (legacy || name !== '') return { ...base, verb, name, labelSelector: '' };
  const collection = collectionVerb(verb, query);
  const selects = collection === 'list' || collection === 'watch' || collection === 'deletecollection';
  return {
    ...base,
    verb: collection,
    name: selects ? nameIn(valuesOf(query, 'fieldSelector')[0] ?? '') : '',
    labelSelector: selects ? (valuesOf(query, 'labelSelector')[0] ?? '') : '',
  };
}

function collectionVerb(verb: string, query: Query): string {
  if (verb === 'delete') return 'deletecollection';
  if (verb !== 'get') return verb;
  const [watch] = valuesOf(query, 'watch');
  return watch === undefined || /^(?:false|0)$/i.test(watch) ? 'list' : 'watch';
}

/** The name that a field selector demands; empty when it demands none. */
function nameIn(selector: string): string {
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=!\\]+)$/.exec(term.trim());
    if (match?.[1] !== undefined) return match[1];
  }
  return '';
}
