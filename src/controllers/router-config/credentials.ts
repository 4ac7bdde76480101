/** Reading TLS material out of Secrets. */
import { madeOfToken } from '#apis/index.ts';
import { annotationOf } from '#kube/index.ts';
import type { Secret } from '../kinds.ts';
import { annotations } from '../names.ts';
import { type CredentialFile, type Credentials, parseRevisions } from './tls-profiles.ts';

const files: readonly CredentialFile[] = ['ca.crt', 'tls.crt', 'tls.key'];

/**
 * True for a Secret that may hold TLS material: of type kubernetes.io/tls, or of no special type
 * with a CA in it.
 */
export function isUsableCredentials(secret: Secret | undefined): secret is Secret {
  if (secret === undefined) return false;
  if (secret.type === 'kubernetes.io/tls') return true;
  const plain = secret.type === undefined || secret.type === '' || secret.type === 'Opaque';
  return plain && (secret.data?.['ca.crt'] ?? '') !== '';
}

/** Its files; undefined when it is absent or not usable. */
export function credentialsOf(secret: Secret | undefined): Credentials | undefined {
  if (!isUsableCredentials(secret)) return undefined;
  const found = new Map<CredentialFile, Buffer>();
  for (const file of files) {
    const text = secret.data?.[file];
    if (text !== undefined && text !== '') found.set(file, Buffer.from(text, 'base64'));
  }
  return {
    files: found,
    priorValidRevisions: parseRevisions(annotationOf(secret, annotations.priorValidRevisions)),
    isKeptByUs: [annotations.controlled, madeOfToken].some(
      (mark) => annotationOf(secret, mark) !== undefined,
    ),
  };
}
