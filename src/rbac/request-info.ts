/**
 * What a request is about, by method and target alone, as the API server of Kubernetes reads it: what
 * is authorised here is what is done there. The path is decoded once and then cut at slashes.
 * @spec Kubernetes apiserver endpoints/request RequestInfo
 */
import { parseFieldTerms, parseInt64, parseLabelSelector, StatusError } from '#kube/index.ts';
import { decodeText, parseQuery, queryFlag } from './query.ts';

interface Common {
  /** Decoded, as the client spelled it otherwise. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A request about a resource: `/api/v1/…`, `/apis/GROUP/VERSION/…`. */
export interface ResourceRequest extends Common {
  readonly type: 'resource';
  /** Of RBAC: get, list, watch, create, update, patch, delete, deletecollection; else empty. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** Plural, as in the path. */
  readonly resource: string;
  /** The first segment behind the name only; `parts` has what follows it. */
  readonly subresource: string;
  readonly namespace: string;
  /** From the path, or what a field selector of a list or watch insists on. */
  readonly name: string;
  /** Segments from the resource on. */
  readonly parts: readonly string[];
  /** True for the old forms `/api/v1/watch/…` and `/api/v1/proxy/…`. */
  readonly verbInPath: boolean;
  /** Of list, watch and deletecollection; else empty. */
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

/** A request about anything else: discovery, health, version. */
export interface PathRequest extends Common {
  readonly type: 'path';
  /** The method in lower case. */
  readonly verb: string;
}

export type RequestInfo = ResourceRequest | PathRequest;

const verbsInPath: ReadonlySet<string> = new Set(['proxy', 'watch']);

/** Paths below `namespaces/NAME` that are about the namespace itself. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize']);

const verbOfMethod: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/**
 * @param method as in the request line
 * @param target path and query as in the request line, still escaped
 * @returns undefined for a target that no two servers would read alike (broken escapes, bytes beyond
 *   ASCII, a fragment, an absolute URL) and for a verb in the path without a resource: refuse those
 */
export function requestInfo(method: string, target: string): RequestInfo | undefined {
  if (!/^\/[\x21\x22\x24-\x7e]*$/u.test(target)) return undefined;
  const mark = target.indexOf('?');
  const path = decodeText(mark < 0 ? target : target.slice(0, mark), false);
  const query = parseQuery(mark < 0 ? '' : target.slice(mark + 1));
  if (path === undefined || query === undefined) return undefined;
  const other: PathRequest = { type: 'path', verb: method.toLowerCase(), path, query };
  const segments = trimSlashes(path).split('/');
  const [root = ''] = segments;
  if (segments.length < 3 || (root !== 'api' && root !== 'apis')) return other;
  if (root === 'apis' && segments.length < 4) return other;
  const isCore = root === 'api';
  const group = isCore ? '' : (segments[1] ?? '');
  const version = segments[isCore ? 1 : 2] ?? '';
  const rest = segments.slice(isCore ? 2 : 3);
  const place = placeOf(rest);
  if (!place) return undefined;
  const { namespace, parts, resource } = place;
  let { name } = place;
  let verb = place.verb ?? verbOfMethod.get(method) ?? '';
  const subresource = verb === 'proxy' ? '' : place.subresource;
  const verbInPath = place.verb !== undefined;
  if (name === '' && verb === 'get') {
    verb = queryFlag(query, 'watch') === true ? 'watch' : 'list';
    name = selectedName(query) ?? '';
  }
  if (name === '' && verb === 'delete') verb = 'deletecollection';
  const selective = !verbInPath && selectiveVerbs.has(verb);
  return {
    type: 'resource',
    path,
    query,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    parts,
    verbInPath,
    labelSelector: selective ? (query.get('labelSelector') ?? '') : '',
    fieldSelector: selective ? (query.get('fieldSelector') ?? '') : '',
  };
}

/** Verbs on collections, whose selectors say what they are about. */
const selectiveVerbs: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

interface Place {
  /** When the path has one. */
  readonly verb: string | undefined;
  readonly namespace: string;
  readonly parts: readonly string[];
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

/** Reads the segments behind the version. */
function placeOf(segments: readonly string[]): Place | undefined {
  const [first = ''] = segments;
  const special = verbsInPath.has(first);
  if (special && segments.length < 2) return undefined;
  let parts = special ? segments.slice(1) : segments;
  let namespace = '';
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1];
    const third = parts[2];
    if (third !== undefined && !namespaceSubresources.has(third)) parts = parts.slice(2);
  }
  const [resource = '', name = '', subresource = ''] = parts;
  return { verb: special ? first : undefined, namespace, parts, resource, name, subresource };
}

/** The one name that the field selector lets through, when all list options make sense. */
function selectedName(query: URLSearchParams): string | undefined {
  const fields = query.get('fieldSelector') ?? '';
  if (fields === '') return undefined;
  for (const option of ['limit', 'timeoutSeconds']) {
    const value = query.get(option);
    if (value !== null && parseInt64(value) === undefined) return undefined;
  }
  try {
    parseLabelSelector(query.get('labelSelector') ?? '');
    const wanted = parseFieldTerms(fields).find(
      ({ path, negated }) => path === 'metadata.name' && !negated,
    )?.value;
    return wanted === undefined || isPathSegment(wanted) ? wanted : undefined;
  } catch (thrown) {
    if (thrown instanceof StatusError) return undefined;
    throw thrown;
  }
}

/** Whether a name can stand in a path. */
function isPathSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/%]/u.test(name);
}

function trimSlashes(path: string): string {
  let [start, end] = [0, path.length];
  while (start < end && path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}
