/** Logging in by OpenID Connect: what opens a session, what does not, and what ends it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as tlsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gatewayToken } from '#apis/index.ts';
import { type Logger, silentLogger } from '#base/log.ts';
import { Secret } from '#base/secret.ts';
import { type GatewayOptions, type LoginOptions, parseLoginRules } from '#gateway/index.ts';
import { beginLogin } from '#gateway/login/pre-login.ts';
import { Provider } from '#gateway/login/provider.ts';
import type { HttpResponse } from '#http/index.ts';
import { grantTo, tokenFor } from '../support/api-identities.ts';
import { test } from '../support/gateway-target.ts';
import { type GatewaySetup, type GatewayWorld, gatewayWorld } from '../support/gateway-world.ts';
import { type OidcProvider, oidcClient, oidcProvider } from '../support/oidc-provider.ts';
import { systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

const maps = '/k8s/api/v1/namespaces/default/configmaps';
const rules = `
- groups: [dev]
  rules:
    - apiGroups: [""]
      resources: [configmaps]
      verbs: [get, list, watch]
  sessionMax: 1h
- users: [root]
  rules: [{ verbs: ["*"] }]
`;

interface World extends GatewayWorld {
  readonly provider: OidcProvider;
  /** Begins a login. @returns the pre-login cookie and where the provider would send the browser */
  begin(): Promise<{ readonly cookie: string; readonly back: URL }>;
  finish(back: URL, cookie?: string): Promise<HttpResponse>;
  logIn(): Promise<string>;
}

