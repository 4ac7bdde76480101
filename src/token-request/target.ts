/**
 * The one path that is let through, read from the raw request target. Nothing is decoded or
 * repaired: what is decided about is, byte for byte, what is sent on.
 */
import { badRequest, checkLabelName, checkSubdomainName, notFoundPath } from '#kube/index.ts';

/** A service account's token subresource. */
export interface TokenTarget {
  readonly namespace: string;
  readonly account: string;
  /** Path and query below the prefix, as they go to the API server. */
  readonly upstream: string;
}

/** Longest target that is looked at; characters. */
const targetCharsMax = 2048;

const shape = /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)\/token$/;

/** Query keys that the API server knows for this call. */
const queryKeys = new Set(['dryRun', 'fieldManager', 'fieldValidation', 'pretty', 'timeout']);

/** Characters that mean themselves in a query value, so that nobody decodes them differently. */
const plainValue = /^[A-Za-z0-9._~:/-]{0,128}$/;

/**
 * @param target the request target as it stood in the request line
 * @param prefix public prefix without its last slash, such as `/kubernetes`
 * @throws StatusError 400 for a spelling that is not canonical, 404 for any other path
 */
export function readTokenTarget(target: string, prefix: string): TokenTarget {
  if (target.length > targetCharsMax) throw badRequest('the request target is too long');
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  checkCanonical(path);
  if (!path.startsWith(`${prefix}/`)) throw notFoundPath();
  const below = path.slice(prefix.length);
  const [, namespace = '', account = ''] = shape.exec(below) ?? [];
  const named = checkLabelName(namespace).length === 0 && checkSubdomainName(account).length === 0;
  if (!named) throw notFoundPath();
  const query = queryAt === -1 ? '' : target.slice(queryAt);
  if (query !== '') checkQuery(query.slice(1));
  return { namespace, account, upstream: `${below}${query}` };
}

/** Every spelling that some parser would turn into another path is refused, not repaired. */
function checkCanonical(path: string): void {
  const plain = /^\/[A-Za-z0-9._~:/-]*$/.test(path);
  const segments = path.split('/');
  const dots = segments.some((segment) => segment === '.' || segment === '..');
  const empty = segments.slice(1, -1).includes('');
  if (!plain || dots || empty) throw badRequest('the path is not in canonical form');
}

function checkQuery(query: string): void {
  const seen = new Set<string>();
  for (const pair of query.split('&')) {
    const [key = '', value = '', ...more] = pair.split('=');
    if (!queryKeys.has(key) || seen.has(key)) {
      throw badRequest(
        `the query may have ${[...queryKeys].join(', ')}, each once, and nothing else`,
      );
    }
    if (more.length > 0 || !plainValue.test(value)) {
      throw badRequest(`the query has an unusable value for ${key}`);
    }
    seen.add(key);
  }
}
