/** The pods that a selector chose, as statuses list them. */
import { array, object, string } from '#kube/index.ts';

/** Field `selectedPods` of a status. */
export const selectedPods = array(
  'Pods that the selector chose.',
  object('A pod.', {
    optional: { name: string('Its name.'), ip: string('Its address.') },
  }),
);
