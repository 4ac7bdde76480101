/** Lease (coordination.k8s.io/v1): who leads, and until when. */
import type { FieldError } from '../field-error.ts';
import { invalid } from '../field-error.ts';
import type { KubeObject } from '../object.ts';
import { integer, microTime, object, string } from '../schema/build.ts';
import type { Infer } from '../schema/node.ts';
import { ageColumn, nameColumn } from '../table/table.ts';
import { builtin, objectSchema } from './definition.ts';

const schema = objectSchema('Who holds a role, and until when.', {
  spec: object('The lease.', {
    optional: {
      holderIdentity: string('Who holds it.'),
      leaseDurationSeconds: integer('Seconds after renewTime until others may take it.', {
        format: 'int32',
      }),
      acquireTime: microTime('When it was acquired.'),
      renewTime: microTime('When the holder last renewed it.'),
      leaseTransitions: integer('How often the holder changed.', { format: 'int32' }),
      strategy: string('How leaders are chosen.'),
      preferredHolder: string('Who should hold it next.'),
    },
  }),
});

/** A Lease. */
export type Lease = Infer<typeof schema>;

function validate(target: KubeObject): FieldError[] {
  const { spec }: Lease = target;
  const found: FieldError[] = [];
  if (spec?.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
    found.push(
      invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'),
    );
  }
  if (spec?.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
    found.push(
      invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0'),
    );
  }
  return found;
}

/** Definition of Lease. */
export const lease = builtin({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  description: 'Who holds a role, and until when.',
  unconditionalUpdate: false,
  schema,
  columns: [
    nameColumn,
    {
      name: 'Holder',
      type: 'string',
      description: 'Who holds the lease.',
      cell: (target) => {
        const { spec }: Lease = target;
        return spec?.holderIdentity ?? '';
      },
    },
    ageColumn,
  ],
  validate,
});
