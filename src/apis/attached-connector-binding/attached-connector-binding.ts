/**
 * AttachedConnectorBinding: lets an AttachedConnector of another namespace in.
 * @spec Skupper v2alpha1 AttachedConnectorBinding
 */
import { boolean, customDefinition, customSchema, object, string } from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

const spec = object('Which connector is let in, and under which key.', {
  required: {
    connectorNamespace: string('Namespace of the AttachedConnector of the same name.'),
    routingKey: string('Connections of listeners with the same key go there.'),
  },
  optional: {
    exposePodsByName: boolean('True makes each pod reachable under its own name too.'),
    settings,
  },
});

const status = object('State of the binding.', {
  optional: {
    ...statusFields,
    hasMatchingListener: boolean('True when a listener with the same key exists in the network.'),
  },
});

/** Definition of AttachedConnectorBinding. */
export const attachedConnectorBinding = customDefinition({
  ...skupperGroup,
  kind: 'AttachedConnectorBinding',
  plural: 'attachedconnectorbindings',
  shortNames: ['acnrb'],
  categories: skupperCategories,
  description:
    'Lets the AttachedConnector of the same name in another namespace serve a routing key of this site.',
  schema: customSchema('Lets a connector of another namespace in.', spec, status),
  columns: [
    {
      name: 'Routing Key',
      type: 'string',
      description: 'The key that matches listeners with connectors.',
      jsonPath: '.spec.routingKey',
    },
    {
      name: 'Connector Namespace',
      type: 'string',
      description: 'Namespace of the AttachedConnector.',
      jsonPath: '.spec.connectorNamespace',
    },
    statusColumn,
    {
      name: 'Has Matching Listener',
      type: 'boolean',
      description: 'True when a listener with the same key exists in the network.',
      jsonPath: '.status.hasMatchingListener',
    },
  ],
});

/** An AttachedConnectorBinding. */
export type AttachedConnectorBinding = ObjectOf<typeof attachedConnectorBinding>;
