/** What the token verbs do. */
import { randomUUID } from 'node:crypto';
import { apiVersionOf, formatDuration } from '#kube/index.ts';
import {
  type AccessGrant,
  type AccessToken,
  accessGrant,
  accessToken,
  type Site,
} from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { hasReached, isTrue, reasonNot, statusOf } from '../api/status.ts';
import { tokenManifest } from '../api/token-file.ts';
import type { TokenNotes } from '../api/token-notes.ts';
import { waitFor } from '../api/wait.ts';
import { CliError, usageError } from '../errors.ts';
import { create } from './change.ts';
import { connectionToSelf, isFromSelf } from './link-origin.ts';
import { sitesOf } from './site.ts';

/** What `token issue` is asked for. */
export interface GrantWish {
  readonly redemptionsAllowed: number;
  readonly windowMs: number;
  readonly linkCost: number;
  readonly timeoutMs: number;
  /** Name of the grant; undefined: the site's with something unique. */
  readonly name?: string | undefined;
  /** The code; undefined: one is made. */
  readonly code?: string | undefined;
}

/** A token ready to be written. */
export interface IssuedToken {
  readonly token: AccessToken;
  readonly notes: TokenNotes;
  readonly grant: string;
}

/** Creates a grant and waits until a token can be made of it. @throws CliError */
export async function issueToken(session: Session, wish: GrantWish): Promise<IssuedToken> {
  const site = await siteThatTakesLinks(session);
  const name = wish.name ?? `${site.metadata.name}-${randomUUID()}`;
  await create(session, accessGrant, grantManifest(name, wish), `grant "${name}" exists`);
  const { reached, object } = await waitFor(session, accessGrant, name, wish.timeoutMs, (grant) =>
    hasReached(grant, 'ready'),
  );
  const { url, code, ca, expirationTime } = object?.status ?? {};
  if (!reached || url === undefined || code === undefined || ca === undefined) {
    const reason = reasonNot(object, 'ready');
    const why = reason === '' ? ', check the status for more information' : `: ${reason}`;
    throw new CliError('CLI_WAIT', `grant "${name}" not ready yet${why}`, {
      todo: `look at it with 'kubectl get accessgrant ${name} -n ${session.namespace} -o yaml'`,
    });
  }
  const notes: TokenNotes = {
    site: site.metadata.name,
    siteId: site.metadata.uid ?? '',
    namespace: session.namespace,
    uses: wish.redemptionsAllowed,
    expires: expirationTime ?? '',
  };
  const spec = { url, code, ca, linkCost: wish.linkCost };
  return { token: tokenManifest(name, spec, notes), notes, grant: name };
}

function grantManifest(name: string, wish: GrantWish): AccessGrant {
  return {
    apiVersion: apiVersionOf(accessGrant),
    kind: accessGrant.kind,
    metadata: { name },
    spec: {
      redemptionsAllowed: wish.redemptionsAllowed,
      expirationWindow: formatDuration(wish.windowMs),
      ...(wish.code === undefined ? {} : { code: wish.code }),
    },
  };
}

/** @throws CliError CLI_USAGE naming what keeps this namespace from taking links */
export async function siteThatTakesLinks(session: Session): Promise<Site> {
  const sites = await sitesOf(session);
  const [first] = sites;
  const look = `see 'drawbridge site status -n ${session.namespace}'`;
  if (first === undefined) {
    throw usageError(
      [`A site must exist in namespace ${session.namespace} before a token can be created`],
      "create one with 'drawbridge site create NAME --enable-link-access', or choose a namespace (-n)",
    );
  }
  const active = sites.find((site) => isTrue(site, 'Configured') && isTrue(site, 'Running'));
  if (active === undefined) {
    const reason = reasonNot(first, 'ready');
    const more = reason === '' ? '' : `: ${reason}`;
    throw usageError([`there is no active skupper site in this namespace${more}`], look);
  }
  if (active.spec?.edge === true) {
    throw usageError(['Edge sites cannot accept incoming links from remote sites'], look);
  }
  const { linkAccess = '' } = active.spec ?? {};
  const endpoints = active.status?.endpoints ?? [];
  if ((linkAccess === '' || linkAccess === 'none') && endpoints.length === 0) {
    throw usageError(
      ['You must enable link access for this site before you can create a token.'],
      "turn it on with 'drawbridge site update --enable-link-access'",
    );
  }
  return active;
}

/**
 * Creates the token's object and waits until it has been redeemed.
 * @throws CliError CLI_WAIT with the reason the object gives
 */
export async function redeemToken(
  session: Session,
  token: AccessToken,
  timeoutMs: number,
): Promise<AccessToken> {
  const { name } = token.metadata;
  const { namespace } = session;
  const [site] = await sitesOf(session);
  if (site === undefined) {
    throw usageError(
      [`A site must exist in namespace ${namespace} before a token can be redeemed`],
      "create one with 'drawbridge site create NAME', or choose a namespace (-n)",
    );
  }
  const { items: grants } = await session.client.list(accessGrant, { namespace });
  if (isFromSelf({ kind: 'token', token }, { site, grants })) throw connectionToSelf();
  await present(session, token);
  const { object } = await waitFor(session, accessToken, name, timeoutMs, isRedeemed);
  if (object !== undefined && isRedeemed(object)) return object;
  const reason = statusOf(object).message ?? '';
  const why = reason === '' ? ', check the status for more information' : `: ${reason}`;
  throw new CliError('CLI_WAIT', `Token "${name}" redeem not ready yet${why}`, {
    todo: `'drawbridge why token/${name} -n ${namespace}' names the cause and what to do`,
  });
}

/** Creates the token's object; the same token again is no fault, so that redeeming can be repeated. */
async function present(session: Session, token: AccessToken): Promise<void> {
  const { name } = token.metadata;
  const key = { namespace: session.namespace, name };
  const existing = await session.client.find(accessToken, key);
  const { url, code } = existing?.spec ?? {};
  if (existing !== undefined && url === token.spec?.url && code === token.spec?.code) return;
  const exists = `there is already another token "${name}" in namespace ${session.namespace}`;
  await create(session, accessToken, token, exists);
}

function isRedeemed(token: AccessToken | undefined): boolean {
  return token?.status?.redeemed === true;
}
