/** Whether a Secret has what is needed of it for TLS, said so that a person can put it right. */
import { secretText } from '#kube/index.ts';
import { type CredentialNeed, faultOfForm, faultOfTime, parseCertificate } from '#pki/index.ts';
import type { Secret } from '../kinds.ts';
import { messages } from '../names.ts';
import { isUsableCredentials } from './credentials.ts';

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
  need: CredentialNeed,
): string | undefined {
  if (name === '') return undefined;
  const secret = secrets.secret(name);
  if (!isUsableCredentials(secret)) return messages.tlsSecretNotFound(name);
  const fault = knownFaultOf(secret, need);
  return fault === undefined ? undefined : messages.tlsSecretUnfit(name, fault);
}

/**
 * Why the certificate in a Secret of good form is not valid now; undefined when it is. Connections
 * that exist outlive their certificate, so this is told and nothing is taken down for it.
 */
export function checkCredentialsTime(
  secrets: Secrets,
  name: string,
  nowMs: number,
): string | undefined {
  const secret = name === '' ? undefined : secrets.secret(name);
  const pem = secret === undefined ? undefined : secretText(secret, 'tls.crt');
  if (pem === undefined || pem.trim() === '') return undefined;
  const fault = faultOfTime(parseCertificate(pem), nowMs);
  return fault === undefined ? undefined : messages.tlsSecretUnfit(name, fault);
}

/** When what `checkCredentialsTime` says changes next, milliseconds since 1970; undefined: never. */
export function credentialsTurnMs(
  secrets: Secrets,
  name: string,
  nowMs: number,
): number | undefined {
  const secret = name === '' ? undefined : secrets.secret(name);
  const pem = secret === undefined ? undefined : secretText(secret, 'tls.crt');
  if (pem === undefined || pem.trim() === '') return undefined;
  const { notBeforeMs, notAfterMs } = parseCertificate(pem);
  return [notBeforeMs, notAfterMs].find((turnMs) => turnMs > nowMs);
}

/** Cached objects are replaced when they change, so the object itself is the key. */
const knownFaults = new WeakMap<Secret, Map<string, string | undefined>>();

/** Reading keys costs, and plans are made often. */
function knownFaultOf(secret: Secret, need: CredentialNeed): string | undefined {
  const known = knownFaults.get(secret) ?? new Map<string, string | undefined>();
  knownFaults.set(secret, known);
  const id = `${need.authority} ${need.certificate}`;
  if (!known.has(id)) known.set(id, faultOfForm(textsOf(secret), need));
  return known.get(id);
}

function textsOf(secret: Secret): Parameters<typeof faultOfForm>[0] {
  return {
    'tls.crt': secretText(secret, 'tls.crt'),
    'tls.key': secretText(secret, 'tls.key'),
    'ca.crt': secretText(secret, 'ca.crt'),
  };
}
