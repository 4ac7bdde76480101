/** Listener: a local address for a remote service. @spec Skupper v2alpha1 Listener */
import {
  boolean,
  customDefinition,
  customSchema,
  object,
  oneOfTexts,
  string,
} from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
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

const spec = object('What to listen on, and for which service.', {
  required: {
    routingKey: string('Connections go to connectors with the same key, in any site.'),
    host: string('Name of the Service that clients here use, or an IP address to bind.'),
    port: port('Port that clients here use.'),
  },
  optional: {
    tlsCredentials: string('Secret with the server certificate and key for clients.'),
    type: string('Protocol; tcp, which is the default.'),
    observer: oneOfTexts(
      'Application protocol to look for when counting requests; auto by default, none to look at nothing.',
      observerValues,
    ),
    exposePodsByName: boolean('True makes each remote pod reachable under its own name too.'),
    settings,
  },
});

const status = object('State of the listener.', {
  optional: {
    ...statusFields,
    hasMatchingConnector: boolean('True when a connector with the same key exists in the network.'),
  },
});

/** Definition of Listener. */
export const listener = customDefinition({
  ...skupperGroup,
  kind: 'Listener',
  plural: 'listeners',
  shortNames: ['lnr'],
  categories: skupperCategories,
  description:
    'A local host and port whose connections go to the connectors with the same routing key, wherever they are.',
  schema: customSchema('A local address for a remote service.', spec, status),
  columns: [
    {
      name: 'Routing Key',
      type: 'string',
      description: 'The key that matches listeners with connectors.',
      jsonPath: '.spec.routingKey',
    },
    { name: 'Port', type: 'integer', description: 'Port for clients.', jsonPath: '.spec.port' },
    { name: 'Host', type: 'string', description: 'Host for clients.', jsonPath: '.spec.host' },
    statusColumn,
    {
      name: 'Has Matching Connector',
      type: 'boolean',
      description: 'True when a connector with the same key exists in the network.',
      jsonPath: '.status.hasMatchingConnector',
    },
    messageColumn,
  ],
});

/** A Listener. */
export type Listener = ObjectOf<typeof listener>;
