/** What should become of the Link of a connection token: a pure choice from what is there. */
import { isConnectionToken, madeOfToken, readConnectionToken } from '#apis/index.ts';
import {
  apiVersionOf,
  equalJson,
  isOwnedBy,
  isTerminating,
  ownerReferenceTo,
} from '#kube/index.ts';
import { type Link, link, type Secret } from '../kinds.ts';

/** What to do about the Link that bears the Secret's name. */
export type TokenDecision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'write'; readonly link: Link }
  | { readonly kind: 'remove'; readonly uid: string }
  | { readonly kind: 'refuse'; readonly problem: string; readonly removeUid?: string };

const nothing: TokenDecision = { kind: 'nothing' };

/**
 * Chooses. A Link that somebody else made for the Secret is left alone: such Secrets are
 * credentials and nothing more.
 * @param siteId identity of the active Site of the namespace; undefined while there is none
 * @param links all Links of the namespace
 */
export function decideTokenLink(
  secret: Secret,
  siteId: string | undefined,
  links: readonly Link[],
): TokenDecision {
  const { name } = secret.metadata;
  const existing = links.find(({ metadata }) => metadata.name === name);
  const own = existing !== undefined && isOwnedBy(existing, secret) ? existing : undefined;
  if (isTerminating(secret)) return nothing;
  if (!isConnectionToken(secret)) return own === undefined ? nothing : removal(own);
  if (own === undefined && links.some((each) => isUser(each, secret))) return nothing;
  const read = readConnectionToken(secret);
  if ('problem' in read) return { kind: 'refuse', problem: read.problem };
  const { endpoints, generatedBy, cost } = read.value;
  if (generatedBy !== '' && generatedBy === siteId) {
    const problem = "Can't create connection to self with token";
    const uid = own?.metadata.uid;
    return { kind: 'refuse', problem, ...(uid === undefined ? {} : { removeUid: uid }) };
  }
  if (existing !== undefined && own === undefined) {
    return { kind: 'refuse', problem: `Link "${name}" exists and does not use this Secret` };
  }
  // Cost and settings may be changed on the Link; the token's word counts only where it has one.
  const given = { endpoints, tlsCredentials: name, ...(cost === undefined ? {} : { cost }) };
  if (own === undefined) return { kind: 'write', link: newLink(secret, given) };
  const spec = { ...own.spec, ...given };
  return equalJson(own.spec, spec) ? nothing : { kind: 'write', link: { ...own, spec } };
}

/** True for a Link that somebody made for this Secret; not for those to further routers of a claim. */
function isUser({ metadata, spec }: Link, secret: Secret): boolean {
  const { name, annotations = {} } = secret.metadata;
  if (spec?.tlsCredentials !== name) return false;
  return annotations[madeOfToken] === undefined || !metadata.name.startsWith(`${name}-`);
}

function newLink(secret: Secret, spec: NonNullable<Link['spec']>): Link {
  const { name, namespace = '' } = secret.metadata;
  // Typed objects come from the API without these; owners are told by them.
  const owner = { ...secret, apiVersion: 'v1', kind: 'Secret' };
  return {
    apiVersion: apiVersionOf(link),
    kind: link.kind,
    metadata: { name, namespace, ownerReferences: [ownerReferenceTo(owner)] },
    spec,
  };
}

function removal(own: Link): TokenDecision {
  return { kind: 'remove', uid: own.metadata.uid ?? '' };
}
