/**
 * What `link delete` does: removes the Link with what was made only for it, so that the same token
 * file can be used again. Secrets that somebody brought along stay.
 */
import { isConnectionToken, madeOfToken } from '#apis/index.ts';
import { isOwnedBy } from '#kube/index.ts';
import {
  type AccessToken,
  accessToken,
  link,
  type Link,
  type Secret,
  secretKind,
} from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { CliError } from '../errors.ts';
import { remove } from './change.ts';

/**
 * Removes a link, or a token that has not become one yet.
 * @param timeoutMs how long to wait until it is gone; 0 for not at all
 * @throws CliError CLI_NOT_THERE, CLI_WAIT
 */
export async function removeLink(session: Session, name: string, timeoutMs: number): Promise<void> {
  const { client, namespace } = session;
  const own = await client.find(link, { namespace, name });
  const credentials = own?.spec?.tlsCredentials ?? name;
  const token = await client.find(accessToken, { namespace, name: credentials });
  if (own === undefined && (token === undefined || token.status?.redeemed === true)) {
    throw new CliError('CLI_NOT_THERE', `Failed to remove link: No such link "${name}"`, {
      todo: `see 'drawbridge link status -n ${namespace}'`,
    });
  }
  if (await isShared(session, own, credentials)) return remove(session, link, name, timeoutMs);
  // The token first: while it is there, its controller may make the others anew.
  if (token !== undefined) await remove(session, accessToken, credentials, 0);
  const secret = await client.find(secretKind, { namespace, name: credentials });
  if (secret !== undefined && isMadeFor(secret, own, token)) {
    await remove(session, secretKind, credentials, 0);
  }
  await remove(session, link, name, timeoutMs);
}

/** True when other links use the same credentials. */
async function isShared(
  session: Session,
  own: Link | undefined,
  credentials: string,
): Promise<boolean> {
  const { items } = await session.client.list(link, { namespace: session.namespace });
  return items.some(
    ({ metadata, spec }) =>
      metadata.name !== own?.metadata.name && spec?.tlsCredentials === credentials,
  );
}

/** True for a Secret that came with the link: from a token, or as one. */
function isMadeFor(secret: Secret, own: Link | undefined, token: AccessToken | undefined): boolean {
  if (secret.metadata.annotations?.[madeOfToken] !== undefined) return true;
  if (token !== undefined && isOwnedBy(token, secret)) return true;
  if (own === undefined) return false;
  return isOwnedBy(secret, own) || (isConnectionToken(secret) && isOwnedBy(own, secret));
}
