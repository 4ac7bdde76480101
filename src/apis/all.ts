/** Every kind of our own two groups. */
import type { ResourceDefinition } from '#kube/index.ts';
import { accessGrant } from './access-grant/access-grant.ts';
import { accessToken } from './access-token/access-token.ts';
import { attachedConnector } from './attached-connector/attached-connector.ts';
import { attachedConnectorBinding } from './attached-connector-binding/attached-connector-binding.ts';
import { certificate } from './certificate/certificate.ts';
import { connector } from './connector/connector.ts';
import { gatewayToken } from './gateway-token/gateway-token.ts';
import { gatewayVerdict } from './gateway-verdict/gateway-verdict.ts';
import { issuedLink } from './issued-link/issued-link.ts';
import { link } from './link/link.ts';
import { listener } from './listener/listener.ts';
import { multiKeyListener } from './multi-key-listener/multi-key-listener.ts';
import { routerAccess } from './router-access/router-access.ts';
import { securedAccess } from './secured-access/secured-access.ts';
import { site } from './site/site.ts';

/** All of them, in the order in which people meet them. */
export const apiDefinitions: readonly ResourceDefinition[] = [
  site,
  link,
  listener,
  connector,
  multiKeyListener,
  attachedConnector,
  attachedConnectorBinding,
  accessGrant,
  accessToken,
  routerAccess,
  securedAccess,
  certificate,
  gatewayToken,
  gatewayVerdict,
  issuedLink,
];
