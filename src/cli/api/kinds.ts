/** The kinds the verbs work on, under the names used here. */
import {
  accessGrant,
  accessToken,
  attachedConnector,
  attachedConnectorBinding,
  certificate,
  connector,
  issuedLink,
  link,
  listener,
  multiKeyListener,
  routerAccess,
  securedAccess,
  site,
} from '#apis/index.ts';
import {
  event,
  namespace as namespaceKind,
  type ObjectOf,
  type ResourceDefinition,
  secret as secretKind,
  service as serviceKind,
} from '#kube/index.ts';

export {
  accessGrant,
  accessToken,
  certificate,
  connector,
  issuedLink,
  link,
  listener,
  namespaceKind,
  secretKind,
  serviceKind,
  site,
};

export type AccessGrant = ObjectOf<typeof accessGrant>;
export type AccessToken = ObjectOf<typeof accessToken>;
export type Certificate = ObjectOf<typeof certificate>;
export type Connector = ObjectOf<typeof connector>;
export type IssuedLink = ObjectOf<typeof issuedLink>;
export type Link = ObjectOf<typeof link>;
export type Listener = ObjectOf<typeof listener>;
export type Secret = ObjectOf<typeof secretKind>;
export type Service = ObjectOf<typeof serviceKind>;
export type Site = ObjectOf<typeof site>;

/** What `site delete --all` removes besides the site. */
export const siteKinds: readonly ResourceDefinition[] = [
  connector,
  listener,
  multiKeyListener,
  attachedConnector,
  attachedConnectorBinding,
  accessToken,
  accessGrant,
  link,
  routerAccess,
  securedAccess,
  certificate,
];

/** What a dump holds: our kinds, and what the controllers make for them. */
export const dumpedKinds: readonly ResourceDefinition[] = [
  site,
  ...siteKinds,
  issuedLink,
  serviceKind,
  secretKind,
  event,
];