async function loginWorld(
  t: TestContext,
  setup: GatewaySetup = {},
  options: Partial<LoginOptions> = {},
): Promise<World> {
  const provider = await oidcProvider(t);
  const login: GatewayOptions['login'] = {
    issuer: provider.issuer,
    ca: provider.ca,
    clientId: oidcClient.id,
    clientSecret: new Secret(oidcClient.secret),
    scopes: ['profile'],
    groupsClaim: 'groups',
    prefix: 'oidc:',
    publicUrl: 'https://access.example.com',
    namespace: 'default',
    rules: parseLoginRules(rules),
    ...options,
  };
  const world = await gatewayWorld(t, { ...setup, options: { ...setup.options, login } });
  const begin: World['begin'] = async () => {
    const begun = await world.call('/login');
    assert.equal(begun.status, 303, begun.body.toString());
    return { cookie: cookieIn(begun), back: provider.logIn(begun.headers.location ?? '') };
  };
  const finish: World['finish'] = (back, cookie) =>
    world.call(back.pathname + back.search, cookie === undefined ? {} : { headers: { cookie } });
  const logIn = async (): Promise<string> => {
    const { cookie, back } = await begin();
    const done = await finish(back, cookie);
    assert.equal(done.status, 303, done.body.toString());
    assert.match(done.headers.location ?? '', /^\/#[0-9a-f]{12}$/);
    return cookieIn(done);
  };
  return { ...world, provider, begin, finish, logIn };
}

/** The cookie that an answer leaves set. */
function cookieIn({ headers }: HttpResponse): string {
  const set = (headers['set-cookie'] ?? []).filter((line) => !line.includes('Max-Age=0'));
  assert.equal(set.length, 1, 'one cookie is set');
  return set[0]?.split(';')[0] ?? '';
}

async function refuseLogin(world: World, done: HttpResponse, what: string): Promise<void> {
  assert.ok(done.status >= 400 && done.status < 500, `${what}: ${done.status}`);
  assert.match(done.headers['content-type'] ?? '', /text\/html/, what);
  const set = (done.headers['set-cookie'] ?? []).filter((line) => !line.includes('Max-Age=0'));
  assert.deepEqual(set, [], `${what}: a cookie was set`);
  const { items } = await world.client.list(gatewayToken);
  assert.deepEqual(items, [], `${what}: a session was made`);
}

test('gateway acceptance 9: the API server sees the person and each group in a line of its own', async (t) => {
  const world = await loginWorld(t, { recorded: true, options: { identity: 'impersonate' } });
  world.provider.person = { sub: 'alice', groups: ['dev', 'ops, system:masters', 'night\u00fc'] };
  const cookie = await world.logIn();
  const answer = await world.call(maps, { headers: { cookie } });
  assert.equal(answer.status, 200, answer.body.toString());
  const seen = world.recorder?.received.join('') ?? '';
  assert.match(seen, /^GET \/api\/v1\/namespaces\/default\/configmaps HTTP/m);
  const lines = seen
    .split('\r\n')
    .filter((line) => /^(impersonate-(user|group)|audit-id):/i.test(line));
  assert.deepEqual(
    lines.map((line) => line.replace(/^(audit-id: )[-0-9a-f]{36}$/i, '$1ID')).sort(),
    [
      'Audit-ID: ID',
      'Impersonate-Group: oidc:dev',
      'Impersonate-Group: oidc:ops, system:masters',
      'Impersonate-User: oidc:alice',
    ],
  );
  assert.ok(!seen.includes('dbs.'), 'the session went upstream');
});

test('names of the cluster are nobody: without prefix such groups are left out, such users refused', async (t) => {
  const setup = { recorded: true, options: { identity: 'impersonate' } } as const;
  const world = await loginWorld(t, setup, { prefix: '' });
  world.provider.person = { sub: 'system:admin', groups: ['dev'] };
  const { cookie, back } = await world.begin();
  await refuseLogin(world, await world.finish(back, cookie), 'system:admin');
  world.provider.person = { sub: 'alice', groups: ['dev', 'system:masters'] };
  await world.call(maps, { headers: { cookie: await world.logIn() } });
  const seen = world.recorder?.received.join('') ?? '';
  assert.match(seen, /^Impersonate-User: alice\r$/m);
  assert.ok(!seen.includes('system:masters'));
});

test('a gateway that may act as few refuses others at login, and leaves out their groups', async (t) => {
  const impersonates = {
    users: new Set(['gw:link', 'oidc:alice']),
    groups: new Set(['gw:links', 'oidc:dev']),
  };
  const options = { identity: 'impersonate', impersonates } as const;
  const world = await loginWorld(t, { recorded: true, options });
  world.provider.person = { sub: 'bob', groups: ['dev'] };
  const { cookie, back } = await world.begin();
  const refused = await world.finish(back, cookie);
  await refuseLogin(world, refused, 'bob');
  assert.match(refused.body.toString(), /may not act as user .*oidc:bob.*--impersonate-user/);
  world.provider.person = { sub: 'alice', groups: ['dev', 'ops'] };
  await world.call(maps, { headers: { cookie: await world.logIn() } });
  const token = await world.grant('g', { rules: [{ verbs: ['list'], resources: ['configmaps'] }] });
  assert.equal((await world.call(maps, { token })).status, 200);
  const lines = (world.recorder?.received.join('') ?? '').match(/^Impersonate-(User|Group): .*$/gm);
  assert.deepEqual(lines, [
    'Impersonate-User: oidc:alice',
    'Impersonate-Group: oidc:dev',
    'Impersonate-User: gw:link',
    'Impersonate-Group: gw:links',
  ]);
});

test('a login from before the gateway was limited is refused by the gateway itself', async (t) => {
  const impersonates = { users: new Set(['gw:link']) };
  const options = { identity: 'impersonate', impersonates } as const;
  const world = await loginWorld(t, { recorded: true, options });
  const token = await world.grant('g', { rules: [{ verbs: ['list'], resources: ['configmaps'] }] });
  const login = { user: 'oidc:carol', groups: [], issuer: 'x', subject: 'carol' };
  const key = { namespace: 'default', name: 'g' };
  await world.client.patch(gatewayToken, key, { status: { login } }, { subresource: 'status' });
  const answer = await world.call(maps, { token });
  assert.equal(answer.status, 403);
  assert.match(answer.body.toString(), /this gateway may not act as user \\"oidc:carol\\"/);
  assert.deepEqual(world.recorder?.received ?? [], []);
});

test('who logged in is believed only of grants in the namespace of the gateway', async (t) => {
  const setup = { recorded: true, options: { identity: 'impersonate' } } as const;
  const world = await loginWorld(t, setup, { namespace: 'drawbridge-system' });
  const token = await world.grant('g', {
    rules: [{ verbs: ['list'], resources: ['configmaps'] }],
  });
  const login = { user: 'oidc:root', groups: ['oidc:admins'], issuer: 'x', subject: 'root' };
  const key = { namespace: 'default', name: 'g' };
  const patched = { status: { login } };
  await world.client.patch(gatewayToken, key, patched, { subresource: 'status' });
  assert.equal((await world.call(maps, { token })).status, 200);
  const seen = world.recorder?.received.join('') ?? '';
  assert.match(seen, /^Impersonate-User: gw:link:default:g\r$/m);
  assert.ok(!seen.includes('oidc:'), 'a forged login was believed');
});

test('a login opens what its groups may and no more; without an entry nobody comes in', async (t) => {
  const world = await loginWorld(t);
  const cookie = await world.logIn();
  assert.equal((await world.call(maps, { headers: { cookie } })).status, 200);
  const secrets = await world.call('/k8s/api/v1/namespaces/default/secrets', {
    headers: { cookie },
  });
  assert.equal(secrets.status, 403);
  const [made] = (await world.client.list(gatewayToken)).items;
  assert.equal(made?.spec.expirationWindow, '1h');
  assert.deepEqual(made?.status?.login, {
    user: 'oidc:alice',
    groups: ['oidc:dev'],
    issuer: world.provider.issuer,
    subject: 'alice',
    session: 'one',
  });
  world.provider.person = { sub: 'mallory', groups: ['sales'] };
  const { cookie: began, back } = await world.begin();
  const refused = await world.finish(back, began);
  assert.equal(refused.status, 403);
  assert.match(refused.body.toString(), /nothing is opened to you/);
});

test('gateway acceptance 57: a callback that is not the answer to this login opens no session', async (t) => {
  const world = await loginWorld(t);
  const { provider } = world;
  const spoiled: Record<string, (back: URL, cookie: string) => Promise<HttpResponse>> = {
    'absent state': (back, cookie) => {
      back.searchParams.delete('state');
      return world.finish(back, cookie);
    },
    'state twice': (back, cookie) => {
      back.searchParams.append('state', back.searchParams.get('state') ?? '');
      return world.finish(back, cookie);
    },
    'state of another browser': async (back) => world.finish(back, (await world.begin()).cookie),
    'no cookie': (back) => world.finish(back),
    'two cookies': (back, cookie) => world.finish(back, `${cookie}; ${cookie}`),
    'an old cookie': (back) => {
      const old = beginLogin(systemRandom, Date.now() - 11 * 60_000);
      back.searchParams.set('state', old.login.state);
      return world.finish(back, old.setCookie.split(';')[0]);
    },
    'code of another login': async (back, cookie) => {
      const { back: other } = await world.begin();
      back.searchParams.set('code', other.searchParams.get('code') ?? '');
      return world.finish(back, cookie);
    },
    'an error of the provider': (back, cookie) => {
      back.searchParams.delete('code');
      back.searchParams.set('error', 'access_denied');
      return world.finish(back, cookie);
    },
    'wrong iss': (back, cookie) => {
      back.searchParams.set('iss', 'https://evil.example.com');
      return world.finish(back, cookie);
    },
    'no iss': (back, cookie) => {
      back.searchParams.delete('iss');
      return world.finish(back, cookie);
    },
  };
  for (const [what, spoil] of Object.entries(spoiled)) {
    const { cookie, back } = await world.begin();
    await refuseLogin(world, await spoil(back, cookie), what);
  }
  const tokens: Record<string, Partial<OidcProvider>> = {
    'wrong nonce': { claims: { nonce: 'another' } },
    'no nonce': { claims: { nonce: undefined } },
    'issuer of the token': { claims: { iss: 'https://evil.example.com' } },
    'audience of the token': { claims: { aud: 'another client' } },
    'alg none': { signing: 'none' },
    'another key': { signing: 'another key' },
    expired: { lifeSeconds: -60 },
  };
  for (const [what, change] of Object.entries(tokens)) {
    Object.assign(provider, { claims: {}, signing: 'RS256', lifeSeconds: 300 }, change);
    const { cookie, back } = await world.begin();
    await refuseLogin(world, await world.finish(back, cookie), what);
  }
});

test('a provider that has replaced its key is asked for the new one, once a minute at most', async (t) => {
  const world = await loginWorld(t);
  await world.logIn();
  await world.provider.replaceKey();
  const { cookie, back } = await world.begin();
  assert.equal((await world.finish(back, cookie)).status, 401);
  const later = Date.now() + 61_000;
  t.mock.method(Date, 'now', () => later);
  await world.logIn();
});

test('a provider that is away is named in the log with the reason, and asked again', async () => {
  const told: unknown[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (message, facts) => void told.push([message, facts]),
    child: () => log,
  };
  const [issuer, publicUrl] = ['https://127.0.0.1:1', 'https://access.example.com'];
  const provider = new Provider(log, {
    issuer,
    clientId: 'gateway',
    clientSecret: new Secret('s'),
    scopes: [],
    groupsClaim: 'groups',
    prefix: '',
    publicUrl,
    namespace: 'default',
    rules: [],
  });
  await assert.rejects(provider.facts(), { code: 'GATEWAY_UPSTREAM' });
  await assert.rejects(provider.facts(), { code: 'GATEWAY_UPSTREAM' });
  assert.equal(told.length, 2);
  assert.match(JSON.stringify(told[0]), /cannot be used.*127\.0\.0\.1:1.*ECONNREFUSED/);
});

test('gateway acceptance 57: the same answer twice opens one session', async (t) => {
  const world = await loginWorld(t);
  const { cookie, back } = await world.begin();
  assert.equal((await world.finish(back, cookie)).status, 303);
  const again = await world.finish(back, cookie);
  assert.equal(again.status, 401);
  const { items } = await world.client.list(gatewayToken);
  assert.equal(items.length, 1);
});

test('gateway acceptance 50: no record of a login holds its code, state or cookies', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-login-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit.jsonl');
  const world = await loginWorld(t, { options: { audit: { file, failClosed: true } } });
  const { cookie, back } = await world.begin();
  const done = await world.finish(back, cookie);
  assert.equal(done.status, 303);
  assert.equal((await world.finish(back, cookie)).status, 401);
  const records = await until(() => {
    const text = readFileSync(file, 'utf8');
    return text.includes('"status":401') && text;
  }, 'the refusal is recorded');
  assert.match(records, /"kind":"redeem"/);
  assert.match(records, /"target":"\/login\/callback"/);
  const secrets = [back.searchParams.get('code'), back.searchParams.get('state'), cookie];
  for (const secret of [...secrets, cookieIn(done)]) {
    const value = secret?.split('=').at(-1) ?? '';
    assert.ok(value.length > 20 && !records.includes(value), 'a secret is in the records');
  }
});

