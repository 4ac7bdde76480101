/** From a canonical target to the part of the gateway that answers it. */
import { GatewayError } from '../errors.ts';
import { below, type Target } from '../request/target.ts';

export type Route =
  | {
      readonly kind: 'proxy';
      readonly cluster: string;
      /** What is taken off the path. */
      readonly mount: string;
      /** Session chosen by the path. */
      readonly tag: string | undefined;
      /** Below the mount. */
      readonly target: Target;
    }
  | { readonly kind: 'native'; readonly path: readonly string[] }
  | { readonly kind: 'login'; readonly path: readonly string[] }
  | { readonly kind: 'page'; readonly path: string };

/** The cluster behind `/k8s` and behind the root. */
export const localCluster = 'local';

/** Paths of an API server at the root, for tools that ignore the path of the server's URL. */
const rootPaths = new Set(['api', 'apis', 'openapi', 'version', 'healthz', 'livez', 'readyz']);

/**
 *   /k8s/...              the local cluster
 *   /clusters/NAME/...    a named one
 *   /s/TAG/...            either of these, with the session TAG of a browser
 *   /api /apis /version   the local cluster at the root
 *   /gateway/v1/...       the gateway's own API
 *   /login/...            logging in, where that is configured
 *   everything else       pages
 * @throws GatewayError GATEWAY_NOT_FOUND
 */
export function routeOf(target: Target): Route {
  const { segments } = target;
  const [first = ''] = segments;
  if (first === 'gateway') return { kind: 'native', path: segments.slice(1) };
  if (first === 'login') return { kind: 'login', path: segments.slice(1) };
  if (rootPaths.has(first)) {
    return { kind: 'proxy', cluster: localCluster, mount: '', tag: undefined, target };
  }
  const tag = first === 's' ? segments[1] : undefined;
  const rest = tag === undefined ? segments : segments.slice(2);
  const prefix = tag === undefined ? '' : `/s/${tag}`;
  if (rest[0] === 'k8s') return proxied(target, tag, localCluster, `${prefix}/k8s`);
  if (rest[0] === 'clusters' && rest[1] !== undefined) {
    return proxied(target, tag, rest[1], `${prefix}/clusters/${rest[1]}`);
  }
  if (first === 's') throw notFound();
  return { kind: 'page', path: target.path };
}

function proxied(target: Target, tag: string | undefined, cluster: string, mount: string): Route {
  const under = below(target, mount);
  // The mount was put together from decoded segments: an escaped spelling of it is not below.
  if (under === undefined) throw notFound();
  return { kind: 'proxy', cluster, mount, tag, target: under };
}

function notFound(): GatewayError {
  return new GatewayError('GATEWAY_NOT_FOUND', 'the gateway serves nothing here');
}
