/** Making, finding and revoking grants of the gateway. The code exists here and in its hash alone. */
import { randomBytes } from 'node:crypto';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { unreachable } from '#base/assert.ts';
import { hashOf, neverOpened, newCode, revealHandle } from '#gateway/index.ts';
import { apiVersionOf, keyOf } from '#kube/index.ts';
import { isKubeError, updateStatus } from '#kubeclient/index.ts';
import type { Session } from '../../api/session.ts';
import { CliError, usageError } from '../../errors.ts';
import type { GrantSpec } from '../../input/grant/grant-flags.ts';
import { create } from '../change.ts';
import { withKnownResources } from './known-resources.ts';

export interface MadeGrant {
  readonly grant: GatewayToken;
  /** To be shown once. */
  readonly code: string;
}

const random = { bytes: (size: number): Uint8Array => randomBytes(size) };

/** Creates a grant and gives it a code. @param own namespace of the gateway @throws CliError */
export async function makeGrant(
  session: Session,
  name: string,
  wish: GrantSpec,
  own: string,
): Promise<MadeGrant> {
  const spec = await withKnownResources(session, wish);
  // Whether it opens nodes/proxy is for the gateway to say.
  const never = { protectedNamespaces: new Set([own, 'kube-system']), nodesProxy: true };
  const closed = neverOpened(spec, never);
  if (closed !== undefined) throw usageError([closed], 'leave it out: no grant can give it');
  const { kind } = gatewayToken;
  const object = { apiVersion: apiVersionOf(gatewayToken), kind, metadata: { name }, spec };
  const made = await create(session, gatewayToken, object, `there is already a grant "${name}"`);
  try {
    return await giveCode(session, made);
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_FORBIDDEN')) throw thrown;
    throw await withoutCode(session, made, thrown);
  }
}

/** Takes away again what its maker may make but give no code. */
async function withoutCode(session: Session, made: GatewayToken, cause: Error): Promise<CliError> {
  const { name, uid } = made.metadata;
  let left = '';
  try {
    await session.client.remove(gatewayToken, keyOf(made), uid === undefined ? {} : { uid });
  } catch {
    left = `; the grant stays without a code, 'drawbridge gateway revoke ${name}' ends it`;
  }
  return new CliError('CLI_REFUSED', `grant "${name}" got no code: ${cause.message}${left}`, {
    todo: 'it takes the verb update on gatewaytokens/status of drawbridge.dev: ask for it, or have somebody give the code',
    cause,
  });
}

/** Gives a code to a grant that was made without one, such as by kubectl. @throws CliError */
export async function codeFor(session: Session, name: string): Promise<MadeGrant> {
  const grant = await session.client.find(gatewayToken, { namespace: session.namespace, name });
  if (grant === undefined) {
    throw new CliError('CLI_NOT_THERE', `there is no grant "${name}" in ${session.namespace}`, {
      todo: 'say what a new one should open with --resource or --url, or choose another with -n',
    });
  }
  if (grant.status?.codeHash !== undefined) {
    throw usageError(
      [`grant "${name}" has a code already, which was shown when it was made`],
      'make another grant, or revoke this one and make it anew',
    );
  }
  const { spec, status = {} } = grant;
  if (spec.revoked === true || status.status === 'Error') {
    const why = spec.revoked === true ? 'it was revoked' : (status.message ?? 'it is not usable');
    throw new CliError('CLI_REFUSED', `grant "${name}" would open nothing: ${why}`, {
      todo: 'a grant cannot be changed: make another one',
    });
  }
  return giveCode(session, grant);
}

async function giveCode(session: Session, grant: GatewayToken): Promise<MadeGrant> {
  const { name, namespace = session.namespace } = grant.metadata;
  const code = newCode(random, { namespace, name });
  const codeHash = hashOf(code);
  const written = await updateStatus(session.client, gatewayToken, grant, (copy) => {
    // Whoever was faster has shown his code; two codes for one grant would count as one.
    if (copy.status?.codeHash !== undefined) return copy;
    return { ...copy, status: { ...copy.status, codeHash } };
  });
  if (written?.object.status?.codeHash !== codeHash) {
    throw new CliError('CLI_REFUSED', `grant "${name}" was given a code by somebody else`, {
      todo: 'make another grant',
    });
  }
  return { grant: written.object, code: revealHandle(code) };
}

/** @param allNamespaces instead of the session's */
export async function listGrants(
  session: Session,
  allNamespaces: boolean,
): Promise<readonly GatewayToken[]> {
  const where = allNamespaces ? {} : { namespace: session.namespace };
  const { items } = await session.client.list(gatewayToken, where);
  return items.toSorted((a, b) => timeOf(a) - timeOf(b));
}

function timeOf({ metadata }: GatewayToken): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

/** Whom `gateway revoke` means. */
export type RevokeTarget =
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'user'; readonly user: string }
  | { readonly by: 'all' };

export interface Revoked {
  readonly revoked: readonly GatewayToken[];
  /** How many were meant and had been revoked before. */
  readonly before: number;
}

/** Revokes; those that are revoked already are left as they are. @throws CliError CLI_NOT_THERE */
export async function revokeGrants(
  session: Session,
  target: RevokeTarget,
  allNamespaces: boolean,
): Promise<Revoked> {
  const known = await listGrants(session, allNamespaces);
  const meant = known.filter((grant) => isMeant(grant, target));
  if (meant.length === 0) refuseNobody(session, target, allNamespaces);
  const revoked: GatewayToken[] = [];
  for (const { metadata, spec } of meant) {
    if (spec.revoked === true) continue;
    const key = { namespace: metadata.namespace ?? '', name: metadata.name };
    revoked.push(await session.client.patch(gatewayToken, key, { spec: { revoked: true } }));
  }
  return { revoked, before: meant.length - revoked.length };
}

/** A slip in a name must not look like a way that was closed. @throws CliError CLI_NOT_THERE */
function refuseNobody(session: Session, target: RevokeTarget, allNamespaces: boolean): void {
  if (target.by === 'all') return;
  const where = allNamespaces ? 'any namespace' : session.namespace;
  const what =
    target.by === 'name'
      ? `there is no grant "${target.name}" in ${where}`
      : `no grant in ${where} was made by or is for "${target.user}"`;
  throw new CliError('CLI_NOT_THERE', what, {
    todo: "see 'drawbridge gateway list -A'",
  });
}

function isMeant({ metadata, spec, status }: GatewayToken, target: RevokeTarget): boolean {
  switch (target.by) {
    case 'all':
      return true;
    case 'name':
      return metadata.name === target.name;
    case 'user': {
      const named = (spec.subjects ?? []).some(({ name }) => name === target.user);
      return named || status?.issuedBy === target.user;
    }
    default:
      return unreachable(target, 'target');
  }
}
