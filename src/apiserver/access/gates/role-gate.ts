/**
 * Nobody gives away more than he holds: writing a role needs all its permissions or the verb
 * `escalate`, writing a binding those of its role or the verb `bind`.
 * @spec Kubernetes pkg/registry/rbac escalation_check
 */
import {
  equalJson,
  forbiddenResource,
  type DynamicObject,
  isRecord,
  notFoundObject,
  type StatusError,
} from '#kube/index.ts';
import {
  fullRules,
  type HeldRules,
  type PolicyRule,
  rbacGroup,
  type RoleRef,
  ruleText,
  uncoveredRules,
  type User,
  whoText,
} from '#rbac/index.ts';
import type { ObjectGate, ProposedWrite } from '../../objects/object-gate.ts';
import { type Authorizer, isMaster } from '../authorization/authorizer.ts';

export interface RoleGateDeps {
  readonly authorizer: Authorizer;
  rulesFor(user: User, namespace: string): HeldRules;
  rulesOf(ref: RoleRef, namespace: string): readonly PolicyRule[] | string;
}

/** The gate of Role, ClusterRole, RoleBinding and ClusterRoleBinding. */
export function roleGate(deps: RoleGateDeps): ObjectGate {
  return (write) => {
    const { target, user, object, old } = write;
    const { group, plural } = target.definition;
    if (group !== rbacGroup || isMaster(user)) return object;
    if (old && sameButForCollection(object, old)) return object;
    if (plural === 'roles' || plural === 'clusterroles') checkRole(deps, write);
    else checkBinding(deps, write);
    return object;
  };
}

/** What the garbage collector must be able to change for everybody. */
function sameButForCollection(object: DynamicObject, old: DynamicObject): boolean {
  const strip = (each: DynamicObject): unknown => {
    const { ownerReferences: _o, finalizers: _f, ...metadata } = each.metadata;
    const { managedFields: _m, resourceVersion: _r, ...rest } = metadata;
    return { ...each, metadata: rest };
  };
  return equalJson(strip(object), strip(old));
}

function checkRole(deps: RoleGateDeps, write: ProposedWrite): void {
  const { target, user, object, old } = write;
  if (allowed(deps, write, 'escalate', target.definition.plural, target.name)) return;
  const wanted = rulesIn(object);
  const fault = missingText(deps, user, target.namespace, wanted);
  if (fault !== undefined) throw refusal(write, fault);
  if (!isRecord(object['aggregationRule']) && !isRecord(old?.['aggregationRule'])) return;
  if (uncoveredRules(deps.rulesFor(user, '').rules, fullRules).length > 0) {
    throw refusal(write, 'must have cluster-admin privileges to use the aggregationRule');
  }
}

function checkBinding(deps: RoleGateDeps, write: ProposedWrite): void {
  const { target, user, object } = write;
  const ref = refIn(object);
  const plural = ref.kind === 'Role' ? 'roles' : 'clusterroles';
  if (allowed(deps, write, 'bind', plural, ref.name)) return;
  const rules = deps.rulesOf(ref, target.namespace);
  // Kubernetes names the kind of the binding and the name of the role.
  if (typeof rules === 'string') throw notFoundObject(target.definition, ref.name);
  const fault = missingText(deps, user, target.namespace, rules);
  if (fault !== undefined) throw refusal(write, fault);
}

function allowed(
  { authorizer }: RoleGateDeps,
  { target, user }: ProposedWrite,
  verb: string,
  resource: string,
  name: string,
): boolean {
  const { namespace } = target;
  const place = { group: rbacGroup, version: 'v1', resource, subresource: '', namespace, name };
  return authorizer.decide(user, { type: 'resource', verb, ...place }).allowed;
}

/** What of the wanted rules is not held, in the words of Kubernetes; undefined when nothing is. */
function missingText(
  deps: RoleGateDeps,
  user: User,
  namespace: string,
  wanted: readonly PolicyRule[],
): string | undefined {
  const { rules, faults } = deps.rulesFor(user, namespace);
  const missing = uncoveredRules(rules, wanted);
  if (missing.length === 0) return undefined;
  const broken = faults.length === 0 ? '' : `; resolution errors: [${faults.join(' ')}]`;
  const lines = [...new Set(missing.map(ruleText))].sort();
  return `${whoText(user)} is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${broken}`;
}

function refusal({ target, object }: ProposedWrite, why: string): StatusError {
  return forbiddenResource(target.definition, object.metadata.name, why);
}

function rulesIn(object: DynamicObject): readonly PolicyRule[] {
  const { rules } = object;
  return Array.isArray(rules) ? (rules as PolicyRule[]) : [];
}

function refIn(object: DynamicObject): RoleRef {
  const { roleRef } = object;
  return isRecord(roleRef) ? (roleRef as unknown as RoleRef) : { kind: '', name: '' };
}
