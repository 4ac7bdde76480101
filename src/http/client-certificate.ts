/** Who a TLS client says it is, by its certificate. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface ClientCertificate {
  /** Signed by a CA the server trusts, within its time. Nothing else below counts when false. */
  readonly trusted: boolean;
  readonly commonName: string;
  /** Every O of the subject. */
  readonly organizations: readonly string[];
  /** Extended key usages as OIDs; empty when the certificate does not restrict them. */
  readonly extendedKeyUsages: readonly string[];
  /** SHA-256 of the DER form, lower-case hex without separators. */
  readonly fingerprintSha256: string;
  /** Lower-case hex without leading zeros. */
  readonly serialNumber: string;
  /** End of its time; milliseconds since 1970. */
  readonly notAfterMs: number;
}

/** The certificate the client presented; undefined when it presented none. */
export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const peer = socket.getPeerCertificate();
  // Node answers an empty object when the client sent no certificate.
  if (!peer || !('raw' in peer)) return undefined;
  return {
    trusted: socket.authorized,
    commonName: textsOf(peer.subject.CN)[0] ?? '',
    organizations: textsOf(peer.subject.O),
    extendedKeyUsages: textsOf(peer.ext_key_usage),
    fingerprintSha256: peer.fingerprint256.replaceAll(':', '').toLowerCase(),
    serialNumber: peer.serialNumber.toLowerCase().replace(/^0+(?=.)/u, ''),
    notAfterMs: Date.parse(peer.valid_to),
  };
}

function textsOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
