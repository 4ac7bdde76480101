/** The access types that work in a cluster, by name, and which one is meant when none is named. */
import { ControllerError } from '../../errors.ts';
import type { Gateway } from '../foreign-kinds.ts';
import { httpProxyMethod } from './http-proxy.ts';
import { ingressMethod } from './ingress.ts';
import type { AccessMethod } from './method.ts';
import { routeMethod } from './route.ts';
import { loadBalancerMethod, localMethod, nodePortMethod } from './services.ts';
import { tlsRouteMethod } from './tls-route.ts';

/** As the flags of the controller say. */
export interface AccessSettings {
  readonly enabled: readonly string[];
  /** Empty: chosen. */
  readonly defaultType: string;
  readonly clusterHost: string;
  readonly ingressDomain: string;
  readonly ingressClassName: string;
  readonly httpProxyDomain: string;
  readonly gatewayClass: string;
  readonly gatewayDomain: string;
  readonly gatewayPort: number;
}

/** All that could be enabled. */
export const accessTypeNames = [
  'local',
  'loadbalancer',
  'nodeport',
  'route',
  'ingress',
  'ingress-nginx',
  'contour-http-proxy',
  'gateway',
] as const;

/** @throws ControllerError CONTROLLER_ACCESS_SETTINGS */
export function checkAccessSettings(settings: AccessSettings): void {
  const { enabled, defaultType, clusterHost, gatewayClass } = settings;
  const known: readonly string[] = accessTypeNames;
  const unknown = enabled.find((type) => !known.includes(type));
  if (unknown !== undefined) {
    throw refused(`Unknown access type "${unknown}"; there are ${accessTypeNames.join(', ')}.`);
  }
  if (defaultType !== '' && !enabled.includes(defaultType)) {
    throw refused(`Default access type "${defaultType}" is not in enabled list.`);
  }
  if (enabled.includes('nodeport') && clusterHost === '') {
    throw refused('Cluster host must be set to enable nodeport access type.');
  }
  if (enabled.includes('gateway') && gatewayClass === '') {
    throw refused('Gateway class must be set to enable gateway access type.');
  }
}

function refused(message: string): ControllerError {
  return new ControllerError('CONTROLLER_ACCESS_SETTINGS', message);
}

/** The type that is meant when none is named. */
export function defaultAccessType(settings: AccessSettings, hasRoutes: boolean): string {
  const { enabled, defaultType } = settings;
  if (defaultType !== '') return defaultType;
  if (hasRoutes && enabled.includes('route')) return 'route';
  return enabled.includes('loadbalancer') ? 'loadbalancer' : (enabled[0] ?? '');
}

/** @param controllerNamespace where the Gateway is */
export function accessMethods(
  settings: AccessSettings,
  controllerNamespace: string,
  gateway: () => Gateway | undefined,
): ReadonlyMap<string, AccessMethod> {
  const { ingressDomain: domain, ingressClassName: className } = settings;
  const gatewaySettings = {
    className: settings.gatewayClass,
    domain: settings.gatewayDomain,
    port: settings.gatewayPort,
    namespace: controllerNamespace,
  };
  const all: Readonly<Record<(typeof accessTypeNames)[number], AccessMethod>> = {
    local: localMethod,
    loadbalancer: loadBalancerMethod,
    nodeport: nodePortMethod(settings.clusterHost),
    route: routeMethod,
    ingress: ingressMethod({ domain, className, nginx: false }),
    'ingress-nginx': ingressMethod({ domain, className, nginx: true }),
    'contour-http-proxy': httpProxyMethod(settings.httpProxyDomain),
    gateway: tlsRouteMethod(gatewaySettings, gateway),
  };
  return new Map(Object.entries(all).filter(([type]) => settings.enabled.includes(type)));
}
