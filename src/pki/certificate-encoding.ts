/**
 * Certificates as DER, version 3, with the extensions our leaves and authorities carry.
 * @spec RFC5280 4.1 4.2
 */
import { createHash, sign, type KeyObject } from 'node:crypto';
import { must } from '#base/assert.ts';
import {
  encodeBitString,
  encodeOid,
  encodeSequence,
  encodeTime,
  encodeValue,
  readFields,
  Tag,
} from './der.ts';
import { digestFor, publicKeyDer } from './keys.ts';
import type { HostNames, SubjectName } from './names.ts';
import { encodePem } from './pem.ts';

/** The one who signs, as far as the certificate names it. */
export interface IssuerIdentity {
  readonly subjectDer: Buffer;
  readonly keyId: Buffer;
}

/** Everything that goes into a certificate. Times are milliseconds since 1970. */
export interface CertificateFields {
  readonly serial: Buffer;
  readonly subject: SubjectName;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  /** Undefined for a self-signed authority. */
  readonly issuer: IssuerIdentity | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly hosts: HostNames;
  readonly server: boolean;
  readonly client: boolean;
  /** True for one that signs others. */
  readonly isAuthority: boolean;
}

const Oid = {
  commonName: encodeOid('2.5.4.3'),
  organization: encodeOid('2.5.4.10'),
  subjectKeyId: encodeOid('2.5.29.14'),
  keyUsage: encodeOid('2.5.29.15'),
  subjectAltName: encodeOid('2.5.29.17'),
  basicConstraints: encodeOid('2.5.29.19'),
  authorityKeyId: encodeOid('2.5.29.35'),
  extendedKeyUsage: encodeOid('2.5.29.37'),
  serverAuth: encodeOid('1.3.6.1.5.5.7.3.1'),
  clientAuth: encodeOid('1.3.6.1.5.5.7.3.2'),
} as const;

const derTrue = Buffer.of(Tag.boolean, 1, 0xff);
const ecdsaWithSha256 = encodeSequence(encodeOid('1.2.840.10045.4.3.2'));
/** @spec RFC8410 3 */
const ed25519 = encodeSequence(encodeOid('1.3.101.112'));
const rsaWithSha256 = encodeSequence(encodeOid('1.2.840.113549.1.1.11'), Buffer.of(5, 0));

/** Encodes and signs; the result is one PEM block. */
export function encodeCertificate(fields: CertificateFields): string {
  const algorithm = algorithmOf(fields.signingKey);
  const subject = encodeName(fields.subject);
  const publicKey = publicKeyDer(fields.publicKey);
  const signed = encodeSequence(
    encodeValue(0xa0, Buffer.of(Tag.integer, 1, 2)),
    encodeValue(Tag.integer, fields.serial),
    algorithm,
    fields.issuer?.subjectDer ?? subject,
    encodeSequence(encodeTime(fields.notBeforeMs), encodeTime(fields.notAfterMs)),
    subject,
    publicKey,
    encodeValue(0xa3, encodeSequence(...encodeExtensions(fields, keyIdOf(publicKey)))),
  );
  const signature = sign(digestFor(fields.signingKey), signed, fields.signingKey);
  return encodePem('CERTIFICATE', encodeSequence(signed, algorithm, encodeBitString(signature)));
}

function algorithmOf({ asymmetricKeyType }: KeyObject): Buffer {
  if (asymmetricKeyType === 'rsa') return rsaWithSha256;
  return asymmetricKeyType === 'ed25519' ? ed25519 : ecdsaWithSha256;
}

function encodeExtensions(fields: CertificateFields, keyId: Buffer): readonly Buffer[] {
  const { isAuthority } = fields;
  const extensions = [
    // An authority of ours signs leaves, never another authority: path length 0.
    encodeExtension(
      Oid.basicConstraints,
      isAuthority ? encodeSequence(derTrue, Buffer.of(Tag.integer, 1, 0)) : encodeSequence(),
      true,
    ),
    encodeExtension(Oid.keyUsage, encodeKeyUsage(fields, isAuthority), true),
    encodeExtension(Oid.subjectKeyId, encodeValue(Tag.octetString, keyId)),
    encodeExtension(
      Oid.authorityKeyId,
      encodeSequence(encodeValue(0x80, fields.issuer?.keyId ?? keyId)),
    ),
  ];
  const usages = [
    ...(fields.server ? [Oid.serverAuth] : []),
    ...(fields.client ? [Oid.clientAuth] : []),
  ];
  if (usages.length > 0)
    extensions.push(encodeExtension(Oid.extendedKeyUsage, encodeSequence(...usages)));
  // An address also stands among the DNS names: the TLS layer of skupper-router compares the host it
  // dials with these alone, and would refuse a router that is reached by its address.
  const texts = [...fields.hosts.dnsNames, ...fields.hosts.ipAddresses];
  const names = [
    ...texts.map((name) => encodeValue(0x82, Buffer.from(name, 'latin1'))),
    ...fields.hosts.ipBytes.map((bytes) => encodeValue(0x87, bytes)),
  ];
  if (names.length > 0)
    extensions.push(encodeExtension(Oid.subjectAltName, encodeSequence(...names)));
  return extensions;
}

function encodeExtension(oid: Buffer, value: Buffer, critical = false): Buffer {
  const wrapped = encodeValue(Tag.octetString, value);
  return critical ? encodeSequence(oid, derTrue, wrapped) : encodeSequence(oid, wrapped);
}

/** Bits from the left: digitalSignature, nonRepudiation, keyEncipherment, …, keyCertSign, cRLSign. */
function encodeKeyUsage(fields: CertificateFields, isAuthority: boolean): Buffer {
  if (isAuthority) return encodeBitString(Buffer.of(0b1000_0110), 1);
  const isRsa = fields.publicKey.asymmetricKeyType === 'rsa';
  return isRsa
    ? encodeBitString(Buffer.of(0b1010_0000), 5)
    : encodeBitString(Buffer.of(0b1000_0000), 7);
}

/** Organisations first, then the common name, as OpenSSL and Go order them. */
function encodeName(name: SubjectName): Buffer {
  const parts = (name.organizations ?? []).map((value) => encodeAttribute(Oid.organization, value));
  return encodeSequence(...parts, encodeAttribute(Oid.commonName, name.commonName));
}

function encodeAttribute(oid: Buffer, value: string): Buffer {
  const isPrintable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  const text = encodeValue(
    isPrintable ? Tag.printableString : Tag.utf8String,
    Buffer.from(value, 'utf8'),
  );
  return encodeValue(Tag.set, encodeSequence(oid, text));
}

/**
 * The key identifier: SHA-1 of the public key bits, as everybody computes it.
 * @param publicKey SubjectPublicKeyInfo in DER
 * @spec RFC5280 4.2.1.2
 */
export function keyIdOf(publicKey: Buffer): Buffer {
  const [info] = readFields(publicKey);
  const bits = must(readFields(must(info, 'public key info').content)[1], 'public key bits');
  return createHash('sha1').update(bits.content.subarray(1)).digest();
}
