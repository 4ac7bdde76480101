/** What `token status` finds out about a file: from the file, and from the grant when it is ours. */
import { tokenAnnotation } from '#apis/index.ts';
import { accessGrant, type AccessGrant } from '../api/kinds.ts';
import type { LinkSource } from '../api/link-file.ts';
import type { Session } from '../api/session.ts';
import { annotation } from '../api/token-notes.ts';
import { originOf } from './link-origin.ts';
import { sitesOf } from './site.ts';

/** What is known of a token. */
export interface TokenFacts {
  /** Whether the site of this namespace made it. */
  readonly origin: 'local' | 'remote' | 'unknown';
  readonly siteId: string;
  readonly siteName?: string;
  readonly name: string;
  readonly type: 'claim' | 'cert' | 'link';
  readonly version?: string;
  /** Only of claims of this site whose grant is still there. */
  readonly made?: number;
  readonly allowed?: number;
  /** RFC 3339. */
  readonly expires?: string;
  /** In words: whether it can be used. */
  readonly state: string;
}

/** Puts the facts together. */
export async function tokenFacts(session: Session, source: LinkSource): Promise<TokenFacts> {
  const sites = await sitesOf(session);
  const siteId = originOf(source);
  const isLocal = sites.some(({ metadata }) => metadata.uid === siteId);
  const origin = siteId === '' ? 'unknown' : isLocal ? 'local' : 'remote';
  if (source.kind !== 'token') {
    const { annotations = {} } = source.secret.metadata;
    const version = annotations[tokenAnnotation.siteVersion];
    return {
      origin,
      siteId,
      name: source.kind === 'link' ? '' : (annotations[annotation.site] ?? ''),
      type: source.kind === 'link' ? 'link' : 'cert',
      ...(version === undefined ? {} : { version }),
      state: 'a certificate: usable any number of times until it ends or access is revoked',
    };
  }
  const { metadata, spec } = source.token;
  const { annotations = {} } = metadata;
  const { items } = await session.client.list(accessGrant, { namespace: session.namespace });
  const grant = items.find(({ status }) => status?.url !== undefined && status.url === spec?.url);
  const expires = grant?.status?.expirationTime ?? annotations[annotation.expires];
  const siteName = annotations[annotation.site];
  return {
    origin: grant === undefined ? origin : 'local',
    siteId: siteId === '' && grant !== undefined ? (sites[0]?.metadata.uid ?? '') : siteId,
    ...(siteName === undefined ? {} : { siteName }),
    name: metadata.name,
    type: 'claim',
    ...(grant === undefined
      ? {}
      : { made: grant.status?.redemptions ?? 0, allowed: grant.spec?.redemptionsAllowed ?? 1 }),
    ...(expires === undefined ? {} : { expires }),
    state: stateOf(grant, expires, isLocal, Date.now()),
  };
}

function stateOf(
  grant: AccessGrant | undefined,
  expires: string | undefined,
  isLocal: boolean,
  nowMs: number,
): string {
  const isOver = expires !== undefined && Date.parse(expires) <= nowMs;
  if (grant === undefined) {
    if (isLocal) return 'revoked or deleted: this site has no grant for it any more';
    // The clock of the other site decides, not the one here.
    return isOver
      ? 'expired, by the clock here'
      : 'only the site that made it knows how often it was used';
  }
  const told = grant.status?.conditions?.find(({ type }) => type === 'Redeemable');
  if (told?.status === 'False' && told.message !== undefined) return told.message;
  if (isOver) return 'expired';
  const left = (grant.spec?.redemptionsAllowed ?? 1) - (grant.status?.redemptions ?? 0);
  return left <= 0 ? 'used up' : `usable ${left === 1 ? 'once' : `${left} times`} more`;
}
