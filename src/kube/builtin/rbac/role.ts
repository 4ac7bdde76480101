/** Role and ClusterRole (rbac.authorization.k8s.io/v1): what may be done. */
import { checkPathSegment } from '../../name.ts';
import { labelSelectorSchema } from '../../selector/schema.ts';
import { type FieldError, required } from '../../field-error.ts';
import type { KubeObject } from '../../object.ts';
import { array, object } from '../../schema/build.ts';
import type { Infer } from '../../schema/node.ts';
import { createdAtColumn, nameColumn } from '../../table/table.ts';
import { builtin, objectSchema } from '../definition.ts';
import { atomic, checkRules, rulesSchema } from './rule.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

const roleSchema = objectSchema('What may be done in one namespace.', { rules: rulesSchema });

const clusterRoleSchema = objectSchema('What may be done everywhere, or wherever it is bound.', {
  rules: rulesSchema,
  aggregationRule: object('Makes the rules of other ClusterRoles those of this one.', {
    optional: {
      clusterRoleSelectors: array(
        'Any ClusterRole that one of these selects gives its rules.',
        labelSelectorSchema,
        atomic,
      ),
    },
  }),
});

/** A Role. */
export type Role = Infer<typeof roleSchema>;

/** A ClusterRole. */
export type ClusterRole = Infer<typeof clusterRoleSchema>;

function checkClusterRole(target: KubeObject): FieldError[] {
  const { rules, aggregationRule }: ClusterRole = target;
  const found = checkRules(rules ?? [], false);
  if (aggregationRule && (aggregationRule.clusterRoleSelectors ?? []).length === 0) {
    const why = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
    found.push(required('aggregationRule.clusterRoleSelectors', why));
  }
  return found;
}

const common = {
  group: rbacGroup,
  columns: [nameColumn, createdAtColumn],
  nameCheck: checkPathSegment,
};

/** Definition of Role. */
export const role = builtin({
  ...common,
  kind: 'Role',
  plural: 'roles',
  description: 'What may be done in one namespace.',
  schema: roleSchema,
  validate: (target: KubeObject) => checkRules((target as Role).rules ?? [], true),
});

/** Definition of ClusterRole. */
export const clusterRole = builtin({
  ...common,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  description: 'What may be done everywhere, or wherever it is bound.',
  schema: clusterRoleSchema,
  validate: checkClusterRole,
});
