/** Whether a Secret has what a service needs for TLS, said so that a person can put it right. */
import { CodedError, messageOf } from '#base/errors.ts';
import { secretText } from '#kube/index.ts';
import {
  keyMatchesCertificate,
  parseCertificate,
  parsePrivateKey,
  splitBundle,
} from '#pki/index.ts';
import type { Secret } from '../kinds.ts';
import { messages } from '../names.ts';
import { isUsableCredentials } from './credentials.ts';

export interface CredentialsNeed {
  /** `ca.crt`, to know the other side by. */
  readonly authority: boolean;
  /** `tls.crt` and `tls.key`, to show to the other side. */
  readonly certificate: boolean;
}

export interface Secrets {
  readonly secret: (name: string) => Secret | undefined;
}

/**
 * @param name of the Secret; nothing is needed when it is empty
 * @returns what is wrong, undefined when nothing is
 */
export function checkCredentials(
  secrets: Secrets,
  name: string,
  need: CredentialsNeed,
): string | undefined {
  if (name === '') return undefined;
  const secret = secrets.secret(name);
  if (!isUsableCredentials(secret)) return messages.tlsSecretNotFound(name);
  const fault =
    (need.authority ? authorityFault(secretText(secret, 'ca.crt')) : undefined) ??
    (need.certificate
      ? certificateFault(secretText(secret, 'tls.crt'), secretText(secret, 'tls.key'))
      : undefined);
  return fault === undefined ? undefined : `TLS credentials secret "${name}": ${fault}`;
}

function authorityFault(bundle: string | undefined): string | undefined {
  if (isAbsent(bundle)) return 'ca.crt is missing';
  return faultOf('ca.crt', () => splitBundle(bundle).forEach((pem) => parseCertificate(pem)));
}

function certificateFault(
  certificate: string | undefined,
  key: string | undefined,
): string | undefined {
  if (isAbsent(certificate)) return 'tls.crt is missing';
  if (isAbsent(key)) return 'tls.key is missing';
  const unreadable =
    faultOf('tls.crt', () => parseCertificate(certificate)) ??
    faultOf('tls.key', () => parsePrivateKey(key));
  if (unreadable !== undefined) return unreadable;
  return keyMatchesCertificate(key, certificate) ? undefined : 'tls.key does not belong to tls.crt';
}

function isAbsent(text: string | undefined): text is undefined {
  return text === undefined || text.trim() === '';
}

function faultOf(file: string, read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    return `${file}: ${messageOf(thrown)}`;
  }
}
