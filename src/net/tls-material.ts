/** Certificate, key and CA as PEM, turned into contexts for node:tls. */
import { messageOf } from '#base/errors.ts';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { NetError } from './errors.ts';

export interface TlsMaterial {
  /** PEM of the authorities that may have signed the peer. Absent: those of the system. */
  readonly ca?: string | undefined;
  /** PEM chain, own certificate first. */
  readonly cert?: string | undefined;
  /** PEM private key. */
  readonly key?: string | undefined;
}

export interface TlsServerOptions {
  readonly material: TlsMaterial;
  /** Demand and verify a client certificate. */
  readonly mutual: boolean;
  readonly alpnProtocols?: readonly string[] | undefined;
}

export interface TlsClientOptions {
  readonly material: TlsMaterial;
  /** Check the server's name against its certificate. */
  readonly verifyHostname: boolean;
  /** Name to send and check, default the host connected to. */
  readonly serverName?: string | undefined;
  readonly alpnProtocols?: readonly string[] | undefined;
}

/** Options of a context for this material: TLS 1.2 at least, 1.3 preferred. */
export function contextOptions(material: TlsMaterial): SecureContextOptions {
  return {
    ...(material.ca === undefined ? {} : { ca: material.ca }),
    ...(material.cert === undefined ? {} : { cert: material.cert }),
    ...(material.key === undefined ? {} : { key: material.key }),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
  };
}

/** @throws NetError NET_MATERIAL when the parts are malformed or do not belong together */
export function secureContext(material: TlsMaterial): SecureContext {
  try {
    return createSecureContext(contextOptions(material));
  } catch (cause) {
    throw new NetError('NET_MATERIAL', `TLS material cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}
