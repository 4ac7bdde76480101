/**
 * Who the API server takes the request for: the link or the person by impersonation, or the
 * gateway's own account. Header names and values are ours alone.
 * @spec Kubernetes user impersonation
 */
import type { GatewayToken } from '#apis/index.ts';
import { GatewayError } from '../errors.ts';
import type { Access } from '../session/gatekeeper.ts';

/** `impersonate`: RBAC sees the link or the person. `account`: RBAC sees the gateway. */
export type IdentityMode = 'impersonate' | 'account';

/** Whom the API server lets the gateway impersonate; without a list it is everybody. */
export interface Impersonates {
  /** Links of which the own name is not here share one, {@link linksUser}. */
  readonly users?: ReadonlySet<string>;
  /** Groups that are not here are left out. */
  readonly groups?: ReadonlySet<string>;
}

export interface Identity extends Impersonates {
  readonly mode: IdentityMode;
  /** Where the gateway keeps the grants of people who logged in; only those here are believed. */
  readonly loginNamespace?: string;
}

/** A list of header lines: name, value, name, value. */
export type FlatHeaders = readonly string[];

/** The group of everything that comes by a link or token of a grant; RBAC can bind it. */
export const linksGroup = 'gw:links';

/** The user of all links where the gateway may not have a name for each. */
export const linksUser = 'gw:link';

/**
 * The headers that say who it is; empty for the gateway's own account.
 * @throws GatewayError GATEWAY_DENIED for a person whom the gateway may not impersonate
 */
export function identityHeaders({ grant }: Pick<Access, 'grant'>, identity: Identity): FlatHeaders {
  if (identity.mode === 'account') return [];
  const { namespace = '', name } = grant.metadata;
  const groups = loginOf(grant, identity)?.groups ?? [linksGroup, `${linksGroup}:${namespace}`];
  const user = userOf(grant, identity);
  requireUser(user, identity);
  return [
    'Impersonate-User',
    user,
    ...groups
      .filter((group) => identity.groups?.has(group) ?? true)
      .flatMap((group) => ['Impersonate-Group', group]),
    'Impersonate-Extra-gateway.drawbridge.dev%2fgrant',
    `${namespace}/${name}`,
  ];
}

/** The user of a grant towards the API server: the person who logged in, or the link. */
export function userOf(grant: GatewayToken, identity: Identity): string {
  const { namespace = '', name } = grant.metadata;
  const own = `${linksUser}:${namespace}:${name}`;
  const link = (identity.users?.has(own) ?? true) ? own : linksUser;
  return loginOf(grant, identity)?.user ?? link;
}

/** @throws GatewayError GATEWAY_DENIED for a person whom the gateway may not impersonate */
export function requireUser(user: string, { users }: Impersonates): void {
  if (user === linksUser || (users?.has(user) ?? true)) return;
  throw new GatewayError(
    'GATEWAY_DENIED',
    `this gateway may not act as user ${JSON.stringify(user)}; whoever runs it can allow that with --impersonate-user`,
  );
}

/** Who logged in, when this is the grant of a login; names of the cluster itself are nobody's, whatever is written down. */
export function loginOf(
  grant: GatewayToken,
  { loginNamespace }: Identity,
): { readonly user: string; readonly groups: readonly string[] } | undefined {
  const { login } = grant.status ?? {};
  if (login === undefined || grant.metadata.namespace !== loginNamespace) return undefined;
  const groups = (login.groups ?? []).filter(isNameForHeader);
  return isNameForHeader(login.user) ? { user: login.user, groups } : undefined;
}

/** A name that fits a header line as it is and is not one of the cluster's own. */
export function isNameForHeader(name: string): boolean {
  return (
    /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/.test(name) && !name.startsWith('system:')
  );
}
