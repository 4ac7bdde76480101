/** Ways in that need a Service alone: inside the cluster, by load balancer, by a port of all nodes. */
import type { Endpoint, SecuredAccess, Service } from '../../kinds.ts';
import { servicePortEndpoints } from '../../secured-access/decide.ts';
import type { Exposure } from '../../runtime.ts';
import { type AccessMethod, serviceOnly } from './method.ts';

/** Reachable inside the cluster only. */
export const localMethod: AccessMethod = serviceOnly('ClusterIP', (access, front) => {
  const { name, namespace = '' } = access.metadata;
  return { endpoints: servicePortEndpoints(access, front, `${name}.${namespace}`) };
});

/** One endpoint per port and address of the load balancer. */
export const loadBalancerMethod: AccessMethod = serviceOnly('LoadBalancer', (access, front) => {
  const addresses = front.status?.loadBalancer?.ingress ?? [];
  return {
    endpoints: addresses.flatMap(({ ip = '', hostname = '' }) => {
      const host = ip === '' ? hostname : ip;
      return host === '' ? [] : servicePortEndpoints(access, front, host);
    }),
  };
});

/** @param clusterHost a name or address of the nodes */
export function nodePortMethod(clusterHost: string): AccessMethod {
  return serviceOnly('NodePort', (access, front) => nodePorts(access, front, clusterHost));
}

function nodePorts(access: SecuredAccess, front: Service, host: string): Exposure {
  const endpoints = (access.spec?.ports ?? []).flatMap(({ name }): Endpoint[] => {
    const nodePort = front.spec?.ports?.find((each) => each.name === name)?.nodePort ?? 0;
    return nodePort === 0 ? [] : [{ name, host, port: `${nodePort}` }];
  });
  return { endpoints };
}
