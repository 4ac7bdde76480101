/** AccessToken: what a grant of another site gives to link to it. @spec Skupper v2alpha1 AccessToken */
import { boolean, customDefinition, customSchema, integer, object, string } from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  messageColumn,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

const spec = object('Where and with what the token is redeemed.', {
  required: {
    url: string('Where the token is redeemed: status.url of the grant.'),
    code: string('The secret code: status.code of the grant.'),
    ca: string('PEM certificates to verify the URL with: status.ca of the grant.'),
  },
  optional: {
    linkCost: integer('Cost of the link that comes out.'),
    settings,
  },
});

const status = object('Whether it was redeemed.', {
  optional: {
    ...statusFields,
    redeemed: boolean('True once redeemed; it cannot be used again.'),
  },
});

/** Definition of AccessToken. */
export const accessToken = customDefinition({
  ...skupperGroup,
  kind: 'AccessToken',
  plural: 'accesstokens',
  shortNames: ['token', 'to'],
  categories: skupperCategories,
  description:
    'A short-lived credential from an AccessGrant of another site; redeeming it makes a Link to that site.',
  schema: customSchema('A credential to link to another site.', spec, status),
  columns: [
    { name: 'URL', type: 'string', description: 'Where it is redeemed.', jsonPath: '.spec.url' },
    {
      name: 'Redeemed',
      type: 'boolean',
      description: 'True once redeemed.',
      jsonPath: '.status.redeemed',
    },
    statusColumn,
    messageColumn,
  ],
});

/** An AccessToken. */
export type AccessToken = ObjectOf<typeof accessToken>;
