/** Certificates that other controllers need: made, shared between owners, and given back. */
import type { KubeObject, ObjectKey, OwnerReference } from '#kube/index.ts';
import { createOrUpdate, type WritingClient } from '#kubeclient/index.ts';
import { CertsError } from './errors.ts';
import { hostsAnnotationOf, hostsByOwner, unionOf, withoutLeftOwners } from './host-owners.ts';
import { type Certificate, type CertificateSpec, certificate } from './kinds.ts';
import { certificateAnnotation, controlledAnnotation } from './stored-certificate.ts';

/** What an owner needs. */
export interface CertificateRequest {
  readonly namespace: string;
  readonly name: string;
  /** Name of the signing CA's Secret; empty for an authority. */
  readonly ca: string;
  /** Common name; the first owner's wins while several share the Certificate. */
  readonly subject: string;
  /** DNS names and IP addresses that this owner needs. */
  readonly hosts?: readonly string[];
  readonly server?: boolean;
  readonly client?: boolean;
  readonly signing?: boolean;
  /** Whose deletion takes the Certificate along, once all its owners are gone. */
  readonly owner: KubeObject;
}

/**
 * Makes or changes a Certificate so that it serves this owner too. Writes nothing when it does.
 * @param known the Certificate as the caller's cache has it, which saves a read
 * @throws CertsError CERTS_NOT_CONTROLLED; KubeClientError
 */
export async function ensureCertificate(
  client: WritingClient,
  request: CertificateRequest,
  known?: Certificate,
): Promise<Certificate | undefined> {
  const key = { namespace: request.namespace, name: request.name };
  const written = await createOrUpdate(
    client,
    certificate,
    key,
    (existing) => shape(request, existing),
    known,
  );
  return written?.object;
}

function shape(request: CertificateRequest, existing: Certificate | undefined): Certificate {
  const annotations = existing?.metadata.annotations ?? {};
  if (existing !== undefined && annotations[controlledAnnotation] === undefined) {
    const message = `certificate "${request.name}" exists but is not controlled by skupper`;
    throw new CertsError('CERTS_NOT_CONTROLLED', message, { retry: 'backoff' });
  }
  const { owner, namespace, name } = request;
  const uid = owner.metadata.uid ?? '';
  const owners = ownersWith(existing?.metadata.ownerReferences ?? [], owner);
  const hosts = new Map(existing === undefined ? [] : hostsByOwner(withoutLeftOwners(existing)));
  hosts.set(uid, request.hosts ?? []);
  const spec: CertificateSpec = {
    ...existing?.spec,
    ca: request.ca,
    subject: owners.length > 1 ? (existing?.spec?.subject ?? request.subject) : request.subject,
    hosts: unionOf(hosts.values()),
    ...flag('server', request.server, existing, owners.length),
    ...flag('client', request.client, existing, owners.length),
    ...flag('signing', request.signing, existing, owners.length),
  };
  if (spec.hosts?.length === 0) delete spec.hosts;
  return {
    ...(existing ?? { apiVersion: 'skupper.io/v2alpha1', kind: 'Certificate' }),
    metadata: {
      ...existing?.metadata,
      name,
      namespace,
      ownerReferences: owners,
      labels: { ...existing?.metadata.labels, [certificateAnnotation]: 'true' },
      annotations: {
        ...annotations,
        [controlledAnnotation]: 'true',
        ...hostsAnnotationOf(uid, request.hosts ?? []),
      },
    },
    spec,
  };
}

/** What one of several owners needs stays, also when another one does not ask for it. */
function flag<K extends 'server' | 'client' | 'signing'>(
  name: K,
  asked: boolean | undefined,
  existing: Certificate | undefined,
  owners: number,
): Partial<Record<K, boolean>> {
  const wanted = asked === true || (owners > 1 && existing?.spec?.[name] === true);
  if (wanted || existing?.spec?.[name] !== undefined)
    return { [name]: wanted } as Partial<Record<K, boolean>>;
  return {};
}

function ownersWith(owners: readonly OwnerReference[], owner: KubeObject): OwnerReference[] {
  const { name, uid = '' } = owner.metadata;
  if (owners.some((each) => each.uid === uid)) return [...owners];
  // The same object made anew: its earlier uid is gone for good.
  const others = owners.filter((each) => each.kind !== owner.kind || each.name !== name);
  return [...others, { apiVersion: owner.apiVersion, kind: owner.kind, name, uid }];
}

/**
 * Takes one owner off a Certificate, with its hosts. The last one's leaving is the collector's
 * business: delete the Certificate, or let it go with the owner.
 */
export async function releaseCertificate(
  client: WritingClient,
  key: ObjectKey,
  ownerUid: string,
): Promise<void> {
  await createOrUpdate(client, certificate, key, (existing) => {
    const owners = existing?.metadata.ownerReferences ?? [];
    const staying = owners.filter((owner) => owner.uid !== ownerUid);
    if (existing === undefined || staying.length === 0 || staying.length === owners.length)
      return undefined;
    const { metadata } = existing;
    return withoutLeftOwners({ ...existing, metadata: { ...metadata, ownerReferences: staying } });
  });
}
