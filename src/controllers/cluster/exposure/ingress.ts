/** Ways in by one Ingress with a name per port, whose controller passes TLS through. */
import type { SecuredAccess } from '../../kinds.ts';
import { type Ingress, ingress } from '../foreign-kinds.ts';
import {
  type AccessMethod,
  domainOf,
  type Found,
  metadataOf,
  nameOfAddress,
  sharedPort,
} from './method.ts';

export interface IngressSettings {
  readonly domain: string;
  readonly className: string;
  /** Annotations and class for the NGINX controller. */
  readonly nginx: boolean;
}

const nginxAnnotations = {
  'nginx.ingress.kubernetes.io/ssl-passthrough': 'true',
  'nginx.ingress.kubernetes.io/ssl-redirect': 'true',
};

export function ingressMethod(settings: IngressSettings): AccessMethod {
  return {
    serviceType: 'ClusterIP',
    kind: ingress,
    wanted: (access, found) => [wanted(access, found, settings)],
    exposure: (access, _front, found) => {
      const domain = resolvedDomain(access, found, settings);
      if (domain === undefined) return { endpoints: [] };
      const endpoints = (access.spec?.ports ?? []).map(({ name }) => ({
        name,
        host: hostOf(access, name, domain),
        port: sharedPort,
      }));
      return { endpoints };
    },
  };
}

function wanted(access: SecuredAccess, found: Found, settings: IngressSettings): Ingress {
  const { name } = access.metadata;
  const metadata = metadataOf(access, name);
  const className = classOf(access, settings);
  const domain = resolvedDomain(access, found, settings);
  const rules = (access.spec?.ports ?? []).map((port) => {
    const backend = { service: { name, port: { name: port.name } } };
    const http = { paths: [{ path: '/', pathType: 'Prefix', backend }] };
    return domain === undefined ? { http } : { host: hostOf(access, port.name, domain), http };
  });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: settings.nginx
      ? { ...metadata, annotations: { ...metadata.annotations, ...nginxAnnotations } }
      : metadata,
    spec: { ...(className === '' ? {} : { ingressClassName: className }), rules },
  };
}

function classOf(access: SecuredAccess, settings: IngressSettings): string {
  const asked = access.spec?.settings?.['ingressClassName'] ?? '';
  if (asked !== '') return asked;
  if (settings.className !== '') return settings.className;
  return settings.nginx ? 'nginx' : '';
}

/** The domain that is set, or a name of the address that the Ingress has got. */
function resolvedDomain(
  access: SecuredAccess,
  found: Found,
  settings: IngressSettings,
): string | undefined {
  const domain = domainOf(access, settings.domain);
  if (domain !== '') return domain;
  const live: Ingress | undefined = found(access.metadata.name);
  const addresses = live?.status?.loadBalancer?.ingress ?? [];
  return addresses.map(nameOfAddress).find((name) => name !== undefined);
}

function hostOf(access: SecuredAccess, port: string, domain: string): string {
  return `${port}.${access.metadata.namespace ?? ''}.${domain}`;
}
