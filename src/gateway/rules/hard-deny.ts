/**
 * What no grant opens, whoever made it: ways to more rights than the grant has, and the gateway's
 * own keys and counters.
 */
import type { RequestInfo } from '../request/request-info.ts';

export interface HardDenyOptions {
  /** Namespaces whose Secrets stay closed, such as the gateway's own. */
  readonly protectedNamespaces: ReadonlySet<string>;
  /** Lets `proxy` reach nodes, which is as good as a shell on each of them. Default false. */
  readonly nodesProxy: boolean;
}

const reading = new Set(['get', 'list', 'watch']);
/** Groups in which only reading can be granted. */
const readOnlyGroups: Readonly<Record<string, string>> = {
  'rbac.authorization.k8s.io': 'roles and bindings',
  'admissionregistration.k8s.io': 'admission webhooks and policies',
  'certificates.k8s.io': 'certificate requests',
  'apiregistration.k8s.io': 'API services',
  'authentication.k8s.io': 'reviews of tokens',
};

/** Why a request is refused whatever the grant says; undefined when it is not. */
export function hardDenied(info: RequestInfo, options: HardDenyOptions): string | undefined {
  if (!info.isResource) return undefined;
  const { group, resource, subresource, namespace, verb } = info;
  const changes = !reading.has(verb) || subresource === 'token';
  if (group === '' && resource === 'secrets') {
    if (namespace === '') return 'Secrets of all namespaces at once are never opened';
    if (options.protectedNamespaces.has(namespace)) {
      return 'Secrets of this namespace belong to the gateway';
    }
  }
  if (group === 'drawbridge.dev' && changes) return 'grants are not changed through a grant';
  if (Object.hasOwn(readOnlyGroups, group) && changes) {
    return `${readOnlyGroups[group] ?? ''} are not changed through a grant`;
  }
  if (group === '' && resource === 'nodes' && !options.nodesProxy) {
    if (subresource === 'proxy' || verb === 'proxy') return 'nodes/proxy is switched off';
  }
  if (group === '' && changes && options.protectedNamespaces.has(namespace)) {
    return 'this namespace belongs to the gateway';
  }
  if (verb === 'impersonate' || verb === 'escalate' || verb === 'bind') {
    return `${verb} is never granted`;
  }
  return undefined;
}
