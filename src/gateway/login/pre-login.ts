/**
 * What binds the answer of the provider to the browser that asked: a cookie of a few minutes with
 * one random secret. State, nonce and verifier all come out of it, so that any replica can check
 * them and nothing is kept for whoever only begins.
 * @spec RFC7636 4.1 4.2; RFC6265bis 4.1.3.2 (__Host- prefix); OpenID Connect Core 3.1.2.1
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '#base/random.ts';
import { Secret } from '#base/secret.ts';
import { GatewayError } from '../errors.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';

const cookie = '__Host-login';
/** For the person to log in at the provider; milliseconds. */
const lifeMs = 10 * 60_000;
const secretBytes = 32;
const viewCharsMax = 512;
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export interface PreLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: Secret;
  /** The view of the console that was wanted; empty for the first one. */
  readonly view: string;
  /** When it began; milliseconds since 1970. */
  readonly beganMs: number;
}

/** True for what can stand behind the session's name in an address of the console. */
export function isView(text: string): boolean {
  return (
    /^(?:[A-Za-z0-9._~%-]+(?:\/[A-Za-z0-9._~%-]*)*)?$/.test(text) && text.length <= viewCharsMax
  );
}

/**
 * A new one, and the Set-Cookie that carries it.
 * @param view as `isView` wants it
 */
export function beginLogin(
  random: Random,
  nowMs: number,
  view = '',
): { readonly login: PreLogin; readonly setCookie: string } {
  const secret = Buffer.from(random.bytes(secretBytes)).toString('base64url');
  return {
    login: derived(secret, nowMs, view),
    setCookie: `${cookie}=${nowMs}.${secret}.${view}; Max-Age=${lifeMs / 1000}; ${attributes}`,
  };
}

/** The Set-Cookie that takes it away. */
export const clearedPreLogin = `${cookie}=; Max-Age=0; ${attributes}`;

/**
 * The login that a browser began, when the state that comes back is that of its cookie.
 * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_REQUEST
 */
export function resumeLogin(
  lines: HeaderLines,
  states: readonly string[],
  nowMs: number,
): PreLogin {
  const found = (lineOf(lines, 'cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookie}=`));
  if (found.length > 1) {
    throw new GatewayError('GATEWAY_REQUEST', 'the login cookie was sent twice', { close: true });
  }
  const match = /^(\d{1,15})\.([A-Za-z0-9_-]{43})\.(.*)$/.exec(
    found[0]?.slice(cookie.length + 1) ?? '',
  );
  const [, began = '', secret = '', view = ''] = match ?? [];
  const age = nowMs - Number(began);
  if (match === null || age < 0 || age > lifeMs || !isView(view)) {
    throw refused('this browser did not begin a login here, or it took too long');
  }
  const login = derived(secret, Number(began), view);
  const [state] = states;
  if (states.length !== 1 || !isSame(state ?? '', login.state)) {
    throw refused('the answer is not for the login that this browser began');
  }
  return login;
}

function derived(secret: string, beganMs: number, view: string): PreLogin {
  const part = (what: string): string =>
    createHmac('sha256', secret).update(`${what}\n${beganMs}`).digest('base64url');
  return {
    state: part('state'),
    nonce: part('nonce'),
    verifier: new Secret(part('verifier')),
    beganMs,
    view,
  };
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_CREDENTIAL', `no login: ${why}`);
}
