/** Certificate: a TLS Secret that is made and renewed. @spec Skupper v2alpha1 Certificate */
import {
  array,
  boolean,
  customDefinition,
  customSchema,
  dateTime,
  object,
  string,
} from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  messageColumn,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

const spec = object('What the certificate should say.', {
  required: {
    ca: string('Secret of the CA that signs; empty for a CA of its own.'),
    subject: string('Common name.'),
  },
  optional: {
    hosts: array('Host names and IP addresses it is valid for.', string('A host.')),
    client: boolean('True for use by clients.'),
    server: boolean('True for use by servers.'),
    signing: boolean('True for a CA.'),
    settings,
  },
});

const status = object('State of the certificate.', {
  optional: { ...statusFields, expiration: dateTime('When the certificate ends.') },
});

/** Definition of Certificate. */
export const certificate = customDefinition({
  ...skupperGroup,
  kind: 'Certificate',
  plural: 'certificates',
  categories: skupperCategories,
  description:
    'A certificate that is kept, valid and renewed, in a Secret of the same name. Made by controllers.',
  schema: customSchema('A TLS Secret that is made and renewed.', spec, status),
  columns: [
    { name: 'CA', type: 'string', description: 'Secret of the CA.', jsonPath: '.spec.ca' },
    {
      name: 'Server',
      type: 'boolean',
      description: 'True for use by servers.',
      jsonPath: '.spec.server',
    },
    {
      name: 'Client',
      type: 'boolean',
      description: 'True for use by clients.',
      jsonPath: '.spec.client',
    },
    { name: 'Signing', type: 'boolean', description: 'True for a CA.', jsonPath: '.spec.signing' },
    statusColumn,
    {
      name: 'Expiration',
      type: 'string',
      description: 'When the certificate ends.',
      jsonPath: '.status.expiration',
    },
    messageColumn,
  ],
});

/** A Certificate. */
export type Certificate = ObjectOf<typeof certificate>;
