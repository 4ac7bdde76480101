/**
 * The OpenID provider: asked for what it can do when first needed, then for tokens. Its tokens stay
 * in here and are forgotten once read.
 * @spec OpenID Connect Core 3.1, Discovery 4, RP-Initiated Logout 2; RFC9207 2.4
 */
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { GatewayError } from '../errors.ts';
import type { LoginOptions } from './login-options.ts';
import { type Person, personIn } from './person.ts';
import type { PreLogin } from './pre-login.ts';
import { type ProviderFetch, providerFetch } from './provider-fetch.ts';

export const callbackPath = '/login/callback';
const timeoutSeconds = 10;

/** What back-channel logout needs to know of the provider. */
export interface ProviderFacts {
  readonly issuer: string;
  readonly keysUrl: string;
  readonly algorithms: readonly string[];
  readonly fetch: ProviderFetch;
}

export class Provider {
  readonly #log: Logger;
  readonly #options: LoginOptions;
  readonly #fetch: ProviderFetch;
  #found: Promise<Configuration> | undefined;

  constructor(log: Logger, options: LoginOptions) {
    this.#log = log;
    this.#options = options;
    this.#fetch = providerFetch(options.ca);
  }

  /** Where the browser goes to log in. @throws GatewayError GATEWAY_UPSTREAM */
  async authorizationUrl({ state, nonce, verifier }: PreLogin): Promise<URL> {
    return buildAuthorizationUrl(await this.#configuration(), {
      response_type: 'code',
      redirect_uri: this.#options.publicUrl + callbackPath,
      scope: ['openid', ...this.#options.scopes].join(' '),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier.reveal()),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Who logged in, when the provider's answer and ID token are in order.
   * @param search the query of the callback as it came
   * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_DENIED, GATEWAY_UPSTREAM
   */
  async personOf(search: string, { state, nonce, verifier }: PreLogin): Promise<Person> {
    const configuration = await this.#configuration();
    const url = new URL(this.#options.publicUrl + callbackPath + search);
    try {
      const tokens = await authorizationCodeGrant(configuration, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier.reveal(),
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims !== undefined) return personIn(claims, this.#options.groupsClaim);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      this.#log.warn('a login was refused', { reason: reasonOf(cause) });
      throw refused(cause);
    }
    throw refused(undefined);
  }

  /** Where the browser goes to log out there too; undefined when the provider has no such page. */
  async logoutUrl(): Promise<URL | undefined> {
    const { end_session_endpoint: page } = (await this.#configuration()).serverMetadata();
    if (page === undefined || !URL.canParse(page)) return undefined;
    const url = new URL(page);
    if (url.protocol !== 'https:') return undefined;
    url.searchParams.set('client_id', this.#options.clientId);
    url.searchParams.set('post_logout_redirect_uri', `${this.#options.publicUrl}/`);
    return url;
  }

  /** @throws GatewayError GATEWAY_UPSTREAM */
  async facts(): Promise<ProviderFacts> {
    const server = (await this.#configuration()).serverMetadata();
    const algorithms = server.id_token_signing_alg_values_supported ?? ['RS256'];
    return {
      issuer: server.issuer,
      keysUrl: server.jwks_uri ?? '',
      algorithms: algorithms.filter((name) => /^(?:RS|PS|ES)\d{3}$|^Ed/.test(name)),
      fetch: this.#fetch,
    };
  }

  /** Found once; a failure is tried again by whoever comes next. */
  async #configuration(): Promise<Configuration> {
    this.#found ??= this.#discover();
    try {
      return await this.#found;
    } catch (cause) {
      this.#found = undefined;
      const { issuer } = this.#options;
      this.#log.warn('the login provider cannot be used', { issuer, reason: reasonOf(cause) });
      throw new GatewayError(
        'GATEWAY_UPSTREAM',
        'the login provider does not answer as it should',
        {
          cause,
          retry: { afterMs: 5000 },
        },
      );
    }
  }

  #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#options;
    return discovery(new URL(issuer), clientId, {}, clientAuth(clientSecret.reveal()), {
      [customFetch]: this.#fetch,
      timeout: timeoutSeconds,
      // Signatures are checked even on what came straight from the provider.
      execute: [enableNonRepudiationChecks],
    });
  }
}

/** HTTP Basic unless the provider says that it takes the secret in the body only. */
function clientAuth(secret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, ...rest) => {
    const known = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const asPost = !known.includes('client_secret_basic') && known.includes('client_secret_post');
    return (asPost ? post : basic)(server, ...rest);
  };
}

/** The library puts what went wrong below words of its own. */
function reasonOf(thrown: unknown): string {
  const below = thrown instanceof Error ? thrown.cause : undefined;
  const own = messageOf(thrown);
  return below instanceof Error ? `${own}: ${reasonOf(below)}` : own;
}

function refused(cause: unknown): GatewayError {
  return new GatewayError('GATEWAY_CREDENTIAL', 'no login: the provider did not confirm it', {
    cause,
    facts: { guess: true },
  });
}
