/** Names that other tools rely on: objects the controllers make, annotations and labels they set. */

/** Objects of a site. */
export const siteObjects = {
  /** Holds the router configuration; who owns it is the active Site of the namespace. */
  routerConfigMap: 'skupper-router',
  routerConfigKey: 'skrouterd.json',
  /** RouterAccess and SecuredAccess for links from other sites. */
  routerAccess: 'skupper-router',
  siteServer: 'skupper-site-server',
  siteCa: 'skupper-site-ca',
  localCa: 'skupper-local-ca',
  localServer: 'skupper-local-server',
  localClient: 'skupper-local-client',
  serviceCa: 'skupper-service-ca',
  serviceClient: 'skupper-service-client',
  /** Service in front of the router's management listener. */
  localService: 'skupper-router-local',
  /** ConfigMap with the certificates that were revoked by deleting their IssuedLinks. */
  revokedList: 'drawbridge-revoked-certificates',
  /** ServiceAccount, Role and RoleBinding of router pods. */
  serviceAccount: 'skupper-router',
  /** Router group of the first router. */
  routerGroup: 'skupper-router',
  secondRouterGroup: 'skupper-router-2',
} as const;

/** The router groups of a Site: one, or two with high availability. */
export function routerGroups(ha: boolean): readonly string[] {
  return ha ? [siteObjects.routerGroup, siteObjects.secondRouterGroup] : [siteObjects.routerGroup];
}

/** Name of an object that each group has one of: those of further groups end in their number. */
export function nameInGroup(name: string, group: string): string {
  return group === siteObjects.routerGroup ? name : `${name}-2`;
}

/** How the routers of a Site link to each other. */
export const peerRole = 'inter-router';

/** CN of the router's own server certificate; also the name its clients verify. */
export const routerServerName = 'skupper-router-local';

/** Port of the management listener when the router has an address of its own. */
export const managementPort = 5671;

export const annotations = {
  /** Made by a controller: may be changed and deleted by it. */
  controlled: 'internal.skupper.io/controlled',
  /** On a SecuredAccess: the RouterAccess it belongs to. */
  routerAccess: 'internal.skupper.io/routeraccess',
  /** On TLS Secrets a router uses: JSON list of profile names and ordinals. */
  tlsProfileContext: 'internal.skupper.io/tls-profile-context',
  /** On TLS Secrets: how many older revisions stay valid. */
  priorValidRevisions: 'skupper.io/tls-prior-valid-revisions',
  /** On the pods of a router: what it starts with and cannot change later. */
  configDigest: 'skupper.io/config-digest',
  /** On the router ConfigMap: digests of the credentials behind each profile, as JSON. */
  tlsDigests: 'drawbridge.dev/tls-digests',
  /** On the router ConfigMap: digests of the authorities that profiles trust, as JSON. */
  tlsAuthorities: 'drawbridge.dev/tls-authorities',
} as const;

export const labels = {
  /** On the router ConfigMap; its value is empty. */
  routerConfig: 'internal.skupper.io/router-config',
  /** On Services of listeners: the name of one listener on that host. */
  listener: 'internal.skupper.io/listener',
  /** On Services of a SecuredAccess. */
  securedAccess: 'internal.skupper.io/secured-access',
  /** On what a SecuredAccess makes beside its Service: its name. */
  securedAccessName: 'internal.skupper.io/securedaccess',
} as const;

/** Labels that tell routers and their groups apart from other pods. */
export const componentLabels = {
  component: 'skupper.io/component',
  type: 'skupper.io/type',
  group: 'skupper.io/group',
} as const;

/** Pods of a router, as Services select them. */
export const routerSelector: Readonly<Record<string, string>> = {
  application: 'skupper-router',
  'skupper.io/component': 'router',
};

/** Messages that appear in conditions and that scripts look for. */
export const messages = {
  noActiveSite: 'No active site in namespace',
  notOperational: 'Not operational',
  noMatchingConnectors: 'No matching connectors',
  noMatchingListeners: 'No matching listeners',
  noRouterReady: 'No router pod is ready',
  someRoutersReady: (count: number, of: number): string =>
    `${count} of ${of} routers ${count === 1 ? 'is' : 'are'} ready`,
  noMatchingBinding: 'No matching AttachedConnectorBinding in site namespace',
  noMatchingAttachedConnector: 'No matching AttachedConnector',
  noMatchesForSelector: 'No matches for selector',
  tlsSecretNotFound: (name: string): string => `TLS credentials secret "${name}" not found`,
  tlsSecretUnfit: (name: string, fault: string): string =>
    `TLS credentials secret "${name}": ${fault}`,
  proxySecretNotFound: 'Secret not found for proxy configuration',
  unsupportedType: (type: string): string => `Unsupported type: ${type}`,
  invalidPort: (port: number): string => `Invalid port: ${port}`,
} as const;

/** Default ports of the roles of a RouterAccess. */
export function defaultRolePort(role: string): number {
  return role === 'edge' ? 45_671 : 55_671;
}
