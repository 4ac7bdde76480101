/**
 * The parts of a certificate that Node does not show as values: names and alternative names, read
 * from the DER that OpenSSL has accepted before.
 * @spec RFC5280 4.1 4.2
 */
import { must } from '#base/assert.ts';
import { type DerField, encodeOid, readFields, Tag } from './der.ts';
import { formatIpAddress, parseIpAddress } from './names.ts';

/** Names as they stand in one certificate. */
export interface CertificateNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly issuerCommonName: string;
  /** Without the IP addresses that some issuers, we among them, list here too. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Lower-case hexadecimal; empty when absent. */
  readonly subjectKeyId: string;
}

const Oid = {
  commonName: encodeOid('2.5.4.3').subarray(2),
  organization: encodeOid('2.5.4.10').subarray(2),
  subjectKeyId: encodeOid('2.5.29.14').subarray(2),
  subjectAltName: encodeOid('2.5.29.17').subarray(2),
} as const;

/** Reads names and key identifier. @param der borrowed */
export function readCertificate(der: Buffer): CertificateNames {
  const fields = signedFields(der);
  const subject = readName(must(fields[4], 'subject').content);
  const extensions = readExtensions(fields);
  const alternatives = extensionFields(extensions, Oid.subjectAltName);
  const keyId = extensions.find((extension) => extension.oid.equals(Oid.subjectKeyId));
  return {
    commonName: subject.commonName,
    organizations: subject.organizations,
    issuerCommonName: readName(must(fields[2], 'issuer').content).commonName,
    dnsNames: alternatives
      .filter((name) => name.tag === 0x82)
      .map((name) => name.content.toString('latin1'))
      .filter((name) => parseIpAddress(name) === undefined),
    ipAddresses: alternatives
      .filter((name) => name.tag === 0x87)
      .map((name) => formatIpAddress(name.content)),
    subjectKeyId:
      keyId === undefined ? '' : (readFields(keyId.value)[0]?.content.toString('hex') ?? ''),
  };
}

/** The subject of a certificate, byte for byte. @param der borrowed; the result is a copy */
export function subjectDerOf(der: Buffer): Buffer {
  return Buffer.from(must(signedFields(der)[4], 'subject').whole);
}

/** Serial, algorithm, issuer, validity, subject, key, …: the version [0] of version 3 is dropped. */
function signedFields(der: Buffer): readonly DerField[] {
  const [certificate] = readFields(der);
  const [signed] = readFields(must(certificate, 'certificate').content);
  const fields = readFields(must(signed, 'signed part').content);
  return fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
}

interface NameParts {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

function readName(content: Buffer): NameParts {
  const organizations: string[] = [];
  let commonName = '';
  for (const attribute of readFields(content).flatMap((set) => readFields(set.content))) {
    const [oid, value] = readFields(attribute.content);
    if (oid === undefined || value === undefined) continue;
    if (oid.content.equals(Oid.commonName)) commonName = readText(value);
    else if (oid.content.equals(Oid.organization)) organizations.push(readText(value));
  }
  return { commonName, organizations };
}

const teletexString = 0x14;
const bmpString = 0x1e;

function readText(field: DerField): string {
  switch (field.tag) {
    case bmpString:
      return Buffer.from(field.content.subarray(0, field.content.length & ~1))
        .swap16()
        .toString('utf16le');
    case teletexString:
      return field.content.toString('latin1');
    default:
      return field.content.toString('utf8');
  }
}

interface ExtensionParts {
  readonly oid: Buffer;
  /** What stands inside the OCTET STRING. */
  readonly value: Buffer;
}

function readExtensions(fields: readonly DerField[]): readonly ExtensionParts[] {
  const list = fields.find((field) => field.tag === 0xa3);
  const [sequence] = list === undefined ? [] : readFields(list.content);
  return (sequence === undefined ? [] : readFields(sequence.content)).map((extension) => {
    const parts = readFields(extension.content);
    const value = parts.find((part) => part.tag === Tag.octetString);
    return {
      oid: must(parts[0], 'extension id').content,
      value: must(value, 'extension value').content,
    };
  });
}

function extensionFields(extensions: readonly ExtensionParts[], oid: Buffer): readonly DerField[] {
  const found = extensions.find((extension) => extension.oid.equals(oid));
  return found === undefined
    ? []
    : readFields(readFields(found.value)[0]?.content ?? Buffer.alloc(0));
}
