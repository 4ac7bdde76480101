/**
 * Roles and bindings as the engine sees them; the stored kinds fit these shapes.
 * @spec Kubernetes rbac.authorization.k8s.io/v1 Role, RoleBinding
 */
import type { PolicyRule } from './rule.ts';
import { serviceAccountUser, type User } from './user.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

/** Names a role from a binding. */
export interface RoleRef {
  readonly apiGroup?: string;
  /** Role or ClusterRole. */
  readonly kind: string;
  readonly name: string;
}

/** Whom a binding is for. */
export interface Subject {
  /** User, Group or ServiceAccount. */
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  /** Of a ServiceAccount; default the namespace of the binding. */
  readonly namespace?: string;
}

/** A Role, or with an empty namespace a ClusterRole. */
export interface RoleEntry {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** A RoleBinding, or with an empty namespace a ClusterRoleBinding. */
export interface BindingEntry {
  readonly namespace: string;
  readonly name: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
}

/** The key under which a subject is looked up; undefined for one that names nobody. */
export function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  switch (subject.kind) {
    case 'User':
      return userKey(subject.name);
    case 'Group':
      return groupKey(subject.name);
    case 'ServiceAccount': {
      const namespace = subject.namespace || bindingNamespace;
      const { name } = subject;
      return namespace === '' ? undefined : userKey(serviceAccountUser({ namespace, name }));
    }
    default:
      return undefined;
  }
}

/** The keys that a user answers to, each once. */
export function keysOf(user: User): ReadonlySet<string> {
  return new Set([userKey(user.name), ...user.groups.map(groupKey)]);
}

function userKey(name: string): string {
  return `u/${name}`;
}

function groupKey(name: string): string {
  return `g/${name}`;
}

/** How Kubernetes names the source of a right. */
export function describeGrant(binding: BindingEntry, subject: Subject): string {
  const { namespace, name, roleRef } = binding;
  const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
  const full = namespace === '' ? name : `${name}/${namespace}`;
  const who =
    subject.kind === 'ServiceAccount'
      ? `${subject.name}/${subject.namespace || namespace}`
      : subject.name;
  return `${kind} ${JSON.stringify(full)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`;
}
