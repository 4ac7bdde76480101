/** Kinds that bring others into a cluster: Route, Ingress, HTTPProxy, Gateway, TLSRoute. */
import type { CustomObject } from '#kube/index.ts';
import { clusterKind } from './kinds.ts';

export type Route = CustomObject<Record<string, unknown>, { ingress?: { host?: string }[] }>;

interface LoadBalancerStatus {
  loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] };
}

export type Ingress = CustomObject<Record<string, unknown>, LoadBalancerStatus>;

export type HttpProxy = CustomObject<Record<string, unknown>, Record<string, unknown>>;

export type Gateway = CustomObject<
  Record<string, unknown>,
  { addresses?: { type?: string; value?: string }[] }
>;

export type TlsRoute = CustomObject<Record<string, unknown>, Record<string, unknown>>;

export const route = clusterKind<Route>('route.openshift.io', 'v1', 'Route', 'routes');
export const ingress = clusterKind<Ingress>('networking.k8s.io', 'v1', 'Ingress', 'ingresses');
export const httpProxy = clusterKind<HttpProxy>(
  'projectcontour.io',
  'v1',
  'HTTPProxy',
  'httpproxies',
);
const gatewayGroup = 'gateway.networking.k8s.io';
export const gateway = clusterKind<Gateway>(gatewayGroup, 'v1', 'Gateway', 'gateways');
export const tlsRoute = clusterKind<TlsRoute>(gatewayGroup, 'v1alpha2', 'TLSRoute', 'tlsroutes');
