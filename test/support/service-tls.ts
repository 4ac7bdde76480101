/** Certificates for services behind TLS in tests, as PEM texts and as files of sslProfiles. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Authority, createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';

/** Texts of a certificate, its key and the authority it trusts. */
export interface TlsTexts {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly ca: string;
  server(name: string, hosts: readonly string[]): Promise<TlsTexts>;
  client(name: string): Promise<TlsTexts>;
}

export async function testAuthority(commonName: string): Promise<TestAuthority> {
  const nowMs = Date.now();
  const authority: Authority = await createAuthority({ commonName, nowMs });
  const ca = authority.certificate.pem;
  const issue = async (name: string, hosts: readonly string[], server: boolean) => {
    const wish = { commonName: name, hosts: [...hosts], server, client: !server, nowMs };
    const leaf = await issueCertificate(authority, wish);
    return { ca, cert: leaf.certificate.pem, key: privateKeyPem(leaf.keys.privateKey) };
  };
  return {
    ca,
    server: (name, hosts) => issue(name, hosts, true),
    client: (name) => issue(name, [], false),
  };
}

/** A folder that goes with the test, and files in it. */
export interface TlsFolder {
  readonly path: string;
  /** Writes a file and gives its path. */
  file(name: string, text: string): string;
  /** Attributes of an sslProfile whose files hold these texts. */
  profile(name: string, texts: Partial<TlsTexts>): Record<string, string>;
}

export function tlsFolder(t: Pick<TestContext, 'after'>): TlsFolder {
  const path = mkdtempSync(join(tmpdir(), 'drawbridge-tls-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(path, name), text, { mode: 0o600 });
    return join(path, name);
  };
  return {
    path,
    file,
    profile: (name, { ca, cert, key }) => ({
      ...(ca === undefined ? {} : { caCertFile: file(`${name}-ca.crt`, ca) }),
      ...(cert === undefined ? {} : { certFile: file(`${name}.crt`, cert) }),
      ...(key === undefined ? {} : { privateKeyFile: file(`${name}.key`, key) }),
    }),
  };
}

/** An HTTPS server on loopback that answers with the name in the client's certificate, or a text. */
export async function startHttps(
  t: Pick<TestContext, 'after'>,
  texts: TlsTexts,
  text: string,
  options: Pick<ServerOptions, 'requestCert'> = {},
): Promise<number> {
  const { ca, cert, key } = texts;
  const server = createServer({ ca, cert, key, ...options }, (request, response) => {
    const peer = 'getPeerCertificate' in request.socket ? request.socket : undefined;
    const { subject } = (
      peer as { getPeerCertificate(): { subject?: { CN?: string } } }
    ).getPeerCertificate();
    response.end(subject?.CN === undefined ? text : `${text} ${subject.CN}`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
