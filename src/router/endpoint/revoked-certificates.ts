/**
 * Serial numbers of certificates that are refused. The serial alone decides: those that are handed
 * out have 126 random bits, so no two authorities share one, and a fingerprint would not do because
 * the holder of an ECDSA certificate can change its signature, hence its fingerprint, at will.
 */
import type { PeerInfo } from '#net/index.ts';

/** Why a connection with such a certificate is closed. */
export const revokedCondition = {
  condition: 'amqp:unauthorized-access',
  description: 'the certificate of this connection was revoked',
} as const;

export class RevokedCertificates {
  /** Refused attempts by serial number. */
  readonly #refused = new Map<string, number>();

  get size(): number {
    return this.#refused.size;
  }

  add(serialNumber: string): void {
    this.#refused.set(canonicalSerial(serialNumber), 0);
  }

  delete(serialNumber: string): void {
    this.#refused.delete(canonicalSerial(serialNumber));
  }

  /** True when the peer showed a revoked certificate. */
  matches(peer: PeerInfo): boolean {
    const serial = peer.tls?.peerCertificate?.serialNumber;
    return serial !== undefined && this.#refused.has(canonicalSerial(serial));
  }

  /** Counts a refused attempt. */
  onRefused(peer: PeerInfo): void {
    const serial = canonicalSerial(peer.tls?.peerCertificate?.serialNumber ?? '');
    const count = this.#refused.get(serial);
    if (count !== undefined) this.#refused.set(serial, count + 1);
  }

  refusedCount(serialNumber: string): number {
    return this.#refused.get(canonicalSerial(serialNumber)) ?? 0;
  }
}

/** Hexadecimal, lower case, without colons and leading zeros. */
export function canonicalSerial(serialNumber: string): string {
  return serialNumber.replaceAll(':', '').toLowerCase().replace(/^0+/u, '');
}
