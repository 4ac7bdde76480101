/** What `revoke-access` does: cutting one site, one link, one token, or everybody. */
import { setTimeout as pause } from 'node:timers/promises';
import { unreachable } from '#base/assert.ts';
import { annotationOf } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import {
  type AccessGrant,
  accessGrant,
  type IssuedLink,
  issuedLink,
  type Secret,
  secretKind,
  type Site,
} from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { isTrue } from '../api/status.ts';
import { CliError, usageError } from '../errors.ts';
import { sitesOf } from './site.ts';

/** Whose access ends. */
export interface Target {
  readonly by: 'site' | 'link' | 'token';
  readonly name: string;
}

/** What was revoked, and what is worth knowing about it. */
export interface Revoked {
  /** Each with the router's confirmation in its status. */
  readonly links: readonly IssuedLink[];
  /** Grants that were deleted. */
  readonly grants: readonly string[];
  /** Grants of revoked links that others may still use. */
  readonly openGrants: readonly string[];
  /** Secret of the CA that was replaced. */
  readonly replacedIssuer: string | undefined;
  /** From the first write to the last confirmation, in milliseconds. */
  readonly ms: number;
}

const pollMs = 15;
const controlledAnnotation = 'internal.skupper.io/controlled';
const siteServer = 'skupper-site-server';

/** Certificates that were handed out in the namespace. */
export async function issuedLinksOf(session: Session): Promise<readonly IssuedLink[]> {
  return (await session.client.list(issuedLink, { namespace: session.namespace })).items;
}

/** Ends the access of one site, link or token; others keep theirs. @throws CliError */
export async function revokeOne(
  session: Session,
  target: Target,
  timeoutMs: number,
): Promise<Revoked> {
  const startMs = performance.now();
  const found = (await issuedLinksOf(session)).filter((each) => isMeant(each, target));
  const grants = await grantsOf(session);
  const tokens =
    target.by === 'token' ? grants.filter(({ metadata }) => metadata.name === target.name) : [];
  if (found.length === 0 && tokens.length === 0) throw nothingFound(session, target);
  await removeGrants(session, tokens);
  const links = await revokeLinks(session, found, startMs + timeoutMs);
  const used = new Set(links.map((each) => each.spec?.grantUid));
  const open = grants.filter(
    (grant) => used.has(grant.metadata.uid) && !tokens.includes(grant) && isOpen(grant),
  );
  return {
    links,
    grants: tokens.map(({ metadata }) => metadata.name),
    openGrants: open.map(({ metadata }) => metadata.name),
    replacedIssuer: undefined,
    ms: performance.now() - startMs,
  };
}

/**
 * Ends the access of everybody who was ever let in: no grant and no certificate handed out by this
 * site is good any more. Links from this site to others stay.
 * @throws CliError
 */
export async function revokeAll(session: Session, timeoutMs: number): Promise<Revoked> {
  const startMs = performance.now();
  const deadlineMs = startMs + timeoutMs;
  const issuer = issuerOf(await activeSite(session));
  const grants = await grantsOf(session);
  await removeGrants(session, grants);
  // Before the links: whoever joins from now on gets a certificate of the new authority.
  const isReplaced = await replaceIssuer(session, issuer, deadlineMs);
  const links = await revokeLinks(session, await issuedLinksOf(session), deadlineMs);
  if (!isReplaced) {
    throw new CliError(
      'CLI_REFUSED',
      `${links.length} certificates are revoked, but the CA in Secret "${issuer}" is not ours to replace`,
      { todo: 'replace the CA where it comes from, if it signed other certificates for links' },
    );
  }
  return {
    links,
    grants: grants.map(({ metadata }) => metadata.name),
    openGrants: [],
    replacedIssuer: issuer,
    ms: performance.now() - startMs,
  };
}

function isMeant(each: IssuedLink, { by, name }: Target): boolean {
  const { spec, status, metadata } = each;
  switch (by) {
    case 'site':
      return [status?.remoteSiteName, spec?.siteName, spec?.siteId].includes(name);
    case 'link':
      return metadata.name === name || spec?.tokenName === name;
    case 'token':
      return spec?.grantName === name || spec?.tokenName === name;
    default:
      return unreachable(by, 'way to name who is revoked');
  }
}

function nothingFound(session: Session, { by, name }: Target): CliError {
  const what = `no certificate was handed out for ${by} "${name}" in namespace ${session.namespace}`;
  return new CliError('CLI_NOT_THERE', what, {
    todo: `'drawbridge link status all -n ${session.namespace}' lists who was let in`,
  });
}

async function grantsOf(session: Session): Promise<readonly AccessGrant[]> {
  return (await session.client.list(accessGrant, { namespace: session.namespace })).items;
}

