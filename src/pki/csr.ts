/**
 * Certificate signing requests: the way to a certificate without the private key leaving its owner.
 * The request proves possession of the key; names in it are a wish, the issuer decides.
 * @spec RFC2986 4
 */
import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import type * as X509Library from '@peculiar/x509';
import type { CertificateSummary } from './certificate.ts';
import { PkiError } from './errors.ts';
import { issueForKey, type Authority, type LeafRequest } from './issue.ts';
import { checkKeyAccepted, type KeyPair } from './keys.ts';
import { checkSubject, splitHosts, type SubjectName } from './names.ts';

/** Longest request that is read, in characters. */
const requestCharsMax = 16_384;

/** The library is loaded when a request is first made or read: it takes longer than our own start. */
async function loadX509(): Promise<typeof X509Library> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

/** A request whose signature was checked. */
export interface SigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DNS names and IP addresses asked for. */
  readonly hosts: readonly string[];
  readonly publicKey: KeyObject;
}

/** Makes a PEM request for a key. @throws PkiError PKI_NAME_INVALID, PKI_KEY_UNSUPPORTED */
export async function createSigningRequest(
  keys: KeyPair,
  subject: SubjectName & { readonly hosts?: readonly string[] },
): Promise<string> {
  checkSubject(subject);
  checkKeyAccepted(keys.privateKey);
  const { dnsNames, ipAddresses } = splitHosts(subject.hosts ?? []);
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ipAddresses.map((value) => ({ type: 'ip', value }) as const),
  ];
  const algorithm = webAlgorithm(keys.privateKey);
  const { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } = await loadX509();
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [
        ...(subject.organizations ?? []).map((name) => ({ O: [name] })),
        { CN: [subject.commonName] },
      ],
      keys: {
        privateKey: keys.privateKey.toCryptoKey(algorithm, false, ['sign']),
        publicKey: keys.publicKey.toCryptoKey(algorithm, true, ['verify']),
      },
      signingAlgorithm: algorithm,
      extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
    },
    webcrypto,
  );
  return `${request.toString('pem')}\n`;
}

const curveNames: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

interface SigningAlgorithm {
  readonly name: string;
  readonly hash: string;
  readonly namedCurve: string;
}

function webAlgorithm(key: KeyObject): SigningAlgorithm {
  const namedCurve = curveNames[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? '';
  const name = key.asymmetricKeyType === 'rsa' ? 'RSASSA-PKCS1-v1_5' : 'ECDSA';
  return { name, hash: 'SHA-256', namedCurve };
}

/**
 * Reads a request from a stranger and checks that its maker holds the key.
 * @throws PkiError PKI_REQUEST_INVALID, PKI_KEY_UNSUPPORTED, PKI_NAME_INVALID
 */
export async function parseSigningRequest(pem: string): Promise<SigningRequest> {
  if (pem.length > requestCharsMax) {
    throw new PkiError('PKI_REQUEST_INVALID', 'request is too long', {
      facts: { requestCharsMax },
    });
  }
  const x509 = await loadX509();
  const { request, publicKey } = openRequest(x509, pem);
  checkKeyAccepted(publicKey);
  if (!(await request.verify(webcrypto).catch(() => false))) {
    throw new PkiError('PKI_REQUEST_INVALID', 'request is not signed by its key');
  }
  const alternatives = request.getExtension('2.5.29.17');
  const names =
    alternatives instanceof x509.SubjectAlternativeNameExtension ? alternatives.names.items : [];
  const { dnsNames, ipAddresses } = splitHosts(
    names.filter((name) => name.type === 'dns' || name.type === 'ip').map((name) => name.value),
  );
  return {
    commonName: request.subjectName.getField('CN').at(-1) ?? '',
    organizations: request.subjectName.getField('O'),
    hosts: [...dnsNames, ...ipAddresses],
    publicKey,
  };
}

function openRequest(
  x509: typeof X509Library,
  pem: string,
): {
  readonly request: X509Library.Pkcs10CertificateRequest;
  readonly publicKey: KeyObject;
} {
  // The library also takes hex and bare base64; we promise PEM and accept nothing else.
  if (!/^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/.test(pem)) {
    throw new PkiError('PKI_REQUEST_INVALID', 'request is not PEM');
  }
  try {
    const request = new x509.Pkcs10CertificateRequest(pem);
    const key = Buffer.from(request.publicKey.rawData);
    return { request, publicKey: createPublicKey({ key, format: 'der', type: 'spki' }) };
  } catch (thrown) {
    throw new PkiError('PKI_REQUEST_INVALID', 'request cannot be read', { cause: thrown });
  }
}

/**
 * Signs a request. Subject and hosts come from `leaf`, not from the request.
 * @throws PkiError PKI_NAME_INVALID
 */
export function issueForRequest(
  authority: Authority,
  request: SigningRequest,
  leaf: LeafRequest,
): CertificateSummary {
  return issueForKey(authority, leaf, request.publicKey);
}