test('gateway acceptance 57: a state is used once, also with a new code of the provider', async (t) => {
  const world = await loginWorld(t);
  const begun = await world.call('/login');
  const [cookie, url] = [cookieIn(begun), begun.headers.location ?? ''];
  const [one, two] = [world.provider.logIn(url), world.provider.logIn(url)];
  const both = await Promise.all([world.finish(one, cookie), world.finish(two, cookie)]);
  assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([303, 401]));
  assert.equal((await world.client.list(gatewayToken)).items.length, 1);
});

test('gateway acceptance 57: after logout the old cookie is dead on the server', async (t) => {
  const world = await loginWorld(t);
  const cookie = await world.logIn();
  const out = (origin: string): Promise<HttpResponse> =>
    world.call('/login/logout', { method: 'POST', headers: { cookie, origin } });
  assert.equal((await out('https://evil.example.com')).status, 403);
  assert.equal((await world.call(maps, { headers: { cookie } })).status, 200);
  const done = await out(world.gateway.origin);
  assert.equal(done.status, 303, done.body.toString());
  const location = new URL(done.headers.location ?? '');
  assert.equal(location.origin + location.pathname, `${world.provider.issuer}/logout`);
  assert.equal(location.searchParams.get('client_id'), oidcClient.id);
  assert.match(String(done.headers['set-cookie']), /Max-Age=0/);
  await until(
    async () => (await world.call(maps, { headers: { cookie } })).status === 401,
    'the old cookie is dead',
  );
});

