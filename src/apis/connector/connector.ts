/** Connector: a local server behind a routing key. @spec Skupper v2alpha1 Connector */
import { boolean, customDefinition, customSchema, object, string } from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  messageColumn,
  port,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';
import { selectedPods } from '../selected-pods.ts';

const spec = object(
  'Which server to connect to, and under which key.',
  {
    required: {
      routingKey: string('Connections of listeners with the same key arrive here.'),
      port: port('Port of the server.'),
    },
    optional: {
      host: string('Host name or IP address of the server. Either this or selector.'),
      selector: string('Label selector of the pods that serve. Either this or host.'),
      tlsCredentials: string(
        'Secret with the CA of the server, for TLS to the server; with a certificate and key for useClientCert.',
      ),
      useClientCert: boolean('True shows the certificate of tlsCredentials to the server.'),
      verifyHostname: boolean("True checks the host against the server's certificate."),
      type: string('Protocol; tcp, which is the default.'),
      includeNotReadyPods: boolean('True connects to pods that are not ready too.'),
      exposePodsByName: boolean('True makes each pod reachable under its own name too.'),
      settings,
    },
  },
  { oneOf: [{ required: ['selector'] }, { required: ['host'] }] },
);

const status = object('State of the connector.', {
  optional: {
    ...statusFields,
    hasMatchingListener: boolean('True when a listener with the same key exists in the network.'),
    selectedPods,
  },
});

/** Definition of Connector. */
export const connector = customDefinition({
  ...skupperGroup,
  kind: 'Connector',
  plural: 'connectors',
  shortNames: ['cnr'],
  categories: skupperCategories,
  description:
    'A server of this site that listeners with the same routing key reach from any site.',
  schema: customSchema('A local server behind a routing key.', spec, status),
  columns: [
    {
      name: 'Routing Key',
      type: 'string',
      description: 'The key that matches listeners with connectors.',
      jsonPath: '.spec.routingKey',
    },
    { name: 'Port', type: 'integer', description: 'Port of the server.', jsonPath: '.spec.port' },
    { name: 'Host', type: 'string', description: 'Host of the server.', jsonPath: '.spec.host' },
    {
      name: 'Selector',
      type: 'string',
      description: 'Selector of the pods that serve.',
      jsonPath: '.spec.selector',
    },
    statusColumn,
    {
      name: 'Has Matching Listener',
      type: 'boolean',
      description: 'True when a listener with the same key exists in the network.',
      jsonPath: '.status.hasMatchingListener',
    },
    messageColumn,
  ],
});

/** A Connector. */
export type Connector = ObjectOf<typeof connector>;
