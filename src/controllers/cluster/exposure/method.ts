/** One way into a cluster: which Service it takes, what else it makes, and where that leads. */
import { type KubeObject, ownerReferenceTo, type ResourceDefinition } from '#kube/index.ts';
import type { SecuredAccess, Service } from '../../kinds.ts';
import { annotations, labels } from '../../names.ts';
import type { Exposure, Placement } from '../../runtime.ts';

/** Objects of the method's kind that are there, by name. */
export type Found = (name: string) => KubeObject | undefined;

export interface AccessMethod {
  readonly serviceType: NonNullable<Placement['type']>;
  /** Kind of what it makes beside the Service. */
  readonly kind?: ResourceDefinition;
  /** What it makes beside the Service. */
  wanted(access: SecuredAccess, found: Found): readonly KubeObject[];
  exposure(access: SecuredAccess, front: Service, found: Found): Exposure;
}

/** A method that is content with the Service. */
export function serviceOnly(
  serviceType: AccessMethod['serviceType'],
  exposure: (access: SecuredAccess, front: Service) => Exposure,
): AccessMethod {
  return { serviceType, wanted: () => [], exposure };
}

/** Ports of the SecuredAccess with the name of the object that carries each. */
export function portObjects(
  access: SecuredAccess,
): readonly { readonly port: string; readonly name: string }[] {
  const { name } = access.metadata;
  return (access.spec?.ports ?? []).map((port) => ({
    port: port.name,
    name: `${name}-${port.name}`,
  }));
}

/** Metadata of an object that belongs to a SecuredAccess. */
export function metadataOf(access: SecuredAccess, name: string): KubeObject['metadata'] {
  return {
    name,
    namespace: access.metadata.namespace ?? '',
    labels: {
      [labels.securedAccess]: 'true',
      [labels.securedAccessName]: access.metadata.name,
    },
    annotations: { [annotations.controlled]: 'true' },
    ownerReferences: [ownerReferenceTo(access, false)],
  };
}

/** A name below the domain that is asked for, or below the one of the controller. */
export function domainOf(access: SecuredAccess, configured: string): string {
  const asked = access.spec?.settings?.['domain'] ?? '';
  return asked === '' ? configured : asked;
}

/** `hostname` as it is; an address as a name that resolves to it. */
export function nameOfAddress(address: {
  readonly ip?: string;
  readonly hostname?: string;
}): string | undefined {
  const { hostname = '', ip = '' } = address;
  if (hostname !== '') return hostname;
  return ip === '' ? undefined : `${ip}.nip.io`;
}

/** Port that shares one address by server name. */
export const sharedPort = '443';
