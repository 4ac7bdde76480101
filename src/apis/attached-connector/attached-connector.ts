/** AttachedConnector: pods of another namespace offered to a site. @spec Skupper v2alpha1 AttachedConnector */
import { boolean, customDefinition, customSchema, object, string } from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import {
  port,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';
import { selectedPods } from '../selected-pods.ts';

const spec = object('Which pods are offered, to which site.', {
  required: {
    siteNamespace: string('Namespace of the site; a binding of the same name must be there.'),
    port: port('Port of the pods.'),
    selector: string('Label selector of the pods, in this namespace.'),
  },
  optional: {
    tlsCredentials: string('Secret in the namespace of the site, for TLS to the pods.'),
    useClientCert: boolean('True shows the certificate of tlsCredentials to the pods.'),
    type: string('Protocol; tcp, which is the default.'),
    includeNotReadyPods: boolean('True connects to pods that are not ready too.'),
    settings,
  },
});

const status = object('State of the connector.', {
  optional: { ...statusFields, selectedPods },
});

/** Definition of AttachedConnector. */
export const attachedConnector = customDefinition({
  ...skupperGroup,
  kind: 'AttachedConnector',
  plural: 'attachedconnectors',
  shortNames: ['acnr'],
  categories: skupperCategories,
  description:
    'Offers pods of this namespace to the site of another; it works together with the AttachedConnectorBinding of the same name there.',
  schema: customSchema('Pods offered to the site of another namespace.', spec, status),
  columns: [
    { name: 'Port', type: 'integer', description: 'Port of the pods.', jsonPath: '.spec.port' },
    {
      name: 'Selector',
      type: 'string',
      description: 'Selector of the pods.',
      jsonPath: '.spec.selector',
    },
    {
      name: 'Site Namespace',
      type: 'string',
      description: 'Namespace of the site.',
      jsonPath: '.spec.siteNamespace',
    },
    statusColumn,
  ],
});

/** An AttachedConnector. */
export type AttachedConnector = ObjectOf<typeof attachedConnector>;