test('gateway acceptance 58: a session planted before login is not the one that login opens', async (t) => {
  const world = await loginWorld(t);
  const planted = await world.logIn();
  world.provider.person = { sub: 'bob', groups: ['dev'] };
  const { cookie, back } = await world.begin();
  const done = await world.finish(back, `${planted}; ${cookie}`);
  assert.equal(done.status, 303);
  assert.notEqual(cookieIn(done), planted);
  const twice = `${cookieIn(done)}; ${cookieIn(done)}`;
  assert.equal((await world.call(maps, { headers: { cookie: twice } })).status, 400);
});

test('back-channel logout ends the sessions of its person with an open watch, on any replica', async (t) => {
  const world = await loginWorld(t, { replicas: 2 });
  const cookie = await world.logIn();
  const watch = openWatch(world, cookie);
  await until(() => watch.begun, 'the watch is open');
  world.provider.person = { sub: 'bob', groups: ['dev'], sid: 'two' };
  const bob = await world.logIn();
  const send = (token: string, type = 'application/x-www-form-urlencoded'): Promise<HttpResponse> =>
    world.call('/login/backchannel', {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }).toString(),
      headers: { 'content-type': type },
      at: world.gateways[1]!,
    });
  const { provider } = world;
  const bad: Record<string, string> = {
    'not a token': 'x',
    'another audience': await provider.logoutToken({ sub: 'alice', aud: 'another' }),
    'another issuer': await provider.logoutToken({ sub: 'alice', iss: 'https://evil.example.com' }),
    'too old': await provider.logoutToken({ sub: 'alice', iat: 1 }),
    'a nonce': await provider.logoutToken({ sub: 'alice', nonce: 'n' }),
    'no event': await provider.logoutToken({ sub: 'alice', events: {} }),
    nobody: await provider.logoutToken({}),
    'another type': await provider.logoutToken({ sub: 'alice' }, { typ: 'at+jwt' }),
  };
  for (const [what, token] of Object.entries(bad)) {
    assert.equal((await send(token)).status, 400, what);
  }
  assert.equal(
    (await send(await provider.logoutToken({ sub: 'alice' }), 'text/plain')).status,
    400,
  );
  assert.equal((await world.call(maps, { headers: { cookie } })).status, 200);
  assert.equal(watch.ended, false);
  const good = await provider.logoutToken({ sub: 'alice', sid: 'one' });
  const done = await send(good);
  assert.equal(done.status, 200, done.body.toString());
  await until(() => watch.ended, 'the watch has ended');
  await until(
    async () => (await world.call(maps, { headers: { cookie } })).status === 401,
    'the old cookie is dead',
  );
  assert.equal((await world.call(maps, { headers: { cookie: bob } })).status, 200);
  assert.equal((await send(good)).status, 400, 'the same token twice');
});

