/** The kinds the controllers work on, under the names used here. */
export {
  type AccessToken,
  accessToken,
  type Connector,
  connector,
  type AttachedConnector,
  type AttachedConnectorBinding,
  attachedConnector,
  attachedConnectorBinding,
  type IssuedLink,
  issuedLink,
  issuedLinkFinalizer,
  type Link,
  link,
  type Listener,
  listener,
  type MultiKeyListener,
  multiKeyListener,
  type RouterAccess,
  routerAccess,
  type SecuredAccess,
  securedAccess,
  type Site,
  site,
} from '#apis/index.ts';
export {
  type ConfigMap,
  configMap,
  type Secret,
  type Service,
  secret,
  service,
} from '#kube/index.ts';

/** One way to a router. */
export interface Endpoint {
  name?: string;
  host?: string;
  port?: string;
  group?: string;
}
