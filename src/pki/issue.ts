/**
 * Authorities and the certificates they sign. A leaf says only what it is for: server certificates
 * carry serverAuth and the hosts, client certificates clientAuth and no hosts.
 */
import { randomBytes, type KeyObject } from 'node:crypto';
import { assert } from '#base/assert.ts';
import { parseCertificate, type CertificateSummary } from './certificate.ts';
import { encodeCertificate, keyIdOf } from './certificate-encoding.ts';
import { subjectDerOf } from './certificate-reading.ts';
import { PkiError } from './errors.ts';
import {
  checkKeyAccepted,
  createKeyPair,
  parsePrivateKey,
  publicKeyDer,
  samePublicKey,
  type KeyAlgorithm,
  type KeyPair,
} from './keys.ts';
import { openCertificate, publicKeyOf } from './certificate.ts';
import { checkSubject, splitHosts, type SubjectName } from './names.ts';

/** Five years, as Skupper issues: links made from a token keep their certificate that long. */
export const certificateLifetimeMsDefault = 5 * 365 * 24 * 3600 * 1000;
/** How far the start of validity lies in the past at most, for peers whose clock is behind. */
const backdateMsMax = 15 * 60 * 1000;

/** A certificate that may sign others, with its key. */
export interface Authority {
  readonly certificate: CertificateSummary;
  readonly keys: KeyPair;
  /** The subject's DER, copied byte for byte into what it issues. */
  readonly subjectDer: Buffer;
  readonly keyId: Buffer;
}

/** A certificate and the private key that belongs to it. */
export interface IssuedCertificate {
  readonly certificate: CertificateSummary;
  readonly keys: KeyPair;
}

/** What an authority to be made is called and how long it lives. */
export interface AuthorityRequest extends SubjectName {
  readonly nowMs: number;
  readonly lifetimeMs?: number;
  readonly backdateMs?: number;
  /** Default ecdsa-p256. */
  readonly algorithm?: KeyAlgorithm;
  /** Renews with this key instead of making one: what it signed before stays verifiable. */
  readonly keys?: KeyPair;
}

/** What a leaf is for. At least one of `server` and `client` is true. */
export interface LeafRequest extends SubjectName {
  /** DNS names and IP addresses; only server certificates carry them. */
  readonly hosts?: readonly string[];
  readonly server: boolean;
  readonly client: boolean;
  readonly nowMs: number;
  /** Default five years; cut to the authority's own end. */
  readonly lifetimeMs?: number;
  readonly backdateMs?: number;
}

/** Makes a self-signed authority. @throws PkiError PKI_NAME_INVALID */
export async function createAuthority(request: AuthorityRequest): Promise<Authority> {
  checkSubject(request);
  const keys = request.keys ?? (await createKeyPair(request.algorithm));
  const pem = encodeCertificate({
    serial: createSerial(),
    subject: request,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    issuer: undefined,
    notBeforeMs: startOf(request),
    notAfterMs: request.nowMs + (request.lifetimeMs ?? certificateLifetimeMsDefault),
    hosts: splitHosts([]),
    server: false,
    client: false,
    isAuthority: true,
  });
  return authorityOf(pem, keys);
}

/**
 * Certifies the next key of an authority by its present one: who trusts the old alone can verify
 * what the new one signs, when this certificate is sent along. Both bear one name, so that the
 * path length of the old one does not count it.
 * @returns one PEM block, valid until the earlier end of the two
 * @spec RFC5280 4.2.1.9
 */
export function crossSign(old: Authority, next: Authority, nowMs: number): string {
  assert(old.subjectDer.equals(next.subjectDer), 'both certificates of a rotation bear one name');
  const { commonName, organizations } = next.certificate;
  return encodeCertificate({
    serial: createSerial(),
    subject: { commonName, organizations },
    publicKey: next.keys.publicKey,
    signingKey: old.keys.privateKey,
    issuer: old,
    notBeforeMs: Math.min(nowMs, next.certificate.notBeforeMs),
    notAfterMs: Math.min(old.certificate.notAfterMs, next.certificate.notAfterMs),
    hosts: splitHosts([]),
    server: false,
    client: false,
    isAuthority: true,
  });
}

