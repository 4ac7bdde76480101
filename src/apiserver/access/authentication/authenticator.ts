/**
 * From credentials to a user. None is `system:anonymous`; one that is wrong is refused, so that a
 * typing mistake never looks like a missing right.
 */
import type { IncomingMessage } from 'node:http';
import { unauthorized } from '#kube/index.ts';
import { anonymous, type User } from '#rbac/index.ts';

/** One way of proving who one is. */
export interface Authenticator {
  /**
   * The user; undefined when the request has no credential of this sort.
   * @throws StatusError KUBE_UNAUTHORIZED when it has one that is wrong
   */
  authenticate(request: IncomingMessage): Promise<User | undefined>;
}

/**
 * Asks each in turn; the first that knows the credential decides.
 * @throws StatusError KUBE_UNAUTHORIZED
 */
export async function authenticate(
  request: IncomingMessage,
  authenticators: readonly Authenticator[],
): Promise<User> {
  for (const authenticator of authenticators) {
    const user = await authenticator.authenticate(request);
    if (user) return user;
  }
  // A bearer token that nobody knew is a wrong credential, not none.
  if (request.headers.authorization !== undefined) throw unauthorized();
  return anonymous;
}
