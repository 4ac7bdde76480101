/** The OAuth2 way of kube-gateway: a person's own token goes upstream and never to the browser. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '#base/secret.ts';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { startCompatGateway } from '#gateway/index.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { type OidcProvider, oidcClient, oidcProvider } from '../support/oidc-provider.ts';
import {
  answerText,
  type RecorderUpstream,
  recorderUpstream,
} from '../support/recorder-upstream.ts';
import { systemClock } from '../support/system.ts';
import { makeTlsParts } from '../support/tls-parts.ts';

const pods = '/k8s/api/v1/namespaces/x/pods';

interface Bench {
  readonly upstream: RecorderUpstream;
  readonly provider: OidcProvider;
  readonly origin: string;
  get(path: string, headers?: Record<string, string>): Promise<HttpResponse>;
  finish(back: URL, cookie: string): Promise<HttpResponse>;
}

async function bench(t: TestContext): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-oauth-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const provider = await oidcProvider(t);
  const upstream = await recorderUpstream(t);
  const { server: identity } = await makeTlsParts();
  const found = {
    issuer: provider.issuer,
    authorization_endpoint: `${provider.issuer}/authorize`,
    token_endpoint: `${provider.issuer}/token`,
  };
  upstream.answer = answerText('200 OK', JSON.stringify(found));
  const item = { namespace: 'kube-gateway', name: 'kube-gateway-jwt', item: 'tls.crt' };
  const gateway = await startCompatGateway(
    { clock: systemClock, log: silentLogger, metrics: noMetrics },
    {
      host: '127.0.0.1',
      port: 0,
      tls: { cert: identity.cert ?? '', key: identity.key ?? '' },
      hosts: [],
      connection: {
        server: upstream.url.origin,
        namespace: 'default',
        credentials: async () => ({
          tls: { ca: upstream.ca },
          headers: { Authorization: 'Bearer account-of-the-gateway' },
        }),
      },
      keys: {
        verification: item,
        signing: item,
        verificationFile: join(folder, 'tls.crt'),
        signingFile: join(folder, 'tls.key'),
      },
      mints: true,
      apiPath: '/k8s/',
      basePath: '/',
      clientPath: '/noVNC/vnc_lite.html',
      audit: { failClosed: false },
      oauth: {
        authUrl: '',
        tokenUrl: '',
        callbackAddress: 'https://localhost:8080',
        clientId: oidcClient.id,
        clientSecret: new Secret(oidcClient.secret),
        ca: provider.ca,
      },
    },
  );
  t.after(() => gateway.stop({ graceMs: 0 }));
  upstream.answer = answerText('200 OK', '{}');
  upstream.received.length = 0;
  const get: Bench['get'] = (path, headers = {}) =>
    httpsRequest({ url: gateway.origin + path, ca: identity.ca ?? '', headers });
  const finish: Bench['finish'] = (back, cookie) => get(back.pathname + back.search, { cookie });
  return { upstream, provider, origin: gateway.origin, get, finish };
}

function cookiesIn({ headers }: HttpResponse): readonly string[] {
  const set = (headers['set-cookie'] ?? []).filter((line) => !line.includes('Max-Age=0'));
  return set.map((line) => line.split(';')[0] ?? '');
}

async function begin(world: Bench): Promise<{ cookie: string; back: URL }> {
  const begun = await world.get('/auth/login');
  assert.equal(begun.status, 302, begun.body.toString());
  const asked = new URL(begun.headers.location ?? '').searchParams;
  assert.equal(asked.get('access_type'), 'online');
  assert.equal(asked.get('prompt'), 'consent');
  assert.equal(asked.get('scope'), 'user:full');
  assert.equal(asked.get('code_challenge_method'), 'S256');
  assert.equal(asked.get('redirect_uri'), 'https://localhost:8080/auth/callback');
  return {
    cookie: cookiesIn(begun)[0] ?? '',
    back: world.provider.logIn(begun.headers.location ?? ''),
  };
}

test('OAuth2: the own token of the person goes upstream, the browser has a name for it', async (t) => {
  const world = await bench(t);
  assert.equal((await world.get(pods)).status, 401);
  const { cookie: began, back } = await begin(world);
  const done = await world.finish(back, began);
  assert.equal(done.status, 302, done.body.toString());
  assert.equal(done.headers.location, '/');
  const [cookie = ''] = cookiesIn(done);
  assert.match(cookie, /^kg-bearer-session-code=[A-Za-z0-9_-]{43}$/);
  assert.equal((await world.get(pods, { cookie })).status, 200);
  const seen = world.upstream.received.join('');
  const [, bearer = ''] = /^Authorization: Bearer (\S+)\r$/m.exec(seen) ?? [];
  assert.match(bearer, /^[-0-9a-f]{36}$/);
  assert.ok(!seen.includes('account-of-the-gateway') && !cookie.includes(bearer));
  const secret = '/k8s/api/v1/namespaces/kube-gateway/secrets/kube-gateway-jwt';
  assert.equal((await world.get(secret, { cookie })).status, 403);
  assert.equal((await world.get(pods, { cookie: `${cookie}; ${cookie}` })).status, 400);
  const out = await world.get('/auth/logout', { cookie });
  assert.equal(out.status, 302);
  assert.equal(out.headers.location, `${world.provider.issuer}/logout`);
  assert.equal((await world.get(pods, { cookie })).status, 401);
});

test('OAuth2: absent, foreign and replayed states and other codes open no session', async (t) => {
  const world = await bench(t);
  const spoiled: Record<string, (back: URL, cookie: string) => Promise<string>> = {
    'absent state': async (back, cookie) => {
      back.searchParams.delete('state');
      return cookie;
    },
    'foreign state': async () => (await begin(world)).cookie,
    'no cookie': async () => 'a=b',
    'another code': async (back, cookie) => {
      back.searchParams.set('code', (await begin(world)).back.searchParams.get('code') ?? '');
      return cookie;
    },
  };
  for (const [what, spoil] of Object.entries(spoiled)) {
    const { cookie, back } = await begin(world);
    const refused = await world.finish(back, await spoil(back, cookie));
    assert.equal(refused.status, 401, what);
    assert.deepEqual(cookiesIn(refused), [], what);
  }
  const { cookie, back } = await begin(world);
  assert.equal((await world.finish(back, cookie)).status, 302);
  assert.equal((await world.finish(back, cookie)).status, 401, 'the same answer twice');
  assert.equal(world.upstream.received.join(''), '');
});

test('with OAuth the login page has a button for it and asks for no token', async (t) => {
  const world = await bench(t);
  const page = await world.get('/login');
  const text = page.body.toString();
  assert.equal(page.status, 200);
  assert.doesNotMatch(text, /<form|<textarea|<script/);
  const [, door = ''] =
    /<a class="button primary" href="([^"]+)">Log in with OpenShift</.exec(text) ?? [];
  const gone = await world.get(door);
  assert.equal(gone.status, 302);
  assert.match(String(gone.headers.location), /\/authorize\?.*response_type=code/);
  assert.match(text, /href="\/auth\/logout"/);
});
