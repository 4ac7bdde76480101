/** Ways in by a TLSRoute per port behind one Gateway of the controller. */
import type { SecuredAccess } from '../../kinds.ts';
import { annotations } from '../../names.ts';
import { type Gateway, tlsRoute } from '../foreign-kinds.ts';
import { type AccessMethod, domainOf, metadataOf, nameOfAddress, portObjects } from './method.ts';

export interface GatewaySettings {
  readonly className: string;
  readonly domain: string;
  readonly port: number;
  /** Namespace of the Gateway: the controller's own. */
  readonly namespace: string;
}

/** Name of the one Gateway. */
export const gatewayName = 'skupper';

/** The Gateway behind which all TLSRoutes are. */
export function gatewayObject(settings: GatewaySettings): Gateway {
  const { className, port, namespace } = settings;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: gatewayName, namespace, annotations: { [annotations.controlled]: 'true' } },
    spec: {
      gatewayClassName: className,
      listeners: [
        {
          name: 'tls',
          protocol: 'TLS',
          port,
          tls: { mode: 'Passthrough' },
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
  };
}

/** @param live gives the Gateway as it is */
export function tlsRouteMethod(
  settings: GatewaySettings,
  live: () => Gateway | undefined,
): AccessMethod {
  const hostOf = (access: SecuredAccess, name: string): string | undefined => {
    const asked = domainOf(access, settings.domain);
    const domain = asked === '' ? domainOfGateway(live()) : asked;
    if (domain === undefined) return undefined;
    return `${name}.${access.metadata.namespace ?? ''}.${domain}`;
  };
  return {
    serviceType: 'ClusterIP',
    kind: tlsRoute,
    wanted: (access) =>
      (access.spec?.ports ?? []).flatMap(({ name: port, port: number }) => {
        const name = `${access.metadata.name}-${port}`;
        const host = hostOf(access, name);
        if (host === undefined) return [];
        return [
          {
            apiVersion: 'gateway.networking.k8s.io/v1alpha2',
            kind: 'TLSRoute',
            metadata: metadataOf(access, name),
            spec: {
              parentRefs: [{ name: gatewayName, namespace: settings.namespace }],
              hostnames: [host],
              rules: [{ backendRefs: [{ name: access.metadata.name, port: number }] }],
            },
          },
        ];
      }),
    exposure: (access) => {
      const endpoints = portObjects(access).flatMap(({ port, name }) => {
        const host = hostOf(access, name);
        return host === undefined ? [] : [{ name: port, host, port: String(settings.port) }];
      });
      if (endpoints.length > 0) return { endpoints };
      return { endpoints, pending: 'Gateway base domain not yet resolved' };
    },
  };
}

function domainOfGateway(live: Gateway | undefined): string | undefined {
  for (const { type, value = '' } of live?.status?.addresses ?? []) {
    const address = type === 'IPAddress' ? { ip: value } : { hostname: value };
    const name = nameOfAddress(address);
    if (name !== undefined) return name;
  }
  return undefined;
}
