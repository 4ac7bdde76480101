/**
 * GatewayToken: a way into parts of the Kubernetes API for a person, a browser or a tool, that
 * expires, counts and can be revoked. Only `revoked` may change after creation.
 */
import {
  array,
  boolean,
  customDefinition,
  customSchemaWithSpec,
  dateTime,
  integer,
  map,
  object,
  oneOfTexts,
  string,
  withDefault,
} from '#kube/index.ts';
import type { Infer, ObjectOf } from '#kube/index.ts';
import {
  drawbridgeCategories,
  drawbridgeGroup,
  messageColumn,
  statusColumn,
  statusFields,
} from '../groups.ts';
import { immutableFields, onceSet, onceTrue } from '../immutable.ts';

/** Entries in the lists of a token; rules compare whole lists, so lists stay short. */
export const gatewayListMax = 64;
/** Characters of one entry. */
export const gatewayTextMax = 512;
/** Groups of a person who logged in. */
export const loginGroupsMax = 256;
/** Redemptions that a status remembers one by one. */
export const redemptionsKeptMax = 100;

const short = { maxLength: gatewayTextMax };
const few = { maxItems: gatewayListMax, 'x-kubernetes-list-type': 'atomic' } as const;

/** A list of texts. */
const texts = (description: string, item: string): ReturnType<typeof array<string>> =>
  array(description, string(item, short), few);

const duration = { format: 'duration', maxLength: 64 };

/** Streams that a token can open. */
export const gatewayStreams = [
  'exec',
  'attach',
  'portforward',
  'proxy',
  'log',
  'vnc',
  'console',
  'usbredir',
] as const;

const streams = (description: string) =>
  array(description, oneOfTexts('A kind of stream.', gatewayStreams), {
    maxItems: gatewayListMax,
    'x-kubernetes-list-type': 'set',
  });

const rule = object('What may be done, in the words of RBAC. An empty list means any.', {
  required: { verbs: texts('Verbs such as get, list, watch; * for all.', 'A verb.') },
  optional: {
    effect: withDefault(
      oneOfTexts('Whether the rule allows or denies; denying wins.', ['allow', 'deny']),
      'allow',
    ),
    apiGroups: texts('API groups; empty text for the core group.', 'A group.'),
    resources: texts('Resources in the plural.', 'A resource.'),
    subresources: texts(
      'Subresources such as status, beside the objects themselves; none by default, * for all that need no name.',
      'A subresource.',
    ),
    resourceNames: texts('Names of objects.', 'A name.'),
    namespaces: texts('Namespaces.', 'A namespace.'),
    selectors: texts('Label selectors that lists and watches must carry.', 'A selector.'),
    queries: map('Query parameters that must have these values.', string('The value.', short), {
      maxProperties: gatewayListMax,
    }),
    connect: streams(
      'Which of the streams of the token this rule opens, when it allows; all by default.',
    ),
  },
});

const subject = object('Who may use it.', {
  required: {
    kind: oneOfTexts('User, Group or ServiceAccount.', ['User', 'Group', 'ServiceAccount']),
    name: string('Name.', short),
  },
  optional: { namespace: string('Namespace of a ServiceAccount.', short) },
});

const approval = object(
  'What somebody decided about a token that waits for approval. Written by the gateway alone.',
  {
    required: {
      kind: oneOfTexts('User or ServiceAccount.', ['User', 'ServiceAccount']),
      name: string('Name.', short),
    },
    optional: {
      namespace: string('Namespace of a ServiceAccount.', short),
      decision: withDefault(oneOfTexts('What was decided.', ['approved', 'denied']), 'approved'),
      time: dateTime('When.'),
      reason: string('Why, in the words of that person.', short),
      proof: string('Seal of the gateway; an approval without it does not count.', short),
    },
  },
);

