/**
 * Logout tokens: the provider says, without any browser, that somebody has logged out there.
 * @spec OpenID Connect Back-Channel Logout 1.0 2.4 2.6
 */
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose';
import { isRecord } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import type { ProviderFacts } from './provider.ts';

/** Whose logins end; at least one of both is there. */
export interface LoggedOut {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly session: string | undefined;
}

const event = 'http://schemas.openid.net/event/backchannel-logout';
const ageSecondsMax = 300;
const seenMax = 10_000;

export class LogoutTokens {
  readonly #clientId: string;
  /** Tokens taken already; those forgotten are too old by then, and ending twice does no harm. */
  readonly #seen = new Set<string>();
  #keys: { readonly url: string; readonly get: ReturnType<typeof createRemoteJWKSet> } | undefined;

  constructor(clientId: string) {
    this.#clientId = clientId;
  }

  /** @throws GatewayError GATEWAY_REQUEST for anything that is not a good one */
  async read(token: string, provider: ProviderFacts, nowMs: number): Promise<LoggedOut> {
    const claims = await this.#verify(token, provider, nowMs);
    const { sub, sid, jti = '', events } = claims;
    if (!isRecord(events) || !isRecord(events[event])) throw refused('it is not about a logout');
    if (claims['nonce'] !== undefined) throw refused('it has a nonce, as ID tokens have');
    const session = typeof sid === 'string' && sid !== '' ? sid : undefined;
    const subject = typeof sub === 'string' && sub !== '' ? sub : undefined;
    if (session === undefined && subject === undefined) throw refused('it names nobody');
    if (jti === '' || this.#seen.has(jti)) throw refused('it has come before');
    this.#seen.add(jti);
    if (this.#seen.size > seenMax) this.#seen.delete(this.#seen.values().next().value ?? '');
    return { issuer: provider.issuer, subject, session };
  }

  async #verify(token: string, provider: ProviderFacts, nowMs: number): Promise<JWTPayload> {
    const { issuer, algorithms, keysUrl, fetch } = provider;
    if (this.#keys?.url !== keysUrl) {
      const get = createRemoteJWKSet(new URL(keysUrl), { [customFetch]: fetch });
      this.#keys = { url: keysUrl, get };
    }
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keys.get, {
        issuer,
        audience: this.#clientId,
        algorithms: [...algorithms],
        requiredClaims: ['iat', 'jti', 'events'],
        maxTokenAge: ageSecondsMax,
        currentDate: new Date(nowMs),
      });
      const { typ } = protectedHeader;
      if (typ === undefined || /^(?:application\/)?(?:logout\+jwt|jwt)$/i.test(typ)) return payload;
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw refused('it is not one of the provider', cause);
      throw cause;
    }
    throw refused('it is of another type');
  }
}

function refused(why: string, cause?: unknown): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', `the logout token cannot be used: ${why}`, {
    cause,
    facts: { guess: true },
  });
}
