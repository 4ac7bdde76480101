/** SecuredAccess: an outside address with a certificate for pods. @spec Skupper v2alpha1 SecuredAccess */
import { array, customDefinition, customSchema, map, object, string } from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  endpoints,
  messageColumn,
  port,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

const spec = object('Which pods get an address, and how.', {
  required: {
    selector: map('Labels of the pods.', string('A label value.')),
    ports: array(
      'The ports.',
      object('A port.', {
        required: { name: string('Its name.'), port: port('Port for clients.') },
        optional: { targetPort: port('Port of the pods.'), protocol: string('TCP or UDP.') },
      }),
    ),
  },
  optional: {
    accessType: string('How it is reached from outside; the default of the controller when empty.'),
    issuer: string('Secret of the CA that signs the certificate; none is made when empty.'),
    certificate: string('Name of the certificate; that of this object by default.'),
    settings,
  },
});

const status = object('The address.', {
  optional: {
    ...statusFields,
    endpoints,
    ca: string('PEM certificates to verify the address with.'),
  },
});

/** Definition of SecuredAccess. */
export const securedAccess = customDefinition({
  ...skupperGroup,
  kind: 'SecuredAccess',
  plural: 'securedaccesses',
  categories: skupperCategories,
  description: 'An outside address with a certificate for a set of pods. Made by controllers.',
  schema: customSchema('An outside address for pods.', spec, status),
  columns: [statusColumn, messageColumn],
});

/** A SecuredAccess. */
export type SecuredAccess = ObjectOf<typeof securedAccess>;
