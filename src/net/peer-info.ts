/** Who is at the other end of a connected socket. */
import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

export interface PeerCertificate {
  /** Subject as `CN=...,O=...`. */
  readonly subject: string;
  readonly commonName: string | undefined;
  /** SHA-256, hex without colons, lower case. */
  readonly fingerprint: string;
  /** Hex, lower case. */
  readonly serialNumber: string;
  readonly notAfterMs: number;
}

export interface TlsInfo {
  /** `TLSv1.3`, ... */
  readonly protocol: string;
  readonly cipher: string;
  readonly cipherBits: number;
  readonly alpn: string | undefined;
  /** Set only when it was verified. */
  readonly peerCertificate: PeerCertificate | undefined;
}

export interface PeerInfo {
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly tls: TlsInfo | undefined;
}

export function peerInfo(socket: Socket): PeerInfo {
  return {
    remote: { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    local: { host: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    tls: socket instanceof TLSSocket ? tlsInfo(socket) : undefined,
  };
}

function tlsInfo(socket: TLSSocket): TlsInfo {
  const cipher = socket.getCipher();
  const alpn = socket.alpnProtocol;
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: cipher.standardName,
    cipherBits: cipherBits(cipher.standardName),
    alpn: typeof alpn === 'string' ? alpn : undefined,
    peerCertificate: socket.authorized ? certificateOf(socket) : undefined,
  };
}

function cipherBits(name: string): number {
  if (name.includes('CHACHA20')) return 256;
  const bits = /AES_(?<bits>\d+)/.exec(name)?.groups?.['bits'];
  return bits === undefined ? 0 : Number(bits);
}

function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate: Partial<DetailedPeerCertificate> = socket.getPeerCertificate();
  if (!certificate.subject || certificate.fingerprint256 === undefined) return undefined;
  const names = Object.entries(certificate.subject).flatMap(([key, value]) =>
    [value ?? []].flat().map((part) => `${key}=${part}`),
  );
  const commonName: unknown = certificate.subject.CN;
  return {
    subject: names.join(','),
    commonName: typeof commonName === 'string' ? commonName : undefined,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    serialNumber: (certificate.serialNumber ?? '').toLowerCase(),
    notAfterMs: Date.parse(certificate.valid_to ?? ''),
  };
}
