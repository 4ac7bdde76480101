/**
 * Session cookies: one for each grant, so that two links in one browser do not replace each other.
 * @spec RFC6265bis 4.1.3.2 (__Host- prefix)
 */
import { createHash } from 'node:crypto';
import type { ObjectKey } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import { type Handle, parseHandle, revealHandle } from '../grant/handle.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';

const prefix = '__Host-gw-';

/** Names the session of a grant in cookies and paths; says nothing about the grant. */
export function tagOf({ namespace, name }: ObjectKey): string {
  return createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 12);
}

/**
 * The sessions that a browser sends, by tag.
 * @throws GatewayError GATEWAY_REQUEST when a cookie comes twice: one of them was planted
 */
export function readSessions(lines: HeaderLines): ReadonlyMap<string, Handle> {
  const sessions = new Map<string, Handle>();
  for (const pair of (lineOf(lines, 'cookie') ?? '').split(';')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, equals)).trim();
    if (!name.startsWith(prefix)) continue;
    const tag = name.slice(prefix.length);
    if (sessions.has(tag)) {
      throw new GatewayError('GATEWAY_REQUEST', 'a session cookie was sent twice', { close: true });
    }
    const handle = parseHandle(pair.slice(equals + 1).trim());
    if (handle?.kind === 'session' && tagOf(handle.key) === tag) sessions.set(tag, handle);
  }
  return sessions;
}

/** The Set-Cookie of a new session. @param maxAgeSeconds until the session ends */
export function sessionCookie(session: Handle, maxAgeSeconds: number): string {
  const value = revealHandle(session);
  return `${prefix}${tagOf(session.key)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=Strict`;
}

/** The Set-Cookie that takes a session away. */
export function clearedCookie(tag: string): string {
  return `${prefix}${tag}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict`;
}
