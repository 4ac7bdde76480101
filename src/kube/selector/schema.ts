/** The schema of the label selectors that objects carry. */
import { array, map, object, string } from '../schema/build.ts';

/** @spec Kubernetes meta/v1 LabelSelector */
export const labelSelectorSchema = object(
  'Selects objects by their labels.',
  {
    optional: {
      matchLabels: map('Labels that must have these values.', string('A label value.')),
      matchExpressions: array(
        'Conditions that must all hold.',
        object('A condition.', {
          required: {
            key: string('Key of the label.'),
            operator: string('In, NotIn, Exists or DoesNotExist.'),
          },
          optional: {
            values: array('Values for In and NotIn.', string('A label value.'), {
              'x-kubernetes-list-type': 'atomic',
            }),
          },
        }),
        { 'x-kubernetes-list-type': 'atomic' },
      ),
    },
  },
  { 'x-kubernetes-map-type': 'atomic' },
);
