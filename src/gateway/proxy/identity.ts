/**
 * Who the API server takes the request for: the link or the person by impersonation, or the
 * gateway's own account. Header names and values are ours alone.
 * @spec Kubernetes user impersonation
 */
import type { Access } from '../session/gatekeeper.ts';

/** `impersonate`: RBAC sees the link or the person. `account`: RBAC sees the gateway. */
export type IdentityMode = 'impersonate' | 'account';

/** A list of header lines: name, value, name, value. */
export type FlatHeaders = readonly string[];

/** The group of everything that comes by a link or token of a grant; RBAC can bind it. */
export const linksGroup = 'gw:links';

/** The headers that say who it is; empty for the gateway's own account. */
export function identityHeaders(access: Pick<Access, 'grant'>, mode: IdentityMode): FlatHeaders {
  if (mode === 'account') return [];
  const { namespace = '', name } = access.grant.metadata;
  return [
    'Impersonate-User',
    linkUser(namespace, name),
    'Impersonate-Group',
    linksGroup,
    'Impersonate-Group',
    `${linksGroup}:${namespace}`,
    'Impersonate-Extra-gateway.drawbridge.dev%2fgrant',
    `${namespace}/${name}`,
  ];
}

/** The user name of a grant towards the API server. */
export function linkUser(namespace: string, name: string): string {
  return `gw:link:${namespace}:${name}`;
}
