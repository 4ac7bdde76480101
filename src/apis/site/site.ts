/** Site: makes its namespace a place in the network. @spec Skupper v2alpha1 Site */
import {
  array,
  boolean,
  customDefinition,
  customSchema,
  integer,
  object,
  string,
} from '#kube/index.ts';
import type { Infer, ObjectOf } from '#kube/index.ts';
import {
  endpoints,
  messageColumn,
  settings,
  skupperCategories,
  skupperGroup,
  statusColumn,
  statusFields,
} from '../groups.ts';

const spec = object('How the site should be.', {
  optional: {
    linkAccess: string(
      'How other sites reach this one to link to it: none (or empty), default, or a named access type such as local, loadbalancer, nodeport, route, ingress. Other sites can only link to a site with access.',
    ),
    ha: boolean('True runs two routers, so that one may fail.'),
    edge: boolean('True makes a leaf: it links to other sites but accepts no links.'),
    defaultIssuer: string(
      'Secret of the CA that signs link certificates; skupper-site-ca by default.',
    ),
    serviceAccount: string('Service account of the router; one is made when this is empty.'),
    settings,
  },
});

const networkSite = object('One site as the network sees it.', {
  optional: {
    id: string('Its identity: the UID of its Site.'),
    name: string('Its name.'),
    namespace: string('Its namespace.'),
    platform: string('What it runs on.'),
    version: string('Version of its software.'),
    links: array(
      'Links that it has to other sites.',
      object('A link.', {
        optional: {
          name: string('Name of the link.'),
          remoteSiteId: string('Identity of the site at the other end.'),
          remoteSiteName: string('Name of the site at the other end.'),
          operational: boolean('True while the link is up.'),
        },
      }),
    ),
    services: array(
      'Services that it offers or uses.',
      object('A service.', {
        optional: {
          routingKey: string('The key that matches listeners with connectors.'),
          connectors: array('Servers behind it here.', string('A host.')),
          listeners: array('Listeners for it here.', string('A name.')),
        },
      }),
    ),
  },
});

const status = object('How the site is.', {
  optional: {
    ...statusFields,
    endpoints,
    sitesInNetwork: integer('Number of sites in the network, this one included.'),
    network: array('The sites of the network.', networkSite),
    defaultIssuer: string('The CA that signs link certificates.'),
    controller: object('The controller that looks after this namespace.', {
      optional: {
        name: string('Its name.'),
        namespace: string('Its namespace.'),
        version: string('Its version.'),
      },
    }),
  },
});

/** Definition of Site. */
export const site = customDefinition({
  ...skupperGroup,
  kind: 'Site',
  plural: 'sites',
  shortNames: ['st'],
  categories: skupperCategories,
  description:
    'Makes its namespace a place in the network. There is one active Site in a namespace; the other resources there belong to it.',
  schema: customSchema('A place in the network.', spec, status),
  columns: [
    statusColumn,
    {
      name: 'Sites In Network',
      type: 'integer',
      description: 'Number of sites in the network.',
      jsonPath: '.status.sitesInNetwork',
    },
    messageColumn,
  ],
});

/** A Site. */
export type Site = ObjectOf<typeof site>;

/** A site as the network sees it, in Site.status.network. */
export type NetworkSite = Infer<typeof networkSite>;
