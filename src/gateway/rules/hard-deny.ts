/**
 * What no grant opens, whoever made it: ways to more rights than the grant has, and the gateway's
 * own keys and counters.
 */
import type { GatewayToken } from '#apis/index.ts';
import type { RequestInfo } from '../request/request-info.ts';
import { capabilityOf } from './connect-capability.ts';

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
  // A stream into a workload is opened by reading, too, and is as good as a change of it.
  const capability = capabilityOf(info);
  const opens = capability !== undefined && capability !== 'log';
  const changes = !reading.has(verb) || subresource === 'token' || opens;
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
  // Whoever makes workloads there, of whatever group, gives them the keys.
  if (changes && options.protectedNamespaces.has(namespace)) {
    return 'this namespace belongs to the gateway';
  }
  if (verb === 'impersonate' || verb === 'escalate' || verb === 'bind') {
    return `${verb} is never granted`;
  }
  return undefined;
}

/**
 * What the rules name and nothing opens, with the reason; undefined when there is no such thing.
 * Stars are not looked at: they stand for whatever can be opened.
 */
export function neverOpened(
  { rules = [] }: Pick<GatewayToken['spec'], 'rules'>,
  options: HardDenyOptions,
): string | undefined {
  for (const { effect, apiGroups = [], resources = [], verbs, namespaces = ['*'] } of rules) {
    if (effect === 'deny') continue;
    for (const text of resources) {
      const [resource = '', subresource = ''] = text.split('/', 2);
      for (const verb of verbs) {
        for (const namespace of namespaces) {
          const asked = { ...plainly, resource, subresource, verb, namespace };
          // A rule for several groups opens what it can.
          const reasons = apiGroups.map((group) => hardDenied({ ...asked, group }, options));
          const [reason] = reasons;
          if (verb !== '*' && reason !== undefined && !reasons.includes(undefined)) {
            return `nothing opens ${verb} ${text}: ${reason}`;
          }
        }
      }
    }
  }
  return undefined;
}

const plainly = { isResource: true, name: '', labelSelector: '', doubled: [] } as const;
