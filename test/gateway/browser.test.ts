/** Browsers: the link page, cookies, origins; and who the API server sees. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { HttpResponse } from '#http/index.ts';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld, type GatewayWorld, jsonIn } from '../support/gateway-world.ts';
import { answerText } from '../support/recorder-upstream.ts';

const pods = { rules: [{ verbs: ['*'], resources: ['pods'] }], connect: ['exec' as const] };
const path = '/k8s/api/v1/namespaces/x/pods';
const nonce = (): string => randomBytes(16).toString('hex');

const post = (
  world: GatewayWorld,
  verb: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<HttpResponse> =>
  world.call(`/gateway/v1/${verb}`, { body: JSON.stringify(body), headers });

interface Browser {
  readonly cookie: string;
  readonly setCookie: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly session: any;
}

async function browse(world: GatewayWorld, code: string): Promise<Browser> {
  const { origin } = world.gateway;
  const answer = await post(world, 'redeem', { code, nonce: nonce() }, { origin });
  assert.equal(answer.status, 201, answer.body.toString());
  const setCookie = answer.headers['set-cookie']?.[0] ?? '';
  return { setCookie, cookie: setCookie.split(';')[0] ?? '', session: jsonIn(answer) };
}

test('gateway acceptance 53: scanners spend nothing, pages of others cannot redeem', async (t) => {
  const world = await gatewayWorld(t);
  const code = await world.grant('g', pods);
  for (let at = 0; at < 20; at++) {
    const method = at % 2 === 0 ? 'GET' : 'HEAD';
    for (const target of ['/l', '/gateway/v1/redeem', '/gateway/v1/look']) {
      const { status } = await world.call(target, { method, headers: { 'user-agent': 'bot' } });
      assert.equal(status, target === '/l' ? 200 : 405);
    }
  }
  const page = await world.call('/l');
  assert.ok(!page.body.toString().includes('dbg.'));
  const { origin } = world.gateway;
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `${origin}.evil.example` },
    { origin: origin.replace('https', 'http') },
    { origin, 'sec-fetch-site': 'cross-site' },
    { origin, 'sec-fetch-site': 'same-site' },
    {},
  ]) {
    const { status } = await post(world, 'redeem', { code, nonce: nonce() }, headers);
    assert.equal(status, 403, JSON.stringify(headers));
  }
  for (const [body, status] of [
    ['{"code"', 400],
    ['[]', 400],
    [JSON.stringify({ code, nonce: 'short' }), 400],
    [JSON.stringify({ code, nonce: nonce(), more: 1 }), 400],
    [JSON.stringify({ code: 5, nonce: nonce() }), 401],
    [JSON.stringify({ code, nonce: nonce(), as: 'both' }), 400],
    ['x'.repeat(70_000), 413],
  ] as const) {
    const answer = await world.call('/gateway/v1/redeem', { body, headers: { origin } });
    assert.equal(answer.status, status, body.slice(0, 80));
  }
  const form = await world.call('/gateway/v1/redeem', {
    body: JSON.stringify({ code, nonce: nonce() }),
    headers: { origin, 'content-type': 'text/plain' },
  });
  assert.equal(form.status, 400);
  assert.equal((await world.read('g')).status?.uses, 0);
  assert.equal((await browse(world, code)).session.grant.usesLeft, 0);
});

test('gateway hole 45: the session cookie is for this host, this scheme and no script', async (t) => {
  const world = await gatewayWorld(t);
  const { setCookie, session } = await browse(world, await world.grant('g', pods));
  assert.match(
    setCookie,
    /^__Host-gw-[0-9a-f]{12}=dbs\.default\.g\.[\w-]{43}; Path=\/; Max-Age=\d+;/,
  );
  for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Strict']) {
    assert.ok(setCookie.includes(`; ${attribute}`), attribute);
  }
  assert.ok(!setCookie.includes('Domain'));
  assert.equal(session.api, `/s/${session.tag}/k8s`);
});

test('gateway hole 49: a change by cookie needs the origin and the proof of the page', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const { cookie, session } = await browse(world, await world.grant('g', pods));
  const { origin } = world.gateway;
  const csrf = { 'x-drawbridge-csrf': session.csrf };
  const change = async (headers: Record<string, string>): Promise<number> =>
    (await world.call(path, { method: 'POST', body: '{}', headers: { cookie, ...headers } }))
      .status;
  assert.equal(await change({}), 403);
  assert.equal(await change({ origin }), 403);
  assert.equal(await change(csrf), 403);
  assert.equal(await change({ origin, 'x-drawbridge-csrf': 'x' }), 403);
  assert.equal(await change({ origin: 'https://evil.example', ...csrf }), 403);
  assert.deepEqual(world.recorder?.received, []);
  assert.equal(await change({ origin, ...csrf }), 200);
  assert.equal((await world.call(path, { headers: { cookie } })).status, 200);
  const read = { cookie, 'sec-fetch-site': 'cross-site' };
  assert.equal((await world.call(path, { headers: read })).status, 403);
});

test('gateway acceptance 54: a WebSocket by cookie needs our own origin', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const { cookie } = await browse(world, await world.grant('g', pods));
  const exec = `GET ${path}/p/exec HTTP/1.1\r\nHost: 127.0.0.1:${world.gateway.port}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n`;
  for (const origin of [
    'Origin: https://evil.example\r\n',
    'Origin: null\r\n',
    `Origin: https://127.0.0.1:${world.gateway.port}.evil.example\r\n`,
    '',
  ]) {
    const answer = await world.raw(`${exec}${origin}\r\n`);
    assert.equal(answer.status, 403, origin);
  }
  assert.deepEqual(world.recorder?.received, []);
  world.recorder.answer = answerText('403 Forbidden', '{"upstream":true}');
  const ours = await world.raw(`${exec}Origin: ${world.gateway.origin}\r\n\r\n`);
  assert.match(ours.body, /upstream/, 'our own page reaches the API server');
});

test('gateway acceptance 56: pages behind the API cannot act in our origin', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const { cookie } = await browse(world, await world.grant('g', pods));
  for (const type of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml']) {
    world.recorder!.answer = [
      'HTTP/1.1 200 OK',
      `Content-Type: ${type}`,
      'Content-Security-Policy: script-src *',
      'Access-Control-Allow-Origin: *',
      'Content-Length: 17',
      '',
      '<script></script>',
    ].join('\r\n');
    const { headers } = await world.call(path, { headers: { cookie } });
    assert.equal(headers['content-security-policy'], "sandbox; default-src 'none'");
    assert.equal(headers['content-disposition'], 'attachment');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
});

test('gateway hole 50: pages and answers of the gateway itself have strict headers', async (t) => {
  const world = await gatewayWorld(t);
  const page = await world.call('/l');
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.match(policy, /connect-src 'self'/);
  assert.ok(!policy.includes('unsafe'));
  for (const target of ['/l', '/gateway/v1/sessions', '/nothing', '/k8s/api']) {
    const { headers } = await world.call(target);
    assert.equal(headers['x-content-type-options'], 'nosniff', target);
    assert.equal(headers['referrer-policy'], 'no-referrer', target);
    assert.equal(headers['cache-control'], 'no-store', target);
    assert.match(String(headers['strict-transport-security']), /max-age/, target);
  }
  for (const target of ['/.hidden', '/noVNC/', '/index.html', '/s/x', '/s/x/y', '/clusters/']) {
    assert.equal((await world.call(target)).status, 404, target);
  }
});

test('gateway acceptance 58: a session cookie that comes twice, or was made up, opens nothing', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const { cookie, session } = await browse(world, await world.grant('g', pods));
  const [name = '', value = ''] = cookie.split('=');
  const get = async (text: string): Promise<number> =>
    (await world.call(path, { headers: { cookie: text } })).status;
  assert.equal(await get(`${cookie}; ${cookie}`), 400);
  assert.equal(await get(`${cookie}; ${name}=other`), 400);
  assert.equal(await get(`${name}=${value.slice(0, -4)}AAAA`), 401);
  assert.equal(await get(`__Host-gw-000000000000=${value}`), 401);
  assert.equal(await get(`gw-${session.tag}=${value}`), 401);
  assert.deepEqual(world.recorder?.received, []);
  // A session of somebody else set before does not survive redeeming: its secret is another one.
  const planted = await browse(world, await world.grant('h', pods));
  assert.notEqual(planted.cookie, cookie);
});

test('gateway hole 56: two links in one browser keep to themselves', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const a = await browse(world, await world.grant('a', pods));
  const b = await browse(
    world,
    await world.grant('b', {
      rules: [{ verbs: ['*'], resources: ['services'] }],
    }),
  );
  const cookie = `${a.cookie}; ${b.cookie}`;
  const get = async (target: string): Promise<number> =>
    (await world.call(target, { headers: { cookie } })).status;
  const under = '/api/v1/namespaces/x';
  assert.equal(await get(`${a.session.api}${under}/pods`), 200);
  assert.equal(await get(`${a.session.api}${under}/services`), 403);
  assert.equal(await get(`${b.session.api}${under}/services`), 200);
  assert.equal(await get(`/k8s${under}/pods`), 400);
  const listed = jsonIn(await world.call('/gateway/v1/sessions', { headers: { cookie } }));
  assert.deepEqual(
    listed.sessions.map(({ tag }: { readonly tag: string }) => tag),
    [a.session.tag, b.session.tag],
  );
});

test('gateway acceptance 57: after logging out the cookie is dead on the server', async (t) => {
  const world = await gatewayWorld(t, { recorded: true, replicas: 2 });
  const { cookie, session } = await browse(world, await world.grant('g', pods));
  const target = `/gateway/v1/sessions/${session.tag}`;
  const { origin } = world.gateway;
  const leave = (headers: Record<string, string>): Promise<HttpResponse> =>
    world.call(target, { method: 'DELETE', headers: { cookie, ...headers } });
  assert.equal((await leave({ origin })).status, 403);
  assert.equal((await world.call(path, { headers: { cookie } })).status, 200);
  const left = await leave({ origin, 'x-drawbridge-csrf': session.csrf });
  assert.equal(left.status, 200);
  assert.match(left.headers['set-cookie']?.[0] ?? '', /Max-Age=0/);
  assert.equal((await world.call(path, { headers: { cookie } })).status, 401);
  assert.equal((await world.call(target, { headers: { cookie } })).status, 401);
});

test('by impersonation the rights of the link in the API server are an upper bound', async (t) => {
  const world = await gatewayWorld(t, { options: { identity: 'impersonate' } });
  const token = await world.grant('g', {
    rules: [{ verbs: ['list', 'create'], resources: ['configmaps', 'services'] }],
  });
  const at = '/k8s/api/v1/namespaces/default';
  const refused = await world.call(`${at}/configmaps`, { token });
  assert.equal(refused.status, 403);
  assert.match(jsonIn(refused).message, /User "gw:link:default:g" cannot list/);
  const root = '/apis/rbac.authorization.k8s.io/v1';
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
  await world.api.call(`${root}/clusterroles`, { body: { metadata: { name: 'links' }, rules } });
  await world.api.call(`${root}/clusterrolebindings`, {
    body: {
      metadata: { name: 'links' },
      roleRef: { kind: 'ClusterRole', name: 'links', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [{ kind: 'Group', name: 'gw:links', apiGroup: 'rbac.authorization.k8s.io' }],
    },
  });
  assert.equal((await world.call(`${at}/configmaps`, { token })).status, 200);
  assert.equal((await world.call(`${at}/services`, { token })).status, 403);
  const create = await world.call(`${at}/configmaps`, {
    token,
    body: JSON.stringify({ metadata: { name: 'x' } }),
  });
  assert.equal(create.status, 403);
});

test('who guesses codes has to wait', async (t) => {
  const world = await gatewayWorld(t);
  let last = 0;
  for (let at = 0; at < 60 && last !== 429; at++) {
    const code = `dbg.default.g.${randomBytes(32).toString('base64url')}`;
    last = (await post(world, 'look', { code })).status;
    assert.ok(last === 401 || last === 429, String(last));
  }
  assert.equal(last, 429);
});
