/** Reading and building the parts of objects that controllers touch all day. */
import { SecretDataError } from './errors.ts';
import { equalJson } from './json.ts';
import type { KubeObject, OwnerReference } from './object.ts';
import { isRecord } from './object.ts';

/** The value of a label. */
export function labelOf(object: KubeObject, key: string): string | undefined {
  const { labels } = object.metadata;
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** The value of an annotation. */
export function annotationOf(object: KubeObject, key: string): string | undefined {
  const { annotations } = object.metadata;
  return annotations !== undefined && Object.hasOwn(annotations, key)
    ? annotations[key]
    : undefined;
}

/** A copy of the object with annotations set, or removed where the value is undefined. */
export function withAnnotations<T extends KubeObject>(
  object: T,
  changes: Readonly<Record<string, string | undefined>>,
): T {
  const annotations = { ...object.metadata.annotations };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete annotations[key];
    else annotations[key] = value;
  }
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/**
 * The reference that makes a dependent belong to `owner`.
 * @param controller true for the one owner that manages the dependent
 */
export function ownerReferenceTo(owner: KubeObject, controller = true): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    ...(controller ? { controller: true } : {}),
  };
}

/** True when `owner` is among the owners. */
export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  const uid = owner.metadata.uid;
  return (
    uid !== undefined &&
    (object.metadata.ownerReferences?.some((each) => each.uid === uid) ?? false)
  );
}

/** The owner that manages the object. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((each) => each.controller === true);
}

/** True when deletion was asked for. */
export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** The part of a Secret that is looked at here. */
interface SecretLike extends KubeObject {
  data?: { [key: string]: string };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/**
 * The bytes under a key of a Secret.
 * @throws SecretDataError KUBE_SECRET_ENCODING when the value is not base64
 */
export function secretBytes(secret: SecretLike, key: string): Buffer | undefined {
  const text =
    secret.data !== undefined && Object.hasOwn(secret.data, key) ? secret.data[key] : undefined;
  if (text === undefined) return undefined;
  const compact = text.replaceAll(/[\r\n]/gu, '');
  if (!base64.test(compact)) {
    throw new SecretDataError(`key ${JSON.stringify(key)} of the Secret is not base64`);
  }
  return Buffer.from(compact, 'base64');
}

/**
 * The text under a key of a Secret.
 * @throws SecretDataError KUBE_SECRET_ENCODING when the value is not base64
 */
export function secretText(secret: SecretLike, key: string): string | undefined {
  return secretBytes(secret, key)?.toString('utf8');
}

/** Texts as the `data` of a Secret. */
export function encodeSecretData(texts: Readonly<Record<string, string>>): {
  [key: string]: string;
} {
  const data: { [key: string]: string } = {};
  for (const [key, text] of Object.entries(texts)) {
    data[key] = Buffer.from(text, 'utf8').toString('base64');
  }
  return data;
}

const bookkeeping: readonly string[] = ['resourceVersion', 'managedFields'];

/**
 * True when writing `next` over `stored` would change nothing but bookkeeping: such a write keeps the
 * resourceVersion and makes no event.
 */
export function sameObject(next: KubeObject, stored: KubeObject): boolean {
  return equalJson(stripBookkeeping(next), stripBookkeeping(stored));
}

function stripBookkeeping(object: KubeObject): Record<string, unknown> {
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([name, value]) => {
      if (bookkeeping.includes(name)) return false;
      return !isEmpty(value);
    }),
  );
  return { ...object, metadata };
}

/** Absent, empty list and empty map are the same thing in metadata. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}
