/**
 * The server's own files in the data directory: the product CA, the server's certificate and the
 * certificate of the machine's owner. Made when missing, renewed when due.
 *
 *   pki/ca.crt ca.key  apiserver.crt apiserver.key  admin.crt admin.key
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import {
  type Authority,
  canonicalHosts,
  createAuthority,
  issueCertificate,
  keyMatchesCertificate,
  type LeafRequest,
  parseAuthority,
  parseCertificate,
  PkiError,
  privateKeyPem,
  renewAtMs,
  verifyIssuedBy,
} from '#pki/index.ts';
import { mastersGroup } from '#rbac/index.ts';
import { ApiServerError } from './errors.ts';
import { writePrivateFile } from './kubeconfig.ts';

export interface ServerFilesRequest {
  /** Usually `pki` in the data directory; created with mode 0700. */
  readonly directory: string;
  /** Names and addresses clients use; localhost and loopback are always there. */
  readonly hosts: readonly string[];
}

/** PEM texts. */
export interface ServerFiles {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly adminCert: string;
  readonly adminKey: string;
}

const dayMs = 24 * 3600 * 1000;
const authorityLifetimeMs = 10 * 365 * dayMs;
const leafLifetimeMs = 365 * dayMs;

/** Always in the server's certificate. */
const localHosts: readonly string[] = [
  'localhost',
  '127.0.0.1',
  '::1',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
];

/**
 * Reads the files, making or renewing what is missing, due, or made for other hosts.
 * @throws ApiServerError APISERVER_FILES_UNUSABLE
 */
export async function ensureServerFiles(
  deps: { readonly clock: Clock },
  request: ServerFilesRequest,
): Promise<ServerFiles> {
  const { directory } = request;
  const nowMs = deps.clock.nowMs();
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const authority = await ensureAuthority(directory, nowMs);
    const hosts = [...new Set([...localHosts, ...request.hosts])];
    const server = await ensureLeaf(directory, 'apiserver', authority, {
      commonName: 'drawbridge-apiserver',
      hosts,
      server: true,
      client: false,
      nowMs,
      lifetimeMs: leafLifetimeMs,
    });
    const admin = await ensureLeaf(directory, 'admin', authority, {
      commonName: 'drawbridge-admin',
      organizations: [mastersGroup],
      server: false,
      client: true,
      nowMs,
      lifetimeMs: leafLifetimeMs,
    });
    return {
      ca: authority.certificate.pem,
      serverCert: server.cert,
      serverKey: server.key,
      adminCert: admin.cert,
      adminKey: admin.key,
    };
  } catch (cause) {
    if (cause instanceof ApiServerError) throw cause;
    const message = `cannot prepare ${directory}: ${messageOf(cause)}`;
    throw new ApiServerError('APISERVER_FILES_UNUSABLE', message, { cause });
  }
}

export interface UserRequest {
  /** That of `ensureServerFiles`, with a CA in it. */
  readonly directory: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly lifetimeMs: number;
}

/** PEM texts, and how the certificate is known. */
export interface UserFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Hex, as the list of revoked certificates takes it. */
  readonly serialNumber: string;
  readonly notAfterMs: number;
}

/**
 * A certificate for somebody else than the machine's owner; nothing is written.
 * @throws ApiServerError APISERVER_FILES_UNUSABLE
 */
export async function issueUserFiles(
  deps: { readonly clock: Clock },
  { directory, name, groups, lifetimeMs }: UserRequest,
): Promise<UserFiles> {
  try {
    const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
    const authority = parseAuthority(read('ca.crt'), read('ca.key'));
    const { certificate, keys } = await issueCertificate(authority, {
      commonName: name,
      organizations: groups,
      server: false,
      client: true,
      nowMs: deps.clock.nowMs(),
      lifetimeMs,
    });
    const { pem: cert, serialNumber, notAfterMs } = certificate;
    const key = privateKeyPem(keys.privateKey);
    return { ca: authority.certificate.pem, cert, key, serialNumber, notAfterMs };
  } catch (cause) {
    const message = `cannot issue a certificate from ${directory}: ${messageOf(cause)}`;
    throw new ApiServerError('APISERVER_FILES_UNUSABLE', message, { cause });
  }
}

async function ensureAuthority(directory: string, nowMs: number): Promise<Authority> {
  const [certPath, keyPath] = [join(directory, 'ca.crt'), join(directory, 'ca.key')];
  if (existsSync(certPath) && existsSync(keyPath)) {
    return parseAuthority(readFileSync(certPath, 'utf8'), readFileSync(keyPath, 'utf8'));
  }
  const authority = await createAuthority({
    commonName: 'drawbridge-ca',
    nowMs,
    lifetimeMs: authorityLifetimeMs,
  });
  writePrivateFile(keyPath, privateKeyPem(authority.keys.privateKey));
  writePrivateFile(certPath, authority.certificate.pem);
  return authority;
}

async function ensureLeaf(
  directory: string,
  name: string,
  authority: Authority,
  request: LeafRequest,
): Promise<{ readonly cert: string; readonly key: string }> {
  const [certPath, keyPath] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  if (existsSync(certPath) && existsSync(keyPath)) {
    const [cert, key] = [readFileSync(certPath, 'utf8'), readFileSync(keyPath, 'utf8')];
    if (isUsable(cert, key, authority, request)) return { cert, key };
  }
  const issued = await issueCertificate(authority, request);
  const [cert, key] = [issued.certificate.pem, privateKeyPem(issued.keys.privateKey)];
  writePrivateFile(keyPath, key);
  writePrivateFile(certPath, cert);
  return { cert, key };
}

function isUsable(pem: string, key: string, authority: Authority, request: LeafRequest): boolean {
  try {
    const certificate = parseCertificate(pem);
    const named = new Set([...certificate.dnsNames, ...certificate.ipAddresses]);
    const complete = canonicalHosts(request.hosts ?? []).every((host) => named.has(host));
    const current = request.nowMs < renewAtMs(certificate);
    // A crash between the two writes leaves a key without its certificate.
    const paired = keyMatchesCertificate(key, pem);
    const issued = verifyIssuedBy(certificate.pem, authority.certificate.pem);
    return complete && current && paired && issued;
  } catch (thrown) {
    if (thrown instanceof PkiError) return false;
    throw thrown;
  }
}
