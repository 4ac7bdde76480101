/** Ways in by an OpenShift Route per port: TLS passes through, the name tells where to. */
import type { SecuredAccess } from '../../kinds.ts';
import { type Route, route } from '../foreign-kinds.ts';
import { type AccessMethod, metadataOf, portObjects, sharedPort } from './method.ts';

export const routeMethod: AccessMethod = {
  serviceType: 'ClusterIP',
  kind: route,
  wanted: (access) =>
    portObjects(access).map(({ port, name }) => ({
      apiVersion: 'route.openshift.io/v1',
      kind: 'Route',
      metadata: metadataOf(access, name),
      spec: {
        ...hostOf(access, name),
        port: { targetPort: port },
        tls: { termination: 'passthrough', insecureEdgeTerminationPolicy: 'None' },
        to: { kind: 'Service', name: access.metadata.name, weight: 100 },
      },
    })),
  exposure: (access, _front, found) => ({
    endpoints: portObjects(access).flatMap(({ port, name }) => {
      const live: Route | undefined = found(name);
      const host = live?.status?.ingress?.find((each) => (each.host ?? '') !== '')?.host;
      return host === undefined ? [] : [{ name: port, host, port: sharedPort }];
    }),
  }),
};

/** Without a domain the cluster chooses the name. */
function hostOf(access: SecuredAccess, name: string): { host?: string } {
  const domain = access.spec?.settings?.['domain'] ?? '';
  return domain === '' ? {} : { host: `${name}.${access.metadata.namespace ?? ''}.${domain}` };
}