function openWatch(world: World, cookie: string): { begun: boolean; ended: boolean } {
  const state = { begun: false, ended: false };
  const request = tlsRequest(
    `${world.gateway.origin}${maps}?watch=true`,
    { ca: world.api.files.ca, headers: { cookie }, agent: false },
    (response) => {
      state.begun = response.statusCode === 200;
      response.on('close', () => {
        state.ended = true;
      });
      response.on('error', () => undefined);
      response.resume();
    },
  );
  request.on('error', () => undefined);
  request.end();
  return state;
}

test('login rules that are none are refused, naming the entry', () => {
  for (const [text, what] of [
    ['{', /not YAML/],
    ['[]', /not a list/],
    ['- groups: [dev]', /entry 1 has no rules/],
    ['- rules: [{verbs: [get]}]', /entry 1 names neither groups nor users/],
    ['- groups: [dev]\n  rules: [{verbs: [get]}]\n  role: x', /unknown member "role"/],
    ['- groups: [dev]\n  rules: [{verb: [get]}]', /entry 1: .*verb/],
    ['- groups: [dev]\n  rules: [{verbs: [get], resource: [pods]}]', /resource is no member/],
    ['- groups: [dev]\n  rules: [{verbs: [get]}]\n  connect: [shell]', /entry 1: .*connect/],
    ['- groups: [dev]\n  rules: [{verbs: [get]}]\n  sessionMax: 13h', /sessionMax/],
    ['- groups: [7]\n  rules: [{verbs: [get]}]', /groups must be a list of names/],
  ] as const) {
    assert.throws(() => parseLoginRules(text), what);
  }
});

