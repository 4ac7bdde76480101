/**
 * Makes connection tokens: files with a client certificate of this site. The certificate comes from
 * a Certificate object, so the CA's key stays with the controller; that object and its Secret go
 * once the token is made, so that the private key is nowhere but in the file.
 */
import { randomUUID } from 'node:crypto';
import { connectionAnnotations, tokenLabel } from '#apis/index.ts';
import { certificate, type Secret, type Site } from '../../api/kinds.ts';
import type { Session } from '../../api/session.ts';
import { annotation } from '../../api/token-notes.ts';
import { CliError } from '../../errors.ts';
import { recordHandedOut } from './handed-out.ts';
import { clientSecret, issuerOf } from '../link.ts';
import { siteThatTakesLinks } from '../token.ts';

/** What `token create -t cert` is asked for. */
export interface CertificateTokenWish {
  /** Name of the Secret in the file, and common name of the certificate. */
  readonly name: string;
  readonly timeoutMs: number;
}

/** A token ready to be written. */
export interface CertificateToken {
  readonly secret: Secret;
  readonly site: string;
}

/** Makes a token. @throws CliError */
export async function issueCertificateToken(
  session: Session,
  wish: CertificateTokenWish,
): Promise<CertificateToken> {
  const site = await siteThatTakesLinks(session);
  const annotations = connectionNotes(site, session.namespace);
  const name = `connection-token-${randomUUID()}`;
  const { namespace } = session;
  try {
    const made = await clientSecret(session, site, name, wish.timeoutMs, wish.name);
    const handedOut = { site, issuer: issuerOf(site), name: wish.name, secret: made };
    await recordHandedOut(session, handedOut);
    const metadata = {
      name: wish.name,
      labels: { [tokenLabel.name]: tokenLabel.connectionToken },
      annotations,
    };
    return { secret: { ...made, metadata }, site: site.metadata.name };
  } finally {
    await session.client.remove(certificate, { namespace, name });
  }
}

/** Where to connect and who says so. @throws CliError CLI_REFUSED when the site has no endpoint */
export function connectionNotes(site: Site, namespace: string): Record<string, string> {
  const found = connectionAnnotations(site.status?.endpoints ?? [], site.metadata.uid ?? '');
  if (found === undefined) {
    throw new CliError('CLI_REFUSED', `site "${site.metadata.name}" has no endpoint for links`, {
      todo: `see 'drawbridge site status -n ${namespace}'`,
    });
  }
  return {
    ...found,
    [annotation.site]: site.metadata.name,
    [annotation.namespace]: namespace,
  };
}
