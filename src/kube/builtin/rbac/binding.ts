/** RoleBinding and ClusterRoleBinding (rbac.authorization.k8s.io/v1): who may do it. */
import type { Column } from '../../definition.ts';
import type { FieldError } from '../../field-error.ts';
import { invalid, notSupported, required } from '../../field-error.ts';
import { equalJson } from '../../json.ts';
import { checkPathSegment, checkSubdomainName } from '../../name.ts';
import type { KubeObject } from '../../object.ts';
import { array, object, string } from '../../schema/build.ts';
import type { Infer } from '../../schema/node.ts';
import { ageColumn, nameColumn } from '../../table/table.ts';
import { builtin, objectSchema } from '../definition.ts';
import { rbacGroup } from './role.ts';
import { atomic } from './rule.ts';

const roleRefSchema = object(
  'The role that is given. Cannot change.',
  {
    required: { kind: string('Role or ClusterRole.'), name: string('Name of the role.') },
    optional: { apiGroup: string('rbac.authorization.k8s.io, the default.') },
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

const subjectSchema = object(
  'A user, group or service account.',
  {
    required: { kind: string('User, Group or ServiceAccount.'), name: string('Name.') },
    optional: {
      apiGroup: string('rbac.authorization.k8s.io for users and groups, empty otherwise.'),
      namespace: string('Namespace of a service account.'),
    },
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

const bindingSchema = objectSchema('Gives a role to users, groups and service accounts.', {
  roleRef: roleRefSchema,
  subjects: array('Who gets it.', subjectSchema, atomic),
});

/** A RoleBinding or ClusterRoleBinding. */
export type RoleBinding = Infer<typeof bindingSchema>;

/** Who a binding gives its role to. */
export type Subject = Infer<typeof subjectSchema>;

const asBinding = (target: KubeObject): RoleBinding => target;

function prepare(target: KubeObject): void {
  const { roleRef, subjects = [] } = asBinding(target);
  if (roleRef && (roleRef.apiGroup ?? '') === '') roleRef.apiGroup = rbacGroup;
  for (const subject of subjects) {
    const named = subject.kind === 'User' || subject.kind === 'Group';
    if (named && (subject.apiGroup ?? '') === '') subject.apiGroup = rbacGroup;
  }
}

function checkRoleRef(binding: RoleBinding, kinds: readonly string[]): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {};
  const found: FieldError[] = [];
  if (apiGroup !== rbacGroup) {
    found.push(notSupported('roleRef.apiGroup', apiGroup, [rbacGroup]));
  }
  if (!kinds.includes(kind)) found.push(notSupported('roleRef.kind', kind, kinds));
  if (name === '') found.push(required('roleRef.name'));
  else found.push(...checkPathSegment(name).map((text) => invalid('roleRef.name', name, text)));
  return found;
}

function checkSubject(subject: Subject, place: string, namespaced: boolean): FieldError[] {
  const { kind, name, apiGroup = '', namespace = '' } = subject;
  const found: FieldError[] = [];
  if (name === '') found.push(required(`${place}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') {
        const messages = checkSubdomainName(name);
        found.push(...messages.map((text) => invalid(`${place}.name`, name, text)));
      }
      if (apiGroup !== '') found.push(notSupported(`${place}.apiGroup`, apiGroup, ['']));
      if (!namespaced && namespace === '') found.push(required(`${place}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) {
        found.push(notSupported(`${place}.apiGroup`, apiGroup, [rbacGroup]));
      }
      break;
    default:
      found.push(notSupported(`${place}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  }
  return found;
}

/** The check of bindings that may refer to roles of the given kinds. */
function validator(kinds: readonly string[], namespaced: boolean) {
  return (target: KubeObject, before: KubeObject | undefined): FieldError[] => {
    const binding = asBinding(target);
    const found = checkRoleRef(binding, kinds);
    for (const [index, subject] of (binding.subjects ?? []).entries()) {
      found.push(...checkSubject(subject, `subjects[${index}]`, namespaced));
    }
    // Whoever was given a role must not find another one behind the same name.
    if (before !== undefined && !equalJson(binding.roleRef, asBinding(before).roleRef)) {
      found.push(invalid('roleRef', binding.roleRef, 'cannot change roleRef'));
    }
    return found;
  };
}

function subjectColumn(name: string, kind: string): Column {
  return {
    name,
    type: 'string',
    priority: 1,
    description: `${name} that get the role.`,
    cell: (target) => {
      const own = (asBinding(target).subjects ?? []).filter((each) => each.kind === kind);
      const shown = own.map((each) =>
        kind === 'ServiceAccount' ? `${each.namespace ?? ''}/${each.name}` : each.name,
      );
      return shown.join(', ');
    },
  };
}

const common = {
  group: rbacGroup,
  schema: bindingSchema,
  nameCheck: checkPathSegment,
  prepare,
  columns: [
    nameColumn,
    {
      name: 'Role',
      type: 'string',
      description: 'The role that is given.',
      cell: (target: KubeObject) => {
        const { roleRef } = asBinding(target);
        return `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`;
      },
    },
    ageColumn,
    subjectColumn('Users', 'User'),
    subjectColumn('Groups', 'Group'),
    subjectColumn('ServiceAccounts', 'ServiceAccount'),
  ] satisfies readonly Column[],
};

/** Definition of RoleBinding. */
export const roleBinding = builtin({
  ...common,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  description: 'Gives a role in one namespace.',
  validate: validator(['Role', 'ClusterRole'], true),
});

/** Definition of ClusterRoleBinding. */
export const clusterRoleBinding = builtin({
  ...common,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  description: 'Gives a ClusterRole everywhere.',
  validate: validator(['ClusterRole'], false),
});
