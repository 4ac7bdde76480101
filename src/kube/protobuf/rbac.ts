/** Roles and bindings. @spec Kubernetes rbac/v1 generated.proto */
import { list, type Message, one, optional } from './field.ts';
import { labelSelector, objectMeta } from './meta.ts';

const rule: Message = {
  1: list('verbs', 'string'),
  2: list('apiGroups', 'string'),
  3: list('resources', 'string'),
  4: list('resourceNames', 'string'),
  5: list('nonResourceURLs', 'string'),
};

const role: Message = { 1: one('metadata', objectMeta), 2: list('rules', rule) };

const clusterRole: Message = {
  ...role,
  3: optional('aggregationRule', { 1: list('clusterRoleSelectors', labelSelector) }),
};

const binding: Message = {
  1: one('metadata', objectMeta),
  2: list('subjects', {
    1: one('kind', 'string'),
    2: one('apiGroup', 'string'),
    3: one('name', 'string'),
    4: one('namespace', 'string'),
  }),
  3: one('roleRef', {
    1: one('apiGroup', 'string'),
    2: one('kind', 'string'),
    3: one('name', 'string'),
  }),
};

/** The messages of the group by apiVersion and kind. */
export const rbacMessages: readonly (readonly [string, Message])[] = [
  ['rbac.authorization.k8s.io/v1 Role', role],
  ['rbac.authorization.k8s.io/v1 ClusterRole', clusterRole],
  ['rbac.authorization.k8s.io/v1 RoleBinding', binding],
  ['rbac.authorization.k8s.io/v1 ClusterRoleBinding', binding],
];