const frozen = {
  rules: array('What may be done.', rule, few),
  connect: streams('Streams that may be opened.'),
  urls: texts('Path patterns whose stars are whole segments; prefer rules.', 'A pattern.'),
  methods: texts('HTTP methods for the patterns, or watch; get by default.', 'A method.'),
  notBefore: dateTime('Earliest use; creation by default.'),
  expirationWindow: withDefault(
    string('How long after notBefore or creation it can be used, such as 15m.', duration),
    '15m',
  ),
  sessionMax: string(
    'How long one session may last, never longer than the token; expirationWindow by default.',
    duration,
  ),
  usesAllowed: withDefault(integer('How often it may be used.', { minimum: 1 }), 1),
  countPer: withDefault(
    oneOfTexts('What counts as a use.', ['redemption', 'request', 'stream']),
    'redemption',
  ),
  maxConcurrent: integer('Sessions open at the same time.', { minimum: 1 }),
  clientCIDRs: texts('Networks that clients may come from; any by default.', 'A network.'),
  bindFirstClient: withDefault(boolean('True ties it to the address of its first client.'), false),
  requireLogin: withDefault(boolean('True asks clients to log in first.'), false),
  subjects: array('Who may use it after login; anyone by default.', subject, few),
  cluster: withDefault(string('Which cluster it is for.', short), 'local'),
  apps: texts('Browser applications that it opens.', 'An application.'),
  approval: object('Consent of others before it works.', {
    optional: {
      required: integer('How many must approve.', { minimum: 0, maximum: 16 }),
      from: array('Who may approve.', subject, few),
    },
  }),
  recording: withDefault(
    oneOfTexts('Whether streams are recorded; policy asks the gateway.', [
      'policy',
      'always',
      'never',
    ]),
    'policy',
  ),
  viewOnly: withDefault(boolean('True lets clients look but not type.'), false),
} as const;

const spec = object(
  'What the token opens. Nothing but revoked can change.',
  {
    optional: {
      ...frozen,
      revoked: withDefault(boolean('True ends the token for good and cuts what is open.'), false),
    },
  },
  { rules: [...immutableFields(Object.keys(frozen)), onceTrue('revoked')] },
);

const redemption = object('One use.', {
  required: { id: string('Identity of the use.', short), time: dateTime('When.') },
  optional: {
    client: string('Address of the client.', short),
    session: string('The session that it opened.', short),
  },
});

const login = object(
  'Who logged in, as the identity provider said. Written by the gateway alone.',
  {
    required: {
      user: string('User towards the API server, with the prefix.', short),
      issuer: string('The identity provider.', short),
      subject: string('The subject there.', short),
    },
    optional: {
      groups: array('Groups towards the API server, with the prefix.', string('A group.', short), {
        maxItems: loginGroupsMax,
        'x-kubernetes-list-type': 'atomic',
      }),
      session: string('The session there, for its logout.', short),
    },
  },
);

const status = object(
  'What became of it. Never holds the code.',
  {
    optional: {
      ...statusFields,
      codeHash: string('SHA-256 of the code.', short),
      expirationTime: dateTime('When it ends.'),
      uses: integer('How often it was used.'),
      redemptions: array('The latest uses.', redemption, {
        maxItems: redemptionsKeptMax,
        'x-kubernetes-list-type': 'atomic',
      }),
      issuedBy: string('Who created it.', short),
      seal: string(
        'Proof of the gateway that its creator may do what it opens; in a cluster nothing works without.',
        short,
      ),
      approvals: array('Who approved or denied it.', approval, few),
      login,
    },
  },
  {
    rules: [
      ...['codeHash', 'issuedBy', 'seal', 'login'].map(onceSet),
      {
        rule: '!has(oldSelf.uses) || (has(self.uses) && self.uses >= oldSelf.uses)',
        message: 'uses cannot be taken back',
        fieldPath: '.uses',
      },
    ],
  },
);

/** Definition of GatewayToken. */
export const gatewayToken = customDefinition({
  ...drawbridgeGroup,
  kind: 'GatewayToken',
  plural: 'gatewaytokens',
  shortNames: ['gt'],
  categories: drawbridgeCategories,
  description:
    'A way into listed parts of the Kubernetes API for a person, a browser or a tool: it expires, counts and can be revoked.',
  schema: customSchemaWithSpec('A way into parts of the Kubernetes API.', spec, status),
  columns: [
    {
      name: 'Uses Allowed',
      type: 'integer',
      description: 'How often it may be used.',
      jsonPath: '.spec.usesAllowed',
    },
    {
      name: 'Uses',
      type: 'integer',
      description: 'How often it was used.',
      jsonPath: '.status.uses',
    },
    {
      name: 'Expiration',
      type: 'string',
      description: 'When it ends.',
      jsonPath: '.status.expirationTime',
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
      name: 'Issued By',
      type: 'string',
      description: 'Who created it.',
      priority: 1,
      jsonPath: '.status.issuedBy',
    },
  ],
});

/** A GatewayToken. */
export type GatewayToken = ObjectOf<typeof gatewayToken>;

/** What somebody decided about a GatewayToken. */
export type GatewayApproval = Infer<typeof approval>;

/** Somebody named by a GatewayToken. */
export type GatewaySubject = Infer<typeof subject>;

/** A rule of a GatewayToken. */
export type GatewayRule = Infer<typeof rule>;
