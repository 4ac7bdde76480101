/**
 * From credentials to a user. None is `system:anonymous`; one that is wrong is refused, so that a
 * typing mistake never looks like a missing right.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientCertificate, clientCertificateOf } from '#http/index.ts';
import { unauthorized } from '#kube/index.ts';
import { anonymous, authenticatedGroup, type User } from '#rbac/index.ts';

/** One way of proving who one is. */
export interface Authenticator {
  /**
   * The user; undefined when the request has no credential of this sort.
   * @throws StatusError KUBE_UNAUTHORIZED when it has one that is wrong
   */
  authenticate(request: IncomingMessage): Promise<User | undefined>;
}

/** Extended key usage of TLS clients. @spec RFC5280 4.2.1.12 */
const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Client certificates: CN is the name, every O a group. Read once for each connection. */
export class CertificateAuthenticator implements Authenticator {
  readonly #users = new WeakMap<Socket, User>();

  async authenticate({ socket }: IncomingMessage): Promise<User | undefined> {
    const known = this.#users.get(socket);
    if (known) return known;
    const user = userOfCertificate(clientCertificateOf(socket));
    if (user) this.#users.set(socket, user);
    return user;
  }
}

function userOfCertificate(certificate: ClientCertificate | undefined): User | undefined {
  if (!certificate) return undefined;
  const { trusted, commonName, organizations, extendedKeyUsages } = certificate;
  if (!trusted || commonName === '' || !extendedKeyUsages.includes(clientAuth))
    throw unauthorized();
  return {
    name: commonName,
    groups: [...organizations, authenticatedGroup],
    extra: {
      'authentication.kubernetes.io/credential-id': [`X509SHA256=${certificate.fingerprintSha256}`],
    },
  };
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
