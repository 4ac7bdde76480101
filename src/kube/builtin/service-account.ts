/** ServiceAccount (core/v1). */
import type { KubeObject } from '../object.ts';
import { array, boolean, object, string } from '../schema/build.ts';
import type { Infer } from '../schema/node.ts';
import { ageColumn, nameColumn } from '../table/table.ts';
import { builtin, objectSchema } from './definition.ts';

const schema = objectSchema('An identity for programs.', {
  secrets: array(
    'Secrets that programs with this identity may use.',
    object('A reference to a Secret.', {
      optional: {
        name: string('Name of the Secret.'),
        namespace: string('Namespace of the Secret.'),
        kind: string('Kind of the referent.'),
        apiVersion: string('Version of the referent.'),
        uid: string('UID of the referent.'),
        resourceVersion: string('Version of the referent.'),
        fieldPath: string('Part of the referent.'),
      },
    }),
    {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
    },
  ),
  imagePullSecrets: array(
    'Secrets for pulling images.',
    object('A reference by name.', { optional: { name: string('Name of the Secret.') } }),
    { 'x-kubernetes-list-type': 'atomic' },
  ),
  automountServiceAccountToken: boolean('Whether pods get a token without asking.'),
});

/** A ServiceAccount. */
export type ServiceAccount = Infer<typeof schema>;

const asServiceAccount = (target: KubeObject): ServiceAccount => target;

/** Definition of ServiceAccount. */
export const serviceAccount = builtin({
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  description: 'An identity for programs.',
  schema,
  columns: [
    nameColumn,
    {
      name: 'Secrets',
      type: 'string',
      description: 'Number of Secrets.',
      cell: (target) => String(asServiceAccount(target).secrets?.length ?? 0),
    },
    ageColumn,
  ],
});
