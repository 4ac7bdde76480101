/**
 * IssuedLink: the record of one certificate that a grant handed out. `spec.revoked: true` cuts that
 * one site and no other. Only `revoked` may change after creation.
 */
import {
  array,
  boolean,
  customDefinition,
  customSchemaWithSpec,
  dateTime,
  object,
  oneOfTexts,
  string,
  withDefault,
} from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  drawbridgeCategories,
  drawbridgeGroup,
  messageColumn,
  statusColumn,
  statusFields,
} from '../groups.ts';
import { immutableFields, onceTrue } from '../immutable.ts';

/** Keeps a deleted IssuedLink until its certificate is on the list of revoked ones. */
export const issuedLinkFinalizer = 'drawbridge.dev/revocation';

/** Label with the uid of the grant, for `kubectl get issuedlinks -l`. */
export const issuedLinkGrantLabel = 'drawbridge.dev/grant-uid';

/** Characters of one text of the record. */
export const issuedTextMax = 512;

const short = { maxLength: issuedTextMax };

const frozen = {
  required: {
    serialNumber: string('Serial number of the certificate, hexadecimal.', short),
    fingerprint: string('SHA-256 of the certificate (DER), hexadecimal.', short),
    commonName: string('Common name of the certificate.', short),
    issuer: string('Secret of the CA that signed it.', short),
    notAfter: dateTime('When the certificate ends.'),
  },
  optional: {
    notBefore: dateTime('When the certificate begins.'),
    issuedTime: dateTime('When it was handed out.'),
    grantName: string('AccessGrant that it was issued for.', short),
    grantUid: string('UID of that AccessGrant.', short),
    tokenName: string('Name that the joining site gave its token, and so the link there.', short),
    siteId: string('Identity of the site that it was issued to.', short),
    siteName: string('Name of that site, when known.', short),
    client: string('Address that it was issued to.', short),
    form: oneOfTexts('csr when the key stayed with the joiner, key when it was sent.', [
      'csr',
      'key',
    ]),
    replaces: string('IssuedLink that this one renews.', short),
  },
} as const;

const spec = object(
  'What was handed out, to whom. Nothing but revoked can change.',
  {
    required: frozen.required,
    optional: {
      ...frozen.optional,
      revoked: withDefault(boolean('True cuts this site and refuses the certificate.'), false),
    },
  },
  {
    rules: [
      ...immutableFields([...Object.keys(frozen.required), ...Object.keys(frozen.optional)]),
      onceTrue('revoked'),
    ],
  },
);

const status = object('What became of it.', {
  optional: {
    ...statusFields,
    connected: boolean('True while a router connects with this certificate.'),
    lastSeenTime: dateTime('When a router last connected with it.'),
    remoteSiteName: string('Name of the site as the network knows it.', short),
    revokedTime: dateTime('When revocation took effect here.'),
    authorities: array(
      'SHA-256 of the CA certificates that the site says it trusts, while a CA rotates.',
      string('A fingerprint, hexadecimal.', short),
    ),
  },
});

/** Definition of IssuedLink. */
export const issuedLink = customDefinition({
  ...drawbridgeGroup,
  kind: 'IssuedLink',
  plural: 'issuedlinks',
  shortNames: ['il'],
  categories: drawbridgeCategories,
  description:
    'The record of one certificate that was handed out for a link. Setting spec.revoked cuts that one site.',
  schema: customSchemaWithSpec('One certificate handed out for a link.', spec, status),
  columns: [
    {
      name: 'Site',
      type: 'string',
      description: 'Name of the site, once it was seen.',
      jsonPath: '.status.remoteSiteName',
    },
    { name: 'Grant', type: 'string', description: 'The grant.', jsonPath: '.spec.grantName' },
    {
      name: 'Connected',
      type: 'boolean',
      description: 'True while a router connects with it.',
      jsonPath: '.status.connected',
    },
    {
      name: 'Expiration',
      type: 'string',
      description: 'When the certificate ends.',
      jsonPath: '.spec.notAfter',
    },
    {
      name: 'Revoked',
      type: 'boolean',
      description: 'True once revoked.',
      jsonPath: '.spec.revoked',
    },
    statusColumn,
    messageColumn,
    {
      name: 'Site ID',
      type: 'string',
      description: 'Identity of the site.',
      priority: 1,
      jsonPath: '.spec.siteId',
    },
    {
      name: 'Serial',
      type: 'string',
      description: 'Serial number of the certificate.',
      priority: 1,
      jsonPath: '.spec.serialNumber',
    },
  ],
});

/** An IssuedLink. */
export type IssuedLink = ObjectOf<typeof issuedLink>;
