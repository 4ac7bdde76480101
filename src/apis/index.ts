/** The door of our own kinds: skupper.io/v2alpha1 and drawbridge.dev/v1alpha1. */
export { apiDefinitions } from './all.ts';
export { readyConditions } from './ready.ts';
export type { AccessGrant } from './access-grant/access-grant.ts';
export { accessGrant } from './access-grant/access-grant.ts';
export type { AccessToken } from './access-token/access-token.ts';
export { accessToken } from './access-token/access-token.ts';
export type { AttachedConnector } from './attached-connector/attached-connector.ts';
export { attachedConnector } from './attached-connector/attached-connector.ts';
export type { AttachedConnectorBinding } from './attached-connector-binding/attached-connector-binding.ts';
export { attachedConnectorBinding } from './attached-connector-binding/attached-connector-binding.ts';
export type { Certificate } from './certificate/certificate.ts';
export { certificate } from './certificate/certificate.ts';
export {
  handedOutAnnotation,
  lastStepMs,
  overlapAnnotation,
  rotateAnnotation,
  rotatedForAnnotation,
  rotationAnnotation,
  rotationEntries,
  rotationOf,
  type RotationRecord,
  type RotationSettings,
  rotationSettings,
} from './certificate/rotation.ts';
export type { Claim } from './connection-token/claim.ts';
export { claimSecret, isClaim, readClaim } from './connection-token/claim.ts';
export type { ConnectionToken } from './connection-token/connection-token.ts';
export {
  connectionAnnotations,
  isConnectionToken,
  madeOfToken,
  readConnectionToken,
  skupperVersion,
  tokenAnnotation,
  tokenLabel,
} from './connection-token/connection-token.ts';
export type { Connector } from './connector/connector.ts';
export { connector } from './connector/connector.ts';
export type {
  GatewayApproval,
  GatewayRule,
  GatewaySubject,
  GatewayToken,
} from './gateway-token/gateway-token.ts';
export {
  gatewayListMax,
  gatewayStreams,
  gatewayTextMax,
  gatewayToken,
  loginGroupsMax,
  redemptionsKeptMax,
} from './gateway-token/gateway-token.ts';
export type { GatewayVerdict } from './gateway-verdict/gateway-verdict.ts';
export { gatewayVerdict } from './gateway-verdict/gateway-verdict.ts';
export type { IssuedLink } from './issued-link/issued-link.ts';
export {
  issuedLink,
  issuedLinkFinalizer,
  issuedLinkGrantLabel,
} from './issued-link/issued-link.ts';
export type { Link } from './link/link.ts';
export { link } from './link/link.ts';
export type { Listener } from './listener/listener.ts';
export { listener } from './listener/listener.ts';
export type { MultiKeyListener } from './multi-key-listener/multi-key-listener.ts';
export { multiKeyListener } from './multi-key-listener/multi-key-listener.ts';
export type { RouterAccess } from './router-access/router-access.ts';
export { routerAccess } from './router-access/router-access.ts';
export type { SecuredAccess } from './secured-access/secured-access.ts';
export { securedAccess } from './secured-access/secured-access.ts';
export type { NetworkSite, Site } from './site/site.ts';
export { site } from './site/site.ts';
