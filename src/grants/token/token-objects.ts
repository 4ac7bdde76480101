/**
 * The Secret and Links that a redeemed token turns into. The Secret is written first and carries
 * the Links as a note, so that a controller killed in between finishes the work instead of asking
 * the grant server again.
 */
import {
  connectionAnnotations,
  isClaim,
  madeOfToken,
  tokenAnnotation,
  tokenLabel,
} from '#apis/index.ts';
import { isOwnedBy, type OwnerReference } from '#kube/index.ts';
import { GrantsError } from '../errors.ts';
import type { AccessToken, Link, Secret, Site } from '../kinds.ts';
import { parseNotedLinks, type ReceivedAccess, type ReceivedLink } from './received-documents.ts';

/** On the Secret: the Links to be made, as JSON. */
const linksAnnotation = 'internal.drawbridge.dev/links';

function ownerOf(site: Site): OwnerReference {
  const { name, uid = '' } = site.metadata;
  return { apiVersion: 'skupper.io/v2alpha1', kind: 'Site', name, uid };
}

/** The Secret for received access. */
export function secretFor(token: AccessToken, site: Site, access: ReceivedAccess): Secret {
  const { name, namespace = '', uid = '' } = token.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      ownerReferences: [ownerOf(site)],
      annotations: { [madeOfToken]: uid, [linksAnnotation]: JSON.stringify(access.links) },
    },
    type: 'kubernetes.io/tls',
    data: { ...access.data },
  };
}

/** True for the claim that a token was made of. */
export function isClaimOf(secret: Secret, token: AccessToken): boolean {
  return isClaim(secret) && isOwnedBy(token, secret);
}

/**
 * The claim with what it was exchanged for: a connection token, of which a Link is made by whoever
 * makes Links of those. Links to further router groups are noted, for they have no place in it.
 */
export function exchangedClaim(claim: Secret, token: AccessToken, access: ReceivedAccess): Secret {
  const { metadata } = claim;
  const [first, ...further] = access.links;
  const origin = metadata.annotations?.[tokenAnnotation.generatedBy] ?? '';
  return {
    ...claim,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [tokenLabel.name]: tokenLabel.connectionToken },
      annotations: {
        ...metadata.annotations,
        ...connectionAnnotations(first?.endpoints ?? [], origin),
        [madeOfToken]: token.metadata.uid ?? '',
        [linksAnnotation]: JSON.stringify(further),
      },
    },
    data: { ...access.data },
  };
}

/** The Links that were noted on a Secret made for this token; undefined when it is not that. */
export function linksNotedOn(
  secret: Secret,
  token: AccessToken,
): readonly ReceivedLink[] | undefined {
  const { annotations = {} } = secret.metadata;
  if (annotations[madeOfToken] !== token.metadata.uid) return undefined;
  try {
    return parseNotedLinks(annotations[linksAnnotation] ?? '', token.metadata.name);
  } catch (thrown) {
    if (thrown instanceof GrantsError) return undefined;
    throw thrown;
  }
}

/** True when a token that had the same name before was redeemed for this Secret. */
export function isOfEarlierToken(secret: Secret, token: AccessToken): boolean {
  const uid = secret.metadata.annotations?.[madeOfToken];
  return uid !== undefined && uid !== token.metadata.uid;
}

/** True for a Secret that some token was redeemed for. */
export function isOfToken(secret: Secret): boolean {
  return secret.metadata.annotations?.[madeOfToken] !== undefined;
}

/** What came of a claim goes with its Secret; the rest with the site. */
function ownersOf(token: AccessToken, site: Site): OwnerReference[] {
  const claims = (token.metadata.ownerReferences ?? []).filter(({ kind }) => kind === 'Secret');
  return claims.length > 0 ? claims : [ownerOf(site)];
}

/** One Link for received access. */
export function linkFor(token: AccessToken, site: Site, received: ReceivedLink): Link {
  const { name, namespace = '' } = token.metadata;
  const cost = token.spec?.linkCost ?? 0;
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Link',
    metadata: { name: received.name, namespace, ownerReferences: ownersOf(token, site) },
    spec: {
      endpoints: received.endpoints.map((endpoint) => ({ ...endpoint })),
      tlsCredentials: name,
      ...(cost > 0 ? { cost } : {}),
    },
  };
}
