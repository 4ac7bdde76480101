/** AccessGrant: permission to link to this site, some times, for a while. @spec Skupper v2alpha1 AccessGrant */
import { customDefinition, customSchema, dateTime, integer, object, string } from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  messageColumn,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

const spec = object('How often and how long the grant may be redeemed.', {
  optional: {
    redemptionsAllowed: integer('How many tokens of this grant may be redeemed; 1 by default.'),
    expirationWindow: string('How long after creation, such as 25m or 1h30m; 15m by default.', {
      format: 'duration',
    }),
    code: string('The secret code of the grant; one is made when this is empty.'),
    issuer: string('Secret of the CA that signs; the default issuer of the site by default.'),
    settings,
  },
});

const status = object('What a token needs, and how often it was redeemed.', {
  optional: {
    ...statusFields,
    url: string('Where tokens are redeemed.'),
    code: string('The secret code; who has it can link to this site.'),
    ca: string('PEM certificates to verify the URL with.'),
    redemptions: integer('How many tokens were redeemed.'),
    expirationTime: dateTime('When the grant ends.'),
  },
});

/** Definition of AccessGrant. */
export const accessGrant = customDefinition({
  ...skupperGroup,
  kind: 'AccessGrant',
  plural: 'accessgrants',
  shortNames: ['grant', 'gr'],
  categories: skupperCategories,
  description:
    'Permission to link to this site: counted and for a limited time. Its status has what an AccessToken elsewhere needs.',
  schema: customSchema('Permission to link to this site.', spec, status),
  columns: [
    {
      name: 'Redemptions Allowed',
      type: 'integer',
      description: 'How many tokens may be redeemed.',
      jsonPath: '.spec.redemptionsAllowed',
    },
    {
      name: 'Redemptions Made',
      type: 'integer',
      description: 'How many tokens were redeemed.',
      jsonPath: '.status.redemptions',
    },
    {
      name: 'Expiration',
      type: 'string',
      description: 'When the grant ends.',
      jsonPath: '.status.expirationTime',
    },
    statusColumn,
    messageColumn,
  ],
});

/** An AccessGrant. */
export type AccessGrant = ObjectOf<typeof accessGrant>;
