/**
 * The OAuth2 way of kube-gateway: people log in at the OAuth server of the cluster and act with their
 * own token. The token stays in this process; the browser has an opaque name for it.
 * @spec RFC6749 4.1; RFC7636; RFC8414 2
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  Configuration,
  customFetch,
} from 'openid-client';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Secret } from '#base/secret.ts';
import { sendReply } from '#http/index.ts';
import { isRecord } from '#kube/index.ts';
import type { KubeConnection } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';
import { refuseForeignOrigin } from '../http/browser-guard.ts';
import { beginLogin, clearedPreLogin, resumeLogin } from '../login/pre-login.ts';
import { providerFetch } from '../login/provider-fetch.ts';
import { quietHeaders } from '../proxy/response-headers.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';
import { type Target, valuesOf } from '../request/target.ts';
import type { StreamRegistry } from '../stream/stream-registry.ts';
import { OAuthSessions, type PersonEntered } from './oauth-sessions.ts';

export interface OAuthOptions {
  /** Empty, or `tokenUrl` empty: both are read from the API server. */
  readonly authUrl: string;
  readonly tokenUrl: string;
  /** `https://host[:port]` put in front of `/auth/callback`. */
  readonly callbackAddress: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** PEM of the CAs trusted for the OAuth server; absent: those of the system. */
  readonly ca?: string;
}

export interface OAuthLoginDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly streams: StreamRegistry;
  readonly connection: KubeConnection;
}

const discoveryPath = '/.well-known/oauth-authorization-server';
const random = { bytes: (count: number): Uint8Array => randomBytes(count) };

export class OAuthLogin {
  readonly #deps: OAuthLoginDeps;
  readonly #options: OAuthOptions;
  readonly #server: Configuration;
  readonly #authOrigin: string;
  readonly #sessions: OAuthSessions;

  private constructor(deps: OAuthLoginDeps, options: OAuthOptions, server: Configuration) {
    this.#deps = deps;
    this.#options = options;
    this.#server = server;
    this.#authOrigin = new URL(server.serverMetadata().authorization_endpoint ?? '').origin;
    this.#sessions = new OAuthSessions(deps);
  }

  /** @throws GatewayError GATEWAY_CONFIG when the OAuth server cannot be found */
  static async start(deps: OAuthLoginDeps, options: OAuthOptions): Promise<OAuthLogin> {
    const server = await endpointsOf(deps.connection, options);
    const auth = ClientSecretBasic(options.clientSecret.reveal());
    const configuration = new Configuration(server, options.clientId, {}, auth);
    configuration[customFetch] = providerFetch(options.ca);
    return new OAuthLogin(deps, options, configuration);
  }

  /** @returns true when the path was one of these @throws GatewayError */
  async answer(
    target: Target,
    lines: HeaderLines,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    const steps: Readonly<Record<string, () => Promise<void> | void>> = {
      '/auth/login': () => this.#begin(response),
      '/auth/callback': () => this.#finish(target, lines, response),
      '/auth/logout': () => this.#logOut(lines, response),
    };
    const step = Object.hasOwn(steps, target.path) ? steps[target.path] : undefined;
    if (step === undefined) return false;
    if (request.method !== 'GET') throw new GatewayError('GATEWAY_METHOD', 'this is only read');
    await step();
    return true;
  }

  /** @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_REQUEST */
  enter(lines: HeaderLines): PersonEntered {
    return this.#sessions.enter(lineOf(lines, 'cookie'));
  }

  stop(): void {
    this.#sessions.clear();
  }

  async #begin(response: ServerResponse): Promise<void> {
    const { login, setCookie } = beginLogin(random, this.#deps.clock.nowMs());
    const location = buildAuthorizationUrl(this.#server, {
      access_type: 'online',
      prompt: 'consent',
      response_type: 'code',
      scope: 'user:full',
      redirect_uri: `${this.#options.callbackAddress}/auth/callback`,
      state: login.state,
      code_challenge: await calculatePKCECodeChallenge(login.verifier.reveal()),
      code_challenge_method: 'S256',
    });
    redirect(response, location.href, [setCookie]);
  }

  async #finish({ query, search }: Target, lines: HeaderLines, response: ServerResponse) {
    const { clock, log } = this.#deps;
    const login = resumeLogin(lines, valuesOf(query, 'state'), clock.nowMs());
    response.setHeader('set-cookie', clearedPreLogin);
    this.#sessions.refuseRepeat(login.state);
    const url = new URL(`${this.#options.callbackAddress}/auth/callback${search}`);
    const tokens = await authorizationCodeGrant(this.#server, url, {
      expectedState: login.state,
      pkceCodeVerifier: login.verifier.reveal(),
    }).catch((cause: unknown) => {
      log.warn('a login was refused', { reason: messageOf(cause) });
      const message = 'no login: the OAuth server did not confirm it';
      throw new GatewayError('GATEWAY_CREDENTIAL', message, { cause });
    });
    const cookie = this.#sessions.open(tokens.access_token, tokens.expires_in);
    redirect(response, '/', [clearedPreLogin, cookie]);
  }

  #logOut(lines: HeaderLines, response: ServerResponse): void {
    refuseForeignOrigin(lines, { allowedOrigins: new Set() });
    const cleared = this.#sessions.close(lineOf(lines, 'cookie'));
    redirect(response, `${this.#authOrigin}/logout`, [cleared]);
  }
}

function redirect(response: ServerResponse, location: string, cookies: readonly string[]): void {
  sendReply(response, {
    status: 302,
    contentType: 'text/plain',
    body: '',
    headers: {
      ...quietHeaders,
      location,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'set-cookie': [...cookies],
    },
  });
}

async function endpointsOf(
  connection: KubeConnection,
  { authUrl, tokenUrl }: OAuthOptions,
): Promise<ConstructorParameters<typeof Configuration>[0]> {
  const issuer = connection.server;
  if (authUrl !== '' && tokenUrl !== '') {
    return { issuer, authorization_endpoint: authUrl, token_endpoint: tokenUrl };
  }
  const { ca, rejectUnauthorized } = (await connection.credentials()).tls;
  const fetch = providerFetch(typeof ca === 'string' ? ca : undefined, rejectUnauthorized);
  try {
    const answer = await fetch(issuer + discoveryPath, { method: 'GET', headers: {} });
    const found: unknown = await answer.json();
    const [auth, token] = isRecord(found)
      ? [found['authorization_endpoint'], found['token_endpoint']]
      : [];
    if (isHttps(auth) && isHttps(token)) {
      const named = isRecord(found) ? found['issuer'] : undefined;
      return {
        issuer: typeof named === 'string' ? named : issuer,
        authorization_endpoint: auth,
        token_endpoint: token,
      };
    }
  } catch (cause) {
    throw notFound(issuer, cause);
  }
  throw notFound(issuer);
}

function isHttps(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('https://') && URL.canParse(value);
}

function notFound(server: string, cause?: unknown): GatewayError {
  const message = `${server}${discoveryPath} names no OAuth server: set -oauth-server-auth-url and -oauth-server-token-url`;
  return new GatewayError('GATEWAY_CONFIG', message, { cause });
}
