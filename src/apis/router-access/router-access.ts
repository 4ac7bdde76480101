/** RouterAccess: where the router of a site accepts connections. @spec Skupper v2alpha1 RouterAccess */
import { array, boolean, customDefinition, customSchema, object, string } from '#kube/index.ts';
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

const spec = object('Which roles the router serves, and how they are reached.', {
  required: {
    roles: array(
      'What the router listens for.',
      object('A role and its port.', {
        required: { name: string('inter-router, edge or normal.') },
        optional: {
          port: port('Port of the router; 45671 for edge and 55671 otherwise by default.'),
        },
      }),
    ),
    tlsCredentials: string('Secret with the server certificate, its key and the CA of clients.'),
  },
  optional: {
    generateTlsCredentials: boolean('True makes the Secret of tlsCredentials.'),
    issuer: string('Secret of the CA that signs it; the default issuer of the site by default.'),
    accessType: string('How it is reached from outside; the default of the controller when empty.'),
    bindHost: string('Address that the router binds; all of them by default.'),
    subjectAlternativeNames: array(
      'Further names for the certificate.',
      string('A host name or IP address.'),
    ),
    settings,
  },
});

const status = object('Where the router can be reached.', {
  optional: { ...statusFields, endpoints },
});

/** Definition of RouterAccess. */
export const routerAccess = customDefinition({
  ...skupperGroup,
  kind: 'RouterAccess',
  plural: 'routeraccesses',
  categories: skupperCategories,
  description:
    'Lets other routers connect to the router of this site. A Site with linkAccess makes one by itself.',
  schema: customSchema('Where the router of a site accepts connections.', spec, status),
  columns: [statusColumn, messageColumn],
});

/** A RouterAccess. */
export type RouterAccess = ObjectOf<typeof routerAccess>;
