/**
 * One rule of a role against one request.
 * @spec Kubernetes rbac.authorization.k8s.io/v1 PolicyRule
 */

/** What may be done: on resources, or on other paths. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** `*`, `pods`, `pods/log`; a star with `/log` behind it takes the log of everything. */
  readonly resources?: readonly string[];
  /** Absent or empty: every name. */
  readonly resourceNames?: readonly string[];
  /** `*` alone or at the end stands for anything. */
  readonly nonResourceURLs?: readonly string[];
}

/** Rules that allow everything. */
export const fullRules: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** A verb on a resource. */
export interface ResourceAttributes {
  readonly type: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Empty at the cluster scope. */
  readonly namespace: string;
  /** Empty for the collection. */
  readonly name: string;
}

/** A method, in lower case, on another path. */
export interface PathAttributes {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

/** What somebody asks to do. A RequestInfo is one. */
export type Attributes = ResourceAttributes | PathAttributes;

/** Whether the rule allows it. Scope is the caller's business: rules know no namespace. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!holds(rule.verbs, attributes.verb)) return false;
  if (attributes.type === 'path') {
    return (rule.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, attributes.path));
  }
  const names = rule.resourceNames ?? [];
  return (
    holds(rule.apiGroups ?? [], attributes.group) &&
    resourceMatches(rule.resources ?? [], attributes) &&
    (names.length === 0 || names.includes(attributes.name))
  );
}

/** `resource` or `resource/subresource`, as rules name it. */
export function qualifiedBySubresource(of: ResourceAttributes): string {
  return of.subresource === '' ? of.resource : `${of.resource}/${of.subresource}`;
}

/** Whether a URL of a rule takes in a path, or another rule's URL. */
export function urlMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/u, ''));
}

function holds(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function resourceMatches(list: readonly string[], attributes: ResourceAttributes): boolean {
  const full = qualifiedBySubresource(attributes);
  if (holds(list, full)) return true;
  return attributes.subresource !== '' && list.includes(`*/${attributes.subresource}`);
}
