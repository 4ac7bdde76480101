/** PEM certificates for TLS tests, made at run time: one authority of ours and a foreign one. */
import { type Authority, createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import type { TlsMaterial } from '#net/index.ts';

export interface TlsParts {
  readonly server: TlsMaterial;
  /** As `server`, of the same authority, another key. */
  readonly serverRenewed: TlsMaterial;
  readonly client: TlsMaterial;
  /** A client certificate of an authority that ours does not know. */
  readonly stranger: TlsMaterial;
  /** Knows our authority but has no certificate. */
  readonly bare: TlsMaterial;
}

export async function makeTlsParts(): Promise<TlsParts> {
  const nowMs = Date.now();
  const ours = await createAuthority({ commonName: 'test-ca', nowMs });
  const theirs = await createAuthority({ commonName: 'other-ca', nowMs });
  const ca = ours.certificate.pem;
  const issue = async (
    authority: Authority,
    name: string,
    server: boolean,
  ): Promise<TlsMaterial> => {
    const leaf = await issueCertificate(authority, {
      commonName: name,
      hosts: server ? ['localhost', '127.0.0.1', '::1'] : [],
      server,
      client: !server,
      nowMs,
    });
    return { ca, cert: leaf.certificate.pem, key: privateKeyPem(leaf.keys.privateKey) };
  };
  return {
    server: await issue(ours, 'server', true),
    serverRenewed: await issue(ours, 'server-renewed', true),
    client: await issue(ours, 'west', false),
    stranger: await issue(theirs, 'stranger', false),
    bare: { ca },
  };
}
