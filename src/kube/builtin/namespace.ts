/** Namespace (core/v1). */
import { checkLabelName } from '../name.ts';
import type { KubeObject } from '../object.ts';
import { array, object, string } from '../schema/build.ts';
import type { Infer } from '../schema/node.ts';
import { conditionsSchema } from '../condition.ts';
import { ageColumn, nameColumn } from '../table/table.ts';
import { builtin, objectSchema } from './definition.ts';

const schema = objectSchema('A scope for names; everything namespaced lives in one.', {
  spec: object('Desired state.', {
    optional: {
      finalizers: array('What must happen before it goes.', string('A finalizer.'), {
        'x-kubernetes-list-type': 'atomic',
      }),
    },
  }),
  status: object('Current state.', {
    optional: {
      phase: string('Active or Terminating.'),
      conditions: conditionsSchema,
    },
  }),
});

/** A Namespace. */
export type Namespace = Infer<typeof schema>;

/** The label that every Namespace carries, with its name. */
const namespaceNameLabel = 'kubernetes.io/metadata.name';

function prepare(target: KubeObject, old: KubeObject | undefined): void {
  const namespace: Namespace = target;
  const { metadata } = namespace;
  metadata.labels = { ...metadata.labels, [namespaceNameLabel]: metadata.name };
  const before: Namespace | undefined = old;
  // Only the finalize step of the server takes finalizers away, so an update keeps them.
  const finalizers = before === undefined ? ['kubernetes'] : before.spec?.finalizers;
  namespace.spec = { ...namespace.spec, ...(finalizers === undefined ? {} : { finalizers }) };
  if (before === undefined) namespace.status = { phase: 'Active' };
}

/** Definition of Namespace. */
export const namespace = builtin({
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  scope: 'Cluster',
  description: 'A scope for names.',
  statusSubresource: true,
  schema,
  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      description: 'Active or Terminating.',
      jsonPath: '.status.phase',
    },
    ageColumn,
  ],
  selectableFields: [{ path: 'status.phase' }, { path: 'name', read: (o) => o.metadata.name }],
  nameCheck: checkLabelName,
  prepare,
});