/**
 * Puts an authority together from its PEM texts, which may come from the user.
 * @throws PkiError PKI_NOT_AUTHORITY, PKI_KEY_MISMATCH, PKI_KEY_INVALID, PKI_KEY_UNSUPPORTED,
 * PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID
 */
export function parseAuthority(certificatePem: string, keyPem: string): Authority {
  const keys = parsePrivateKey(keyPem);
  const opened = openCertificate(certificatePem);
  if (!opened.ca) throw new PkiError('PKI_NOT_AUTHORITY', 'certificate is not an authority');
  if (!samePublicKey(keys.publicKey, publicKeyOf(opened))) {
    throw new PkiError(
      'PKI_KEY_MISMATCH',
      'private key does not belong to the authority certificate',
    );
  }
  return authorityOf(certificatePem, keys);
}

function authorityOf(pem: string, keys: KeyPair): Authority {
  const certificate = parseCertificate(pem);
  const { raw } = openCertificate(pem);
  const keyId =
    certificate.subjectKeyId === ''
      ? keyIdOf(publicKeyDer(keys.publicKey))
      : Buffer.from(certificate.subjectKeyId, 'hex');
  return { certificate, keys, subjectDer: subjectDerOf(raw), keyId };
}

/**
 * Makes a key pair and a certificate for it.
 * @param algorithm default ecdsa-p256
 * @throws PkiError PKI_NAME_INVALID
 */
export async function issueCertificate(
  authority: Authority,
  request: LeafRequest,
  algorithm?: KeyAlgorithm,
): Promise<IssuedCertificate> {
  checkSubject(request);
  const keys = await createKeyPair(algorithm);
  return { certificate: issueLeaf(authority, request, keys.publicKey), keys };
}

/**
 * Makes a certificate for a key that somebody else holds.
 * @throws PkiError PKI_NAME_INVALID, PKI_KEY_UNSUPPORTED
 */
export function issueForKey(
  authority: Authority,
  request: LeafRequest,
  publicKey: KeyObject,
): CertificateSummary {
  checkSubject(request);
  checkKeyAccepted(publicKey);
  return issueLeaf(authority, request, publicKey);
}

/** Makes the certificate; subject and key are accepted already. */
function issueLeaf(
  authority: Authority,
  request: LeafRequest,
  publicKey: KeyObject,
): CertificateSummary {
  if (!request.server && !request.client) {
    throw new TypeError('a leaf certificate is for a server, a client or both');
  }
  const endMs = request.nowMs + (request.lifetimeMs ?? certificateLifetimeMsDefault);
  const pem = encodeCertificate({
    serial: createSerial(),
    subject: request,
    publicKey,
    signingKey: authority.keys.privateKey,
    issuer: authority,
    notBeforeMs: startOf(request),
    // A leaf that outlives its authority only looks valid: nobody can verify it any more.
    notAfterMs: Math.min(endMs, authority.certificate.notAfterMs),
    hosts: splitHosts(request.server ? (request.hosts ?? []) : []),
    server: request.server,
    client: request.client,
    isAuthority: false,
  });
  return parseCertificate(pem);
}

/** Short lives start only a little early: most of a life should lie ahead. */
function startOf(request: Pick<LeafRequest, 'nowMs' | 'lifetimeMs' | 'backdateMs'>): number {
  const lifetimeMs = request.lifetimeMs ?? certificateLifetimeMsDefault;
  return request.nowMs - (request.backdateMs ?? Math.min(backdateMsMax, lifetimeMs / 20));
}

/** 16 random bytes that are positive and of full length. @spec RFC5280 4.1.2.2 */
function createSerial(): Buffer {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return serial;
}
