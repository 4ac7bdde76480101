/**
 * How the two routers of a Site link to each other. Where they share an address, the second dials
 * the first at a port of the management Service, with the credentials of the Site's own authority:
 * that works without link access and outlives a revocation of everybody else. Where each has an
 * address of its own, it takes the way that other sites take, as Skupper does.
 */
import type { RouterAccess, Secret, Service, Site } from '../kinds.ts';
import { peerRole, siteObjects } from '../names.ts';
import { rolePort, specOf as accessSpec } from '../router-access/decide.ts';
import type { SiteRuntime } from '../runtime.ts';
import { isUsableCredentials } from './credentials.ts';
import { type AccessInput, type LinkInput, managementProfile } from './entities.ts';

export interface PeerObjects {
  readonly site: Site;
  readonly group: string;
  readonly routerAccesses: readonly RouterAccess[];
  readonly secret: (name: string) => Secret | undefined;
}

/** What a router has for the others of its Site. */
export interface Peers {
  readonly access: readonly AccessInput[];
  readonly links: readonly LinkInput[];
}

/** The second router of a Site links to the first. */
export function peersOf(
  objects: PeerObjects,
  runtime: Pick<SiteRuntime, 'bindOf' | 'sharesAddresses'>,
  localService: Service,
): Peers {
  const isFirst = objects.group === siteObjects.routerGroup;
  if (!runtime.sharesAddresses) {
    return { access: [], links: isFirst ? [] : linksByAccess(objects) };
  }
  const bind = runtime.bindOf(localService, peerRole);
  if (bind === undefined || objects.site.spec?.ha !== true) return { access: [], links: [] };
  if (isFirst) {
    const name = siteObjects.localService;
    return { access: [{ name, role: peerRole, bind, secret: managementProfile }], links: [] };
  }
  const secret = siteObjects.localClient;
  if (!isUsableCredentials(objects.secret(secret))) return { access: [], links: [] };
  // Whom the local authority signed as a server is a router of this Site, whatever its address.
  const to = { host: bind.host, port: `${bind.port}`, verifyHostname: false };
  // No Link of a user can have a slash in its name.
  const name = `peer/${siteObjects.routerGroup}`;
  const link = { name, role: peerRole, ...to, cost: 1, secret };
  return { access: [], links: [{ ...link, proxy: undefined }] };
}

/** To the first router by the way that other sites take. */
function linksByAccess(objects: PeerObjects): readonly LinkInput[] {
  for (const access of objects.routerAccesses) {
    const { name } = access.metadata;
    const { roles, tlsCredentials } = accessSpec(access);
    const role = roles.find((each) => each.name === peerRole);
    if (role === undefined || !isUsableCredentials(objects.secret(tlsCredentials))) continue;
    const port = String(rolePort(role.name, role.port));
    const to = { host: name, port, cost: 1, secret: tlsCredentials, proxy: undefined };
    return [{ name: siteObjects.routerGroup, role: peerRole, ...to }];
  }
  return [];
}
