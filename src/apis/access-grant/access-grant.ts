/** AccessGrant: permission to link to this site, some times, for a while. @spec Skupper v2alpha1 AccessGrant */
import {
  array,
  customDefinition,
  customSchema,
  dateTime,
  integer,
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

const short = { maxLength: 512 };

const redemption = object('One redemption.', {
  optional: {
    tokenName: string('Name that the joining site gave its token.', short),
    siteId: string('Identity of the joining site.', short),
    client: string('Address that it came from.', short),
    time: dateTime('When it was counted.'),
    serialNumber: string('Serial number of the certificate that was handed out.', short),
    issuedLink: string('IssuedLink of that certificate.', short),
    request: string('Tells the same request when it comes again.', short),
  },
});

/** Kept in thousandths, because schemas know whole numbers only. */
const level = integer('Wrong codes that were not forgiven when the last one came, in thousandths.');

const guesser = object('An address that wrong codes came from.', {
  optional: {
    client: string('The address, or the network of 64 bits of an IPv6 address.', short),
    level,
    time: dateTime('When the last one came from there.'),
  },
});

const refusals = object('Codes that were refused.', {
  optional: {
    count: integer('How many.'),
    level,
    client: string('Address that the last one came from.', short),
    time: dateTime('When the last one came.'),
    reason: string('Why it was refused.', short),
    clients: array('Addresses that are slowed down, or soon will be.', guesser, {
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
    }),
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
    redeemedBy: array('The latest redemptions.', redemption, {
      maxItems: 50,
      'x-kubernetes-list-type': 'atomic',
    }),
    refusals,
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
