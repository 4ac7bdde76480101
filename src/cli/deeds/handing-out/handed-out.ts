/**
 * The record of a certificate that the command line hands out in a file: an IssuedLink, written
 * first, so that nothing is handed out that could not be revoked alone.
 */
import {
  apiVersionOf,
  formatTime,
  ownerReferenceTo,
  type Secret,
  secretText,
} from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { issuedLinkFinalizer } from '#apis/index.ts';
import { type IssuedLink, issuedLink, type Site } from '../../api/kinds.ts';
import type { Session } from '../../api/session.ts';
import { CliError } from '../../errors.ts';

/** What is handed out. */
export interface HandedOut {
  readonly site: Site;
  /** Secret of the CA that signed it. */
  readonly issuer: string;
  /** Name by which people know it: of the token, or of the Secret. */
  readonly name: string;
  readonly secret: Secret;
}

/** Characters of the serial number in the name, as records of grants have. */
const serialInNameLength = 20;

/**
 * Writes the record, unless it is there.
 * @throws CliError CLI_REFUSED when the certificate was revoked; PkiError when it is none
 */
export async function recordHandedOut(session: Session, what: HandedOut): Promise<void> {
  const wanted = recordOf(session.namespace, what);
  const { name } = wanted.metadata;
  try {
    await session.client.create(issuedLink, wanted);
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
    const known = await session.client.find(issuedLink, { namespace: session.namespace, name });
    const { spec, metadata } = known ?? {};
    if (spec?.revoked !== true && metadata?.deletionTimestamp === undefined) return;
    throw new CliError('CLI_REFUSED', `the certificate in Secret "${what.name}" was revoked`, {
      todo: `'kubectl delete certificates.skupper.io ${what.name} -n ${session.namespace}' and try again`,
    });
  }
}

function recordOf(namespace: string, { site, issuer, name, secret }: HandedOut): IssuedLink {
  const certificate = parseCertificate(secretText(secret, 'tls.crt') ?? '');
  const serialNumber = certificate.serialNumber.toLowerCase();
  return {
    apiVersion: apiVersionOf(issuedLink),
    kind: issuedLink.kind,
    metadata: {
      name: `${name}-${serialNumber.slice(0, serialInNameLength)}`,
      namespace,
      finalizers: [issuedLinkFinalizer],
      ownerReferences: [ownerReferenceTo(site, false)],
    },
    spec: {
      serialNumber,
      fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      commonName: certificate.commonName,
      issuer,
      notBefore: formatTime(certificate.notBeforeMs),
      notAfter: formatTime(certificate.notAfterMs),
      tokenName: name,
      form: 'key',
      revoked: false,
    },
  };
}