test('after the login the view that was wanted opens, and nothing else can be wanted', async (t) => {
  const world = await loginWorld(t);
  const view = 'list/apps/v1/deployments/my%20shop/';
  const begun = await world.call(`/login?to=${encodeURIComponent(view)}`);
  assert.equal(begun.status, 303, begun.body.toString());
  const back = world.provider.logIn(begun.headers.location ?? '');
  const done = await world.finish(back, cookieIn(begun));
  assert.ok(done.headers.location?.endsWith(`/${view}`), done.headers.location);
  assert.match(done.headers.location ?? '', /^\/#[0-9a-f]{12}\/list/);
  const wrong = [
    '//evil.example',
    'https://evil.example',
    '/x',
    'a b',
    'a"b',
    'a;b',
    '#x',
    'x'.repeat(600),
  ];
  for (const to of [...wrong, 'a&to=b']) {
    const query = to.includes('&') ? to : encodeURIComponent(to);
    const refused = await world.call(`/login?to=${query}`);
    assert.equal(refused.status, 400, to);
    assert.deepEqual(refused.headers['set-cookie'] ?? [], []);
  }
  // A cookie that was tampered with is none.
  const again = await world.begin();
  await refusedCookie(world, again.back, `${again.cookie}//evil.example`);
});

async function refusedCookie(world: World, back: URL, cookie: string): Promise<void> {
  const done = await world.finish(back, cookie);
  assert.equal(done.status, 401, done.body.toString());
}

test('the console learns whether people can log in, and who did', async (t) => {
  const world = await loginWorld(t);
  const sessions = async (cookie: string) =>
    JSON.parse((await world.call('/gateway/v1/sessions', { headers: { cookie } })).body.toString());
  assert.deepEqual(await sessions('x=y'), { sessions: [], canLogIn: true });
  const { sessions: mine } = await sessions(await world.logIn());
  assert.deepEqual(
    mine.map(({ person }: { person: string }) => person),
    ['alice'],
  );
  const without = await gatewayWorld(t);
  const answer = await without.call('/gateway/v1/sessions');
  assert.equal(JSON.parse(answer.body.toString()).canLogIn, false);
});

test('who has logged in approves in the browser what RBAC lets that person approve, and does not use it', async (t) => {
  // Nobody but the owner may do anything yet.
  const world = await loginWorld(t, { options: { identity: 'impersonate' } });
  const drawbridge = { apiGroups: ['drawbridge.dev'], resources: ['gatewaytokens'] };
  const listMaps = { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] };
  const bot = await tokenFor(world.api, 'bot');
  const botUser = 'system:serviceaccount:default:bot';
  await grantTo(world.api, 'bot', botUser, [{ ...drawbridge, verbs: ['create'] }, listMaps]);
  const issue = async (name: string, from: object[]): Promise<string> => {
    const spec = { rules: [listMaps], approval: { required: 1, from } };
    const body = JSON.stringify({ namespace: 'default', name, spec });
    const made = await world.call('/gateway/v1/grants', { token: bot, body });
    assert.equal(made.status, 201, made.body.toString());
    return JSON.parse(made.body.toString()).code;
  };
  const code = await issue('g', [{ kind: 'Group', name: 'oidc:dev' }]);
  await issue('other', [{ kind: 'User', name: 'oidc:bob' }]);
  const cookie = await world.logIn();
  const origin = `https://localhost:${world.gateway.port}`;
  const own = { cookie, host: `localhost:${world.gateway.port}`, origin };
  const json = (answer: HttpResponse) => JSON.parse(answer.body.toString());
  const waiting = async (): Promise<string[]> => {
    const answer = await world.call('/gateway/v1/approvals', { headers: { cookie } });
    assert.equal(answer.status, 200, answer.body.toString());
    return json(answer).approvals.map(({ grant }: { grant: { name: string } }) => grant.name);
  };
  assert.deepEqual(await waiting(), [], 'shown without the verb approve');
  const { sessions } = json(await world.call('/gateway/v1/sessions', { headers: { cookie } }));
  const csrf = { 'x-drawbridge-csrf': sessions[0].csrf };
  const { uid } = (await world.read('g')).metadata;
  const wish = { namespace: 'default', name: 'g', uid, decision: 'approved', reason: 'fine' };
  const say = (headers: Record<string, string>, more: object = {}) =>
    world.call('/gateway/v1/approvals', { headers, body: JSON.stringify({ ...wish, ...more }) });
  const denied = await say({ ...own, ...csrf });
  assert.equal(denied.status, 403);
  assert.match(json(denied).message, /oidc:alice may not approve gatewaytokens/);
  await grantTo(world.api, 'alice', 'oidc:alice', [{ ...drawbridge, verbs: ['approve'] }]);
  await until(async () => (await waiting()).join() === 'g', 'the grant to be shown');
  // A page of somebody else, and one that does not know the session.
  assert.equal((await say({ ...own, ...csrf, origin: 'https://evil.example' })).status, 403);
  assert.equal((await say({ ...own, 'x-drawbridge-csrf': 'x' })).status, 403);
  assert.equal((await say({ ...own, 'x-drawbridge-csrf': '' })).status, 403);
  const { uid: other } = (await world.read('other')).metadata;
  const foreign = await say({ ...own, ...csrf }, { name: 'other', uid: other });
  assert.match(json(foreign).message, /not among those who may approve/);
  assert.equal((await world.call('/gateway/v1/approvals')).status, 401);
  assert.deepEqual((await world.read('g')).status?.approvals ?? [], []);
  const done = await say({ ...own, ...csrf });
  assert.deepEqual([done.status, json(done).approver], [201, 'oidc:alice']);
  assert.deepEqual(await waiting(), []);
  const [entry] = (await world.read('g')).status?.approvals ?? [];
  assert.deepEqual([entry?.kind, entry?.name, entry?.reason], ['User', 'oidc:alice', 'fine']);
  // Who approved it does not use it; others do.
  const redeem = (headers: Record<string, string>) =>
    world.call('/gateway/v1/redeem', {
      headers,
      body: JSON.stringify({ code, nonce: 'n'.repeat(32) }),
    });
  const mine = await redeem(own);
  assert.equal(mine.status, 403);
  assert.match(json(mine).message, /you approved this grant/);
  assert.equal((await redeem({ host: own.host, origin })).status, 201);
});