function isOpen(grant: AccessGrant): boolean {
  const { redemptions = 0, expirationTime = '' } = grant.status ?? {};
  const left = (grant.spec?.redemptionsAllowed ?? 1) - redemptions;
  return left > 0 && Date.parse(expirationTime) > Date.now();
}

async function removeGrants(session: Session, grants: readonly AccessGrant[]): Promise<void> {
  const { namespace, client } = session;
  for (const { metadata } of grants) {
    await client.remove(accessGrant, { namespace, name: metadata.name });
  }
}

/** Revokes them all at once, then waits for the confirmation of each. */
async function revokeLinks(
  session: Session,
  links: readonly IssuedLink[],
  deadlineMs: number,
): Promise<readonly IssuedLink[]> {
  const { namespace, client } = session;
  for (const { metadata, spec } of links) {
    if (spec?.revoked === true) continue;
    await client.patch(issuedLink, { namespace, name: metadata.name }, { spec: { revoked: true } });
  }
  const confirmed: IssuedLink[] = [];
  for (const { metadata } of links) {
    const last = await confirmation(session, metadata.name, deadlineMs);
    if (last !== undefined) confirmed.push(last);
  }
  return confirmed;
}

/** @returns undefined when it was deleted meanwhile, which revokes it too */
async function confirmation(
  session: Session,
  name: string,
  deadlineMs: number,
): Promise<IssuedLink | undefined> {
  const { namespace, client } = session;
  for (;;) {
    const found = await client.find(issuedLink, { namespace, name });
    const condition = found?.status?.conditions?.find(({ type }) => type === 'Revoked');
    if (found === undefined || condition?.status === 'True') return found;
    if (condition?.reason === 'Error') {
      throw new CliError('CLI_REFUSED', `"${name}": ${condition.message}`, {
        todo: `'drawbridge revoke-access -n ${namespace}' cuts all incoming links`,
      });
    }
    if (performance.now() > deadlineMs) {
      const why = condition?.message ?? 'no controller has looked at it yet';
      throw new CliError('CLI_WAIT', `"${name}" is revoked, but not confirmed: ${why}`, {
        todo: `it will be refused as soon as the router is there; look with 'drawbridge link status all -n ${namespace}'`,
      });
    }
    session.progress.say(`waiting: "${name}": the router has not confirmed yet`);
    await pause(pollMs);
  }
}

/** The site that links go to. @throws CliError CLI_USAGE when there is none */
export async function activeSite(session: Session): Promise<Site> {
  const sites = await sitesOf(session);
  const site = sites.find((each) => isTrue(each, 'Configured')) ?? sites[0];
  if (site !== undefined) return site;
  throw usageError(
    [`there is no site in namespace ${session.namespace}`],
    'choose the namespace of the site with -n',
  );
}

/** Secret of the CA that signs for those who link to the site. */
export function issuerOf(site: Site): string {
  return site.spec?.defaultIssuer || site.status?.defaultIssuer || 'skupper-site-ca';
}

/**
 * Deletes the Secret of the CA, so that a new CA is made, and waits until the router's own
 * certificate comes from it.
 * @returns false when the Secret is the user's
 */
async function replaceIssuer(session: Session, name: string, deadlineMs: number): Promise<boolean> {
  const { namespace, client } = session;
  const before = await client.find(secretKind, { namespace, name });
  if (before !== undefined) {
    if (annotationOf(before, controlledAnnotation) === undefined) return false;
    await client.remove(secretKind, { namespace, name });
  }
  for (;;) {
    const [ca, server] = await Promise.all([
      client.find(secretKind, { namespace, name }),
      findServer(session),
    ]);
    const isNew =
      textIn(ca, 'tls.crt') !== '' && textIn(ca, 'tls.crt') !== textIn(before, 'tls.crt');
    const isUsed = server === undefined || textIn(server, 'ca.crt') === textIn(ca, 'ca.crt');
    if (isNew && isUsed) return true;
    if (performance.now() > deadlineMs) {
      throw new CliError(
        'CLI_WAIT',
        `the CA in Secret "${name}" was deleted, but is not yet replaced`,
        {
          todo: `check that the controllers run, and see 'kubectl get certificates.skupper.io -n ${namespace}'`,
        },
      );
    }
    session.progress.say(`waiting: Secret "${name}" and what it signs are being replaced`);
    await pause(pollMs);
  }
}

/** The router's certificate towards other sites; sites that take no links have none. */
async function findServer(session: Session): Promise<Secret | undefined> {
  try {
    return await session.client.find(secretKind, {
      namespace: session.namespace,
      name: siteServer,
    });
  } catch (thrown) {
    if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return undefined;
    throw thrown;
  }
}

function textIn(secret: Secret | undefined, key: string): string {
  return secret?.data?.[key] ?? '';
}
