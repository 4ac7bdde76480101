/** MultiKeyListener: one local address for several services. @spec Skupper v2alpha1 MultiKeyListener */
import {
  array,
  boolean,
  customDefinition,
  customSchemaWithSpec,
  integer,
  map,
  object,
  oneOfTexts,
  string,
} from '#kube/index.ts';
import type { ObjectOf, ValidationRule } from '#kube/index.ts';
import {
  messageColumn,
  observerValues,
  port,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

/** Routing keys that one strategy may name. */
export const routingKeysMax = 256;

const exactlyOne: ValidationRule = {
  rule: '[has(self.priority),has(self.weighted)].filter(x,x==true).size() == 1',
  message: 'exactly one of the fields in [priority weighted] must be set',
};

const strategy = object(
  'How the keys share the connections. Exactly one kind, fixed for good.',
  {
    optional: {
      priority: object('All connections go to the first key that can be reached.', {
        required: {
          routingKeys: array('Keys, most wanted first.', string('A routing key.'), {
            minItems: 1,
            maxItems: routingKeysMax,
            'x-kubernetes-list-type': 'set',
          }),
        },
      }),
      weighted: object('Connections are shared out by weight among keys that can be reached.', {
        required: {
          routingKeys: map('Weight of each key.', integer('Weight.'), {
            minProperties: 1,
            maxProperties: routingKeysMax,
            'x-kubernetes-map-type': 'granular',
          }),
        },
      }),
    },
  },
  {
    rules: [
      {
        rule: '(!has(oldSelf.priority) || has(self.priority)) && (!has(oldSelf.weighted) || has(self.weighted))',
        message: 'strategy is immutable',
      },
      exactlyOne,
    ],
  },
);

const spec = object('What to listen on, and how connections are shared out.', {
  required: {
    host: string('Name of the Service that clients here use, or an IP address to bind.'),
    port: port('Port that clients here use.'),
    strategy,
  },
  optional: {
    tlsCredentials: string('Secret with the server certificate and key for clients.'),
    requireClientCert: boolean(
      'True lets in only clients with a certificate of the ca.crt in tlsCredentials.',
    ),
    observer: oneOfTexts(
      'Application protocol to look for when counting requests; auto by default, none to look at nothing.',
      observerValues,
    ),
    settings,
  },
});

const status = object('State of the listener.', {
  optional: {
    ...statusFields,
    hasDestination: boolean('True when at least one key can be reached.'),
    strategy: object(
      'Which keys can be reached.',
      {
        optional: {
          priority: object('For the priority strategy.', {
            required: {
              routingKeysReachable: array('Keys, most wanted first.', string('A routing key.')),
            },
          }),
          weighted: object('For the weighted strategy.', {
            required: {
              routingKeysReachable: map('Weight of each key.', integer('Weight.'), {
                'x-kubernetes-map-type': 'granular',
              }),
            },
          }),
        },
      },
      { rules: [exactlyOne] },
    ),
  },
});

/** Definition of MultiKeyListener. */
export const multiKeyListener = customDefinition({
  ...skupperGroup,
  kind: 'MultiKeyListener',
  plural: 'multikeylisteners',
  categories: skupperCategories,
  description:
    'A local host and port whose connections go to connectors of several routing keys, by priority or by weight.',
  schema: customSchemaWithSpec('One local address for several services.', spec, status),
  columns: [
    statusColumn,
    messageColumn,
    {
      name: 'HasDestination',
      type: 'boolean',
      description: 'True when at least one key can be reached.',
      jsonPath: '.status.hasDestination',
    },
  ],
});

/** A MultiKeyListener. */
export type MultiKeyListener = ObjectOf<typeof multiKeyListener>;
