/**
 * Handles: what people and tools hold. A handle names its grant, so that every replica finds it,
 * and carries 256 random bits, of which only the SHA-256 is kept.
 *
 *   dbg.NAMESPACE.NAME.SECRET   code of a grant, in links and kubeconfigs
 *   dbs.NAMESPACE.NAME.SECRET   session that a code was redeemed for
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Random } from '#base/random.ts';
import { Secret } from '#base/secret.ts';
import type { ObjectKey } from '#kube/index.ts';

export type HandleKind = 'code' | 'session';

export interface Handle {
  readonly kind: HandleKind;
  readonly key: ObjectKey;
  readonly secret: Secret;
}

const prefixes: Readonly<Record<HandleKind, string>> = { code: 'dbg', session: 'dbs' };
const secretBytes = 32;
/** Prefix, namespace, name, secret and three dots. */
const handleCharsMax = 3 + 63 + 253 + 43 + 3;
const pattern =
  /^(dbg|dbs)\.([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)\.([A-Za-z0-9_-]{43})$/;

/** A new code for a grant. */
export function newCode(random: Random, key: ObjectKey): Handle {
  const secret = Buffer.from(random.bytes(secretBytes)).toString('base64url');
  return { kind: 'code', key, secret: new Secret(secret) };
}

/** The text to hand out, once. */
export function revealHandle(handle: Handle): string {
  const { namespace, name } = handle.key;
  return `${prefixes[handle.kind]}.${namespace}.${name}.${handle.secret.reveal()}`;
}

/** The handle in a text; undefined when it is none. */
export function parseHandle(text: string): Handle | undefined {
  if (text.length > handleCharsMax) return undefined;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, prefix, namespace = '', name = '', secret = ''] = match;
  const kind = prefix === prefixes.code ? 'code' : 'session';
  return { kind, key: { namespace, name }, secret: new Secret(secret) };
}

/** What is stored of a handle: lower-case hex of the SHA-256 of its secret. */
export function hashOf(handle: Handle): string {
  return hash('sha256', handle.secret.reveal(), 'hex');
}

/** True when the stored hash is that of the handle, in constant time. */
export function isHashOf(stored: string | undefined, handle: Handle): boolean {
  const known = Buffer.from(stored ?? '', 'hex');
  const given = Buffer.from(hashOf(handle), 'hex');
  return known.length === given.length && timingSafeEqual(known, given);
}

/**
 * The session of one redemption. Whoever repeats the same redemption with the same code gets the
 * same session, from any replica; nobody else can compute it.
 * @param nonce chosen by the client for one redemption
 */
export function sessionOf(code: Handle, nonce: string): Handle {
  const secret = createHmac('sha256', code.secret.reveal())
    .update(`session\n${nonce}`)
    .digest('base64url');
  return { kind: 'session', key: code.key, secret: new Secret(secret) };
}

/** Proof that a page knows the session its cookie carries; not usable as the session. */
export function csrfOf(session: Handle): string {
  return createHmac('sha256', session.secret.reveal()).update('csrf').digest('base64url');
}
