/** Link: a connection from this site to another. @spec Skupper v2alpha1 Link */
import { customDefinition, customSchema, integer, object, string } from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  endpoints,
  messageColumn,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

const spec = object('Where to connect and with which credentials.', {
  required: { endpoints },
  optional: {
    tlsCredentials: string(
      'Secret with the client certificate, its key and the CA of the other site.',
    ),
    cost: integer('Cost for choosing among paths, at least 1; traffic prefers low cost.'),
    settings,
  },
});

const status = object('State of the link.', {
  optional: {
    ...statusFields,
    remoteSiteId: string('Identity of the site at the other end.'),
    remoteSiteName: string('Name of the site at the other end.'),
  },
});

/** Definition of Link. */
export const link = customDefinition({
  ...skupperGroup,
  kind: 'Link',
  plural: 'links',
  shortNames: ['ln'],
  categories: skupperCategories,
  description:
    'A mutually authenticated connection from this site to another, over which services of both cross. Most links come from an AccessToken.',
  schema: customSchema('A connection to another site.', spec, status),
  columns: [
    statusColumn,
    {
      name: 'Remote Site',
      type: 'string',
      description: 'Name of the site at the other end.',
      jsonPath: '.status.remoteSiteName',
    },
    messageColumn,
  ],
});

/** A Link. */
export type Link = ObjectOf<typeof link>;
