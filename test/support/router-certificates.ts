/** Certificates for links in tests, made at run time and written as sslProfiles want them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';

/** Attributes of an sslProfile with its files. */
export interface TestProfile {
  readonly caCertFile: string;
  readonly certFile: string;
  readonly privateKeyFile: string;
}

export interface TestCertificates {
  readonly directory: string;
  /** Files for a server on loopback and for a client. */
  readonly server: TestProfile;
  readonly client: TestProfile;
  /** Another client of the same authority. */
  readonly otherClient: TestProfile;
  /** A client of another authority. */
  readonly stranger: TestProfile;
  remove(): void;
}

export async function makeCertificates(): Promise<TestCertificates> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-router-'));
  const nowMs = Date.now();
  const ours = await createAuthority({ commonName: 'test-ca', nowMs });
  const theirs = await createAuthority({ commonName: 'other-ca', nowMs });
  const write = async (
    name: string,
    authority: Authority,
    server: boolean,
  ): Promise<TestProfile> => {
    const leaf = await issueCertificate(authority, {
      commonName: name,
      hosts: server ? ['127.0.0.1', 'localhost'] : [],
      server,
      client: !server,
      nowMs,
    });
    const profile = {
      caCertFile: join(directory, `${name}-ca.crt`),
      certFile: join(directory, `${name}.crt`),
      privateKeyFile: join(directory, `${name}.key`),
    };
    writeFileSync(profile.caCertFile, ours.certificate.pem);
    writeFileSync(profile.certFile, leaf.certificate.pem);
    writeFileSync(profile.privateKeyFile, privateKeyPem(leaf.keys.privateKey), { mode: 0o600 });
    return profile;
  };
  return {
    directory,
    server: await write('server', ours, true),
    client: await write('client', ours, false),
    otherClient: await write('other-client', ours, false),
    stranger: await write('stranger', theirs, false),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
