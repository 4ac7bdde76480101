/** The objects that an active Site has: certificates, the front of its router, its way in. */
import { isOwnedBy, ownerReferenceTo } from '#kube/index.ts';
import { createOrUpdate } from '#kubeclient/index.ts';
import type { ControllerContext } from '../context.ts';
import { type RouterAccess, routerAccess, type Site } from '../kinds.ts';
import {
  annotations,
  defaultRolePort,
  labels,
  managementPort,
  nameInGroup,
  peerRole,
  routerGroups,
  routerSelector,
  routerServerName,
  siteObjects,
} from '../names.ts';
import { isControlled } from '../router-access/decide.ts';
import { managementListener } from '../router-config/entities.ts';
import { ensureService } from '../service-object.ts';
import { acceptsLinks } from './decide.ts';

/** The certificates every site needs, whether it accepts links or not. */
export async function ensureCertificates(context: ControllerContext, site: Site): Promise<void> {
  const { name, namespace = '' } = site.metadata;
  const common = { namespace, owner: site };
  const authority = { ca: '', signing: true };
  const host = routerServerName;
  await context.ensureCertificate({
    ...common,
    ...authority,
    name: siteObjects.siteCa,
    subject: `${name} site CA`,
  });
  await context.ensureCertificate({
    ...common,
    ...authority,
    name: siteObjects.localCa,
    subject: `${name} local CA`,
  });
  await context.ensureCertificate({
    ...common,
    ca: siteObjects.localCa,
    name: siteObjects.localServer,
    subject: host,
    hosts: [host, `${host}.${namespace}`, `${host}.${namespace}.svc.cluster.local`],
    server: true,
  });
  await context.ensureCertificate({
    ...common,
    ca: siteObjects.localCa,
    name: siteObjects.localClient,
    subject: siteObjects.localClient,
    client: true,
  });
  // What routers show to servers and trust in them when nothing else is said (`--tls-trust`).
  await context.ensureCertificate({
    ...common,
    ...authority,
    name: siteObjects.serviceCa,
    subject: `${name} service CA`,
  });
  await context.ensureCertificate({
    ...common,
    ca: siteObjects.serviceCa,
    name: siteObjects.serviceClient,
    subject: siteObjects.serviceClient,
    client: true,
  });
}

/**
 * The Service in front of the routers' management listeners. Where they share its address, each has
 * a port of its own, and the first one of several has another for the others.
 */
export async function ensureLocalService(context: ControllerContext, site: Site): Promise<void> {
  await ensureService(context, {
    purpose: 'management',
    namespace: site.metadata.namespace ?? '',
    name: siteObjects.localService,
    ports: localPorts(context, site).map((each) => ({ ...each, fixed: false })),
    labels: { [labels.routerConfig]: '' },
    selector: routerSelector,
    owner: site,
    isOurs: (existing) => isOwnedBy(existing, site),
  });
}

function localPorts(
  { runtime }: ControllerContext,
  { spec }: Site,
): readonly { name: string; port: number }[] {
  const groups = routerGroups(runtime.sharesAddresses && spec?.ha === true);
  const management = groups.map((group, index) => ({
    name: nameInGroup(managementListener, group),
    port: managementPort + index,
  }));
  const peers = { name: peerRole, port: defaultRolePort(peerRole) };
  return groups.length > 1 ? [...management, peers] : management;
}

/** Makes the default RouterAccess, or takes it away when links are not wanted any more. */
export async function settleRouterAccess(context: ControllerContext, site: Site): Promise<void> {
  const { namespace = '' } = site.metadata;
  const key = { namespace, name: siteObjects.routerAccess };
  const known = context.informers.of(routerAccess).get(key);
  if (!acceptsLinks(site)) {
    if (known !== undefined && isControlled(known) && isOwnedBy(known, site)) {
      await context.client.remove(routerAccess, key, { uid: known.metadata.uid ?? '' });
    }
    return;
  }
  const shape = (existing: RouterAccess | undefined): RouterAccess | undefined => {
    // One that the user made takes the place of ours.
    if (existing !== undefined && !isControlled(existing)) return undefined;
    return shapeRouterAccess(site, existing);
  };
  await createOrUpdate(context.client, routerAccess, key, shape, known);
}

function shapeRouterAccess(site: Site, existing: RouterAccess | undefined): RouterAccess {
  const { linkAccess = '', settings = {} } = site.spec ?? {};
  const { settings: _settings, accessType: _accessType, ...kept } = existing?.spec ?? {};
  const ingressClass = settings['ingressClassName'] ?? '';
  const owners = existing?.metadata.ownerReferences ?? [];
  return {
    ...(existing ?? { apiVersion: 'skupper.io/v2alpha1', kind: 'RouterAccess' }),
    metadata: {
      ...existing?.metadata,
      name: siteObjects.routerAccess,
      namespace: site.metadata.namespace ?? '',
      annotations: { ...existing?.metadata.annotations, [annotations.controlled]: 'true' },
      ownerReferences: owners.some(({ uid }) => uid === site.metadata.uid)
        ? owners
        : [...owners, ownerReferenceTo(site, false)],
    },
    spec: {
      ...kept,
      roles: ['inter-router', 'edge'].map((name) => ({ name, port: defaultRolePort(name) })),
      tlsCredentials: siteObjects.siteServer,
      issuer: siteObjects.siteCa,
      generateTlsCredentials: true,
      ...(linkAccess === 'default' ? {} : { accessType: linkAccess }),
      ...(ingressClass === '' ? {} : { settings: { ingressClassName: ingressClass } }),
    },
  };
}
