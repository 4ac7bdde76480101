/** Client certificates: CN is the name, every O a group. Read once for each connection. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { type ClientCertificate, clientCertificateOf } from '#http/index.ts';
import { unauthorized } from '#kube/index.ts';
import { authenticatedGroup, type User } from '#rbac/index.ts';
import type { Authenticator } from './authenticator.ts';
import type { RevokedCertificates } from './revoked-certificates.ts';

/** Extended key usage of TLS clients. @spec RFC5280 4.2.1.12 */
const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Who is at the other end of a connection. */
interface Known {
  readonly user: User;
  readonly certificate: ClientCertificate;
}

export class CertificateAuthenticator implements Authenticator {
  readonly #clock: Clock;
  readonly #revoked: RevokedCertificates;
  readonly #open = new Map<Socket, Known>();

  constructor(clock: Clock, revoked: RevokedCertificates) {
    this.#clock = clock;
    this.#revoked = revoked;
    revoked.onChange(() => this.#cutRevoked());
  }

  authenticate({ socket }: IncomingMessage): Promise<User | undefined> {
    const known = this.#open.get(socket) ?? this.#read(socket);
    if (!known) return Promise.resolve(undefined);
    const { certificate, user } = known;
    // A connection may outlive the certificate that it was opened with.
    const ended = this.#clock.nowMs() >= certificate.notAfterMs;
    if (ended || this.#revoked.has(certificate)) return Promise.reject(unauthorized());
    return Promise.resolve(user);
  }

  #read(socket: Socket): Known | undefined {
    const certificate = clientCertificateOf(socket);
    if (!certificate) return undefined;
    const known = { certificate, user: userOf(certificate) };
    this.#open.set(socket, known);
    socket.once('close', () => this.#open.delete(socket));
    return known;
  }

  /** What a revoked client has open ends: watches would go on for an hour. */
  #cutRevoked(): void {
    for (const [socket, { certificate }] of this.#open) {
      if (this.#revoked.has(certificate)) socket.destroy();
    }
  }
}

/** @throws StatusError KUBE_UNAUTHORIZED for a certificate that proves nothing */
function userOf(certificate: ClientCertificate): User {
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
