/** TLS of a tcpListener: the options of its server, and new ones while it listens. */
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import type { TlsProfileSource } from '#router/index.ts';
import { BridgeError } from './errors.ts';

/** How long a client may take for the handshake. */
export const handshakeTimeoutMs = 10_000;

export interface ListenerTls {
  readonly sslProfile: string;
  /** Whether clients must show a certificate of the profile's CA. */
  readonly authenticatePeer: boolean;
}

/**
 * A server that ends TLS.
 * @throws CodedError when the profile lacks something or does not fit together
 */
export function createListenerServer(
  source: TlsProfileSource,
  tls: ListenerTls,
  onConnection: (socket: TLSSocket) => void,
): Server {
  return createServer(
    {
      allowHalfOpen: true,
      noDelay: true,
      ...contextOptions(source, tls),
      requestCert: tls.authenticatePeer,
      rejectUnauthorized: tls.authenticatePeer,
      handshakeTimeout: handshakeTimeoutMs,
    },
    onConnection,
  );
}

/**
 * New connections use the profile as it is now; the socket stays open and nobody is cut.
 * @throws CodedError when the profile lacks something or does not fit together
 */
export function renewListenerServer(
  server: Server,
  source: TlsProfileSource,
  tls: ListenerTls,
): void {
  server.setSecureContext(contextOptions(source, tls));
}

function contextOptions(
  source: TlsProfileSource,
  { sslProfile, authenticatePeer }: ListenerTls,
): Pick<TlsOptions, 'ca' | 'cert' | 'key'> {
  const { ca, cert, key } = source.material(sslProfile);
  if (cert === undefined || key === undefined) throw lacks(sslProfile, 'certificate and key');
  // Without one, every certificate of a public authority would do.
  if (authenticatePeer && ca === undefined) throw lacks(sslProfile, 'CA for clients');
  return { cert, key, ...(ca === undefined ? {} : { ca }) };
}

function lacks(profile: string, what: string): BridgeError {
  return new BridgeError('BRIDGE_TLS_INCOMPLETE', `sslProfile ${profile} has no ${what}`, {
    retry: 'backoff',
    facts: { resource: profile },
  });
}
