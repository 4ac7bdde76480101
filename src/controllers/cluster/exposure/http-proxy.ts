/** Ways in by a Contour HTTPProxy per port, TLS passing through. */
import type { SecuredAccess } from '../../kinds.ts';
import { httpProxy } from '../foreign-kinds.ts';
import { type AccessMethod, domainOf, metadataOf, portObjects, sharedPort } from './method.ts';

/** @param domain below which names are made unless the SecuredAccess says otherwise */
export function httpProxyMethod(domain: string): AccessMethod {
  const fqdn = (access: SecuredAccess, name: string): string | undefined => {
    const below = domainOf(access, domain);
    return below === '' ? undefined : `${name}.${access.metadata.namespace ?? ''}.${below}`;
  };
  return {
    serviceType: 'ClusterIP',
    kind: httpProxy,
    wanted: (access) =>
      (access.spec?.ports ?? []).flatMap(({ name: port, port: number }) => {
        const name = `${access.metadata.name}-${port}`;
        const host = fqdn(access, name);
        if (host === undefined) return [];
        return [
          {
            apiVersion: 'projectcontour.io/v1',
            kind: 'HTTPProxy',
            metadata: metadataOf(access, name),
            spec: {
              virtualhost: { fqdn: host, tls: { passthrough: true } },
              tcpproxy: { services: [{ name: access.metadata.name, port: number }] },
            },
          },
        ];
      }),
    exposure: (access) => {
      const endpoints = portObjects(access).flatMap(({ port, name }) => {
        const host = fqdn(access, name);
        return host === undefined ? [] : [{ name: port, host, port: sharedPort }];
      });
      if (endpoints.length > 0) return { endpoints };
      return { endpoints, pending: 'No domain is set for access by HTTPProxy' };
    },
  };
}
