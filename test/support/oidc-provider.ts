/** A little OpenID provider over real TLS, whose answers a test can spoil one by one. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { makeTlsParts } from './tls-parts.ts';

export interface OidcProvider {
  readonly issuer: string;
  readonly ca: string;
  /** Who logs in. */
  person: Record<string, unknown>;
  /** Added to, or put instead of, the claims of the next ID tokens. */
  claims: JWTPayload;
  /** Ends the lifetime of the next ID tokens this many seconds from now. */
  lifeSeconds: number;
  /** How the next ID tokens are signed. */
  signing: 'RS256' | 'none' | 'another key';
  /** The iss parameter of the answer; absent: the issuer. */
  answerIss: string | undefined;
  /** Requests for tokens. */
  readonly tokenCalls: URLSearchParams[];
  /** What a browser gets for the URL that the gateway sent it to. */
  logIn(authorizationUrl: string): URL;
  /** Signs with a new key from now on, and publishes that one alone. */
  replaceKey(): Promise<void>;
  logoutToken(claims: JWTPayload, more?: { readonly typ?: string }): Promise<string>;
}

export const oidcClient = { id: 'gateway', secret: 'a secret of the client' };

export async function oidcProvider(t: TestContext): Promise<OidcProvider> {
  const { server: identity } = await makeTlsParts();
  let keys = await generateKeyPair('RS256');
  const others = await generateKeyPair('RS256');
  let jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' };
  const codes = new Map<string, URLSearchParams>();
  const server = createServer({ cert: identity.cert, key: identity.key }, (request, response) => {
    const answer = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const path = new URL(request.url ?? '', provider.issuer).pathname;
    if (path === '/.well-known/openid-configuration') return answer(200, metadata());
    if (path === '/jwks') return answer(200, { keys: [jwk] });
    if (path === '/authorize') {
      response.writeHead(302, { location: provider.logIn(`${issuer}${request.url ?? ''}`).href });
      response.end();
      return undefined;
    }
    if (path === '/logout') return answer(200, { loggedOut: true });
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      if (path !== '/token') return answer(404, {});
      const form = new URLSearchParams(body);
      provider.tokenCalls.push(form);
      token(form, request.headers.authorization ?? '').then(
        (value) => answer(value === undefined ? 400 : 200, value ?? { error: 'invalid_grant' }),
        () => answer(500, {}),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const metadata = (): object => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/logout`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  });
  const token = async (
    form: URLSearchParams,
    authorization: string,
  ): Promise<object | undefined> => {
    const asked = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const [id, secret] = Buffer.from(authorization.slice(6), 'base64').toString().split(':');
    const verifier = createHash('sha256').update(form.get('code_verifier') ?? '');
    const known = id === oidcClient.id && secret?.replaceAll('+', ' ') === oidcClient.secret;
    if (asked === undefined || !known) return undefined;
    if (verifier.digest('base64url') !== asked.get('code_challenge')) return undefined;
    if (form.get('redirect_uri') !== asked.get('redirect_uri')) return undefined;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      aud: oidcClient.id,
      iat: now,
      exp: now + provider.lifeSeconds,
      nonce: asked.get('nonce'),
      ...provider.person,
      ...provider.claims,
    };
    const given = { access_token: randomUUID(), token_type: 'Bearer' };
    if (asked.get('scope')?.split(' ').includes('openid') !== true) return given;
    return { ...given, id_token: await sign(claims) };
  };
  const sign = async (claims: JWTPayload): Promise<string> => {
    if (provider.signing === 'none') return new UnsecuredJWT(claims).encode();
    const key = provider.signing === 'RS256' ? keys.privateKey : others.privateKey;
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: jwk.kid }).sign(key);
  };
  const provider: OidcProvider = {
    issuer,
    ca: identity.ca ?? '',
    person: { sub: 'alice', groups: ['dev'], sid: 'one' },
    claims: {},
    lifeSeconds: 300,
    signing: 'RS256',
    answerIss: undefined,
    tokenCalls: [],
    logIn: (authorizationUrl) => {
      const asked = new URL(authorizationUrl).searchParams;
      const code = randomUUID();
      codes.set(code, asked);
      const back = new URL(asked.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', asked.get('state') ?? '');
      back.searchParams.set('iss', provider.answerIss ?? issuer);
      return back;
    },
    replaceKey: async () => {
      keys = await generateKeyPair('RS256');
      jwk = { ...jwk, ...(await exportJWK(keys.publicKey)), kid: randomUUID() };
    },
    logoutToken: (claims, { typ = 'logout+jwt' } = {}) =>
      new SignJWT({
        iss: issuer,
        aud: oidcClient.id,
        iat: Math.floor(Date.now() / 1000),
        jti: randomUUID(),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid: jwk.kid, typ })
        .sign(keys.privateKey),
  };
  return provider;
}
