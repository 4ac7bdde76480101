/** The face of kube-gateway before a recording API server: what it signs, what it believes. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '#base/clock.ts';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { type RunningCompatGateway, startCompatGateway } from '#gateway/index.ts';
import { rawHttp } from '../support/raw-http.ts';
import {
  answerText,
  recorderUpstream,
  type RecorderUpstream,
} from '../support/recorder-upstream.ts';
import type { AnyJson } from '../support/api-server.ts';
import { systemClock } from '../support/system.ts';

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const rsa = (bits = 2048): Keys => generateKeyPairSync('rsa', { modulusLength: bits });
const pemOf = (key: KeyObject): string =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();

interface Bench {
  readonly gateway: RunningCompatGateway;
  readonly upstream: RecorderUpstream;
  readonly keys: Keys;
  readonly clock: { shiftMs: number };
  /** Bytes that the gateway told of as they passed. */
  readonly passed: { bytes: number };
  readonly send: (
    line: string,
    headers?: readonly string[],
    body?: string,
  ) => ReturnType<typeof rawHttp>;
  readonly mint: (body: unknown) => Promise<{ readonly status: number; readonly json: AnyJson }>;
}

async function bench(t: TestContext, keys: Keys = rsa()): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-compat-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'tls.crt'), pemOf(keys.publicKey));
  writeFileSync(join(folder, 'tls.key'), pemOf(keys.privateKey));
  const upstream = await recorderUpstream(t);
  const shifted = { shiftMs: 0 };
  const passed = { bytes: 0 };
  const clock: Clock = {
    nowMs: () => systemClock.nowMs() + shifted.shiftMs,
    monotonicMs: () => systemClock.monotonicMs(),
  };
  const item = { namespace: 'kube-gateway', name: 'kube-gateway-jwt', item: 'tls.crt' };
  const gateway = await startCompatGateway(
    {
      clock,
      log: silentLogger,
      metrics: noMetrics,
      onRead: (bytes) => {
        passed.bytes += bytes;
      },
    },
    {
      host: '127.0.0.1',
      port: 0,
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
    },
  );
  t.after(() => gateway.stop({ graceMs: 0 }));
  const send: Bench['send'] = (line, headers = [], body = '') => {
    const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    const head = [
      `${line} HTTP/1.1`,
      'Host: localhost',
      'Connection: close',
      ...headers,
      ...length,
    ];
    return rawHttp(gateway.port, `${head.join('\r\n')}\r\n\r\n${body}`);
  };
  return {
    gateway,
    upstream,
    keys,
    clock: shifted,
    passed,
    send,
    mint: async (body) => {
      upstream.answer = answerText('201 Created', '{"status":{"allowed":true}}');
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await send('POST /auth/jwt/request', ['Authorization: Bearer abc'], text);
      upstream.answer = answerText('200 OK', '{}');
      upstream.received.length = 0;
      return { status: answer.status, json: JSON.parse(answer.body) };
    },
  };
}

const cookie = (token: string): string => `Cookie: kg-jwt-session-code=${token}`;
const pods = '/k8s/api/v1/namespaces/x/pods';

test('gateway acceptance 1 and 5: a minted token has the keys, types and defaults of the original', async (t) => {
  const { mint, keys } = await bench(t);
  const { status, json } = await mint({ URLs: ['/api/*'] });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), [
    'ID',
    'From',
    'Verbs',
    'Duration',
    'URLs',
    'NBf',
    'Exp',
    'Until',
    'Token',
  ]);
  assert.deepEqual(
    [json.ID, json.Verbs, json.Duration, json.URLs],
    ['', ['get'], '1h', ['/api/*']],
  );
  assert.equal(json.Exp - json.NBf, 3600);
  assert.match(json.From, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(decodeProtectedHeader(json.Token), { alg: 'RS256', typ: 'JWT' });
  assert.deepEqual(Object.keys(decodeJwt(json.Token)).toSorted(), [
    'URLs',
    'exp',
    'id',
    'nbf',
    'verbs',
  ]);
  await jwtVerify(json.Token, keys.publicKey, { algorithms: ['RS256'] });
});

test('gateway acceptance 2: a link leads to the screen, with a cookie', async (t) => {
  const { send, mint } = await bench(t);
  const { json } = await mint({ URLs: ['/api/*'] });
  const { status, head } = await send(`GET /auth/jwt/set?token=${json.Token}&name=vm&namespace=ns`);
  assert.equal(status, 302);
  assert.match(
    head,
    /^location: \/noVNC\/vnc_lite\.html\?path=k8s\/apis\/subresources\.kubevirt\.io\/v1\/namespaces\/ns\/virtualmachineinstances\/vm\/vnc$/im,
  );
  assert.match(head, /^set-cookie: kg-jwt-session-code=\S+; Path=\/; HttpOnly; SameSite=Lax$/im);
  assert.match(head, /^referrer-policy: no-referrer$/im);
});

test('gateway acceptance 3 and 46: requests go on with the account, without the cookie', async (t) => {
  const { send, mint, upstream } = await bench(t);
  const { json } = await mint({ URLs: ['/api/*'] });
  upstream.answer = answerText('200 OK', '{"a":1}', ['Set-Cookie: kg-jwt-session-code=evil']);
  const { status, head, body } = await send(`GET ${pods}`, [cookie(json.Token)]);
  assert.deepEqual([status, body], [200, '{"a":1}']);
  assert.doesNotMatch(head, /set-cookie/i);
  const [sent = ''] = upstream.received;
  assert.match(sent, /^GET \/api\/v1\/namespaces\/x\/pods HTTP/);
  assert.match(sent, /authorization: Bearer account-of-the-gateway/i);
  assert.doesNotMatch(sent, /cookie|impersonate/i);
});

test('the bytes of long answers are told as they pass, so that their buffers can be freed', async (t) => {
  const { send, mint, upstream, passed } = await bench(t);
  const { json } = await mint({ URLs: ['/api/v1/pods'] });
  const opened = [cookie(json.Token)];
  upstream.answer = answerText('200 OK', 'x'.repeat(4 * 1024 * 1024));
  const answer = await send('GET /k8s/api/v1/pods', opened);
  assert.deepEqual([answer.status, answer.body.length], [200, 4 * 1024 * 1024]);
  // What comes with the head is held until it is known how the answer goes on.
  assert.ok(passed.bytes > 3 * 1024 * 1024, `${passed.bytes} bytes were told`);
});

test('gateway acceptance 4: tokens of the original work, ours would there', async (t) => {
  const { send, keys } = await bench(t);
  const now = Math.floor(Date.now() / 1000);
  // As golang-jwt writes them.
  const original = await new SignJWT({
    URLs: ['/api/*'],
    exp: now + 60,
    id: '',
    nbf: now,
    verbs: ['get'],
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .sign(keys.privateKey);
  assert.equal((await send(`GET ${pods}`, [cookie(original)])).status, 200);
});

test('gateway acceptance 6: a token that begins later works later', async (t) => {
  const { send, mint, clock } = await bench(t);
  const from = new Date(Date.now() + 60_000).toISOString().replace(/\.\d+Z/, 'Z');
  const { json } = await mint({ URLs: ['/api/*'], from });
  const early = await send(`GET ${pods}`, [cookie(json.Token)]);
  assert.equal(early.status, 401);
  assert.match(early.body, /not valid yet/);
  clock.shiftMs = 61_000;
  assert.equal((await send(`GET ${pods}`, [cookie(json.Token)])).status, 200);
  clock.shiftMs = 3_700_000;
  assert.match((await send(`GET ${pods}`, [cookie(json.Token)])).body, /has expired/);
});

const badMints: readonly [unknown, RegExp][] = [
  [{ URLs: ['/api/*'], from: 'garbage' }, /from/],
  ...['0s', '-5m', '30 minutes', '1h1', 'NaN', '1e9h', '292y', '', '13h'].map(
    (duration): [unknown, RegExp] => [{ URLs: ['/api/*'], duration }, /duration/],
  ),
  [{ URLs: ['/api/*'], from: '1970-01-01T00:00:00Z' }, /from is too far/],
  [{ URLs: ['/api/*'], from: '2100-01-01T00:00:00Z' }, /from is too far/],
  [{ URLs: ['/api/*'], Exp: 9_999_999_999 }, /Exp/],
  [{ URLs: ['/api/*'], Token: 'x' }, /Token/],
  ['{"URLs":["/a"],"verbs":["get"],"verbs":["delete"]}', /verbs comes twice/],
  ['{"URLs":["/a"],"urls":["/b"]}', /comes twice/],
  [{ URLs: [] }, /URLs/],
  [{ URLs: [''] }, /URLs/],
  [{ URLs: ['*'] }, /URLs/],
  [{ URLs: ['/*'] }, /URLs/],
  [{ URLs: [null] }, /URLs/],
  [{ URLs: [5] }, /URLs/],
  [{ URLs: ['/a/../b'] }, /URLs/],
  [{ URLs: Array.from({ length: 65 }, () => '/a') }, /URLs/],
  [{ URLs: ['/api/*'], verbs: ['watch'] }, /verbs/],
  [{ URLs: ['/api/*'], id: 'x'.repeat(300) }, /id/],
  [{}, /URLs/],
  ['[]', /object/],
  ['not json', /object/],
  ['['.repeat(1000), /object/],
];

test('gateway acceptance 32 and 33: what cannot be signed is refused by the name of the field', async (t) => {
  const { mint } = await bench(t);
  for (const [body, words] of badMints) {
    const { status, json } = await mint(body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(json.status, words, JSON.stringify(body));
    assert.deepEqual(Object.keys(json), ['api', 'code', 'kind', 'status']);
  }
});

test('gateway acceptance 33: huge bodies, other credentials and other methods mint nothing', async (t) => {
  const { send } = await bench(t);
  const huge = await send(
    'POST /auth/jwt/request',
    ['Authorization: Bearer abc'],
    'x'.repeat(100_000),
  );
  assert.equal(huge.status, 413);
  for (const headers of [[], ['Authorization: bearer abc'], ['Authorization: Basic abc']]) {
    assert.equal((await send('POST /auth/jwt/request', headers, '{}')).status, 403);
  }
  assert.equal((await send('GET /auth/jwt/request', ['Authorization: Bearer abc'])).status, 403);
});

test('gateway hole 16: an API server that is away while minting gives 503', async (t) => {
  const { send, upstream } = await bench(t);
  upstream.answer = answerText('500 Internal Server Error', '{}');
  const { status } = await send(
    'POST /auth/jwt/request',
    ['Authorization: Bearer abc'],
    '{"URLs":["/a"]}',
  );
  assert.equal(status, 503);
});

test('gateway acceptance 31 and 35: tokens without end, of other algorithms or with more in the header are none', async (t) => {
  const { send, keys, upstream } = await bench(t);
  const now = Math.floor(Date.now() / 1000);
  const claims = { id: '', verbs: ['get'], URLs: ['/api/*'], nbf: now, exp: now + 60 };
  const part = (value: unknown): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const sign = (header: object, payload: unknown, key = keys.privateKey): Promise<string> => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return signRaw({ alg: 'RS256', typ: 'JWT', ...header }, text, key);
  };
  const hmac = (header: object, secret: string): string => {
    const head = `${part(header)}.${part(claims)}`;
    return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
  };
  const jwk = keys.publicKey.export({ format: 'jwk' });
  const tokens = [
    ...[0, -1, 1.5, '9999999999', null].map((exp) => sign({}, { ...claims, exp })),
    sign({}, JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e400')),
    sign({}, { ...claims, exp: undefined }),
    sign({}, { ...claims, verbs: [] }),
    sign({}, { ...claims, URLs: [''] }),
    sign({}, { ...claims, URLs: 'x' }),
    ...[{ kid: 'a' }, { jku: 'https://evil.example' }, { jwk }, { x5c: [] }, { crit: ['b64'] }].map(
      (more) => sign(more, claims),
    ),
    new SignJWT(claims).setProtectedHeader({ alg: 'RS384' }).sign(keys.privateKey),
    new SignJWT(claims).setProtectedHeader({ alg: 'PS256' }).sign(keys.privateKey),
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(rsa().privateKey),
    `${part({ alg: 'none' })}.${part(claims)}.`,
    `${part({ alg: 'NONE', typ: 'JWT' })}.${part(claims)}.`,
    hmac({ alg: 'HS256', typ: 'JWT' }, pemOf(keys.publicKey)),
    'a.b.c',
    'garbage',
  ];
  for (const token of await Promise.all(tokens.map(async (made) => made))) {
    const { status } = await send(`GET ${pods}`, [cookie(token)]);
    assert.ok(status === 401 || status === 410, `${status} ${token.slice(0, 60)}`);
  }
  assert.deepEqual(upstream.received, []);
});

async function signRaw(header: object, payload: string, key: KeyObject): Promise<string> {
  const { sign } = await import('node:crypto');
  const head = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${head}.${sign('sha256', Buffer.from(head), key).toString('base64url')}`;
}

test('a token opens its paths and methods and nothing else', async (t) => {
  const { send, mint, upstream } = await bench(t);
  const { json } = await mint({ URLs: ['/api/v1/namespaces/x/*', '/version'], verbs: ['get'] });
  const ask = async (line: string, headers: readonly string[] = []): Promise<number> =>
    (await send(line, [cookie(json.Token), ...headers])).status;
  assert.equal(await ask(`GET ${pods}`), 200);
  assert.equal(await ask(`HEAD ${pods}`), 200);
  assert.equal(await ask('GET /k8s/version'), 200);
  upstream.received.length = 0;
  const refusals: readonly [string, number][] = [
    ['GET /k8s/version/', 403],
    ['GET /k8s/api/v1/namespaces/y/pods', 403],
    ['GET /k8s/api/v1/namespaces/x', 403],
    [`DELETE ${pods}/a`, 403],
    [`GET ${pods}/a/exec?command=sh`, 403],
    [`GET ${pods}/a/proxy/`, 403],
    [`GET ${pods}/a/portforward`, 403],
    [`GET /k8s//api/v1/namespaces/x/pods`, 400],
    [`GET /k8s/api/v1/namespaces/x%2fpods`, 400],
    [`GET /k8s/api/v1/namespaces/x/../y/pods`, 400],
    [`TRACE ${pods}`, 405],
  ];
  for (const [line, status] of refusals) assert.equal(await ask(line), status, line);
  assert.equal(await ask(`GET ${pods}`, ['Impersonate-User: admin']), 400);
  assert.equal(await ask(`GET ${pods}`, ['Connection: close, Authorization']), 400);
  assert.equal(await ask(`GET ${pods}`, ['Origin: https://evil.example']), 403);
  assert.equal((await send(`GET ${pods}`)).status, 403);
  assert.equal((await send(`GET ${pods}`, ['Authorization: Bearer x'])).status, 403);
  assert.deepEqual(upstream.received, []);
});

test('a star gives away no tokens of service accounts', async (t) => {
  const { send, mint, upstream } = await bench(t);
  const path = '/api/v1/namespaces/x/serviceaccounts/default/token';
  const ask = async (urls: readonly string[]): Promise<number> => {
    const { json } = await mint({ URLs: urls, verbs: ['post'] });
    const headers = ['Origin: https://localhost', 'Content-Length: 0'];
    return (await send(`POST /k8s${path}`, [cookie(json.Token), ...headers])).status;
  };
  assert.equal(await ask(['/api/v1/namespaces/x/*']), 403);
  assert.deepEqual(upstream.received, []);
  assert.equal(await ask([path]), 200);
});

test('a path of a screen must be written out, and its page must be ours', async (t) => {
  const { send, mint, upstream } = await bench(t);
  const vnc = '/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachineinstances/m/vnc';
  const upgrade = (token: string, origin: string) =>
    send(`GET /k8s${vnc}`, [
      cookie(token),
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: plain.kubevirt.io',
      ...(origin === '' ? [] : [`Origin: ${origin}`]),
    ]);
  const wide = await mint({ URLs: ['/apis/*'] });
  assert.equal((await upgrade(wide.json.Token, 'https://localhost')).status, 403);
  const exact = await mint({ URLs: [vnc] });
  for (const origin of ['', 'null', 'https://evil.example']) {
    assert.equal((await upgrade(exact.json.Token, origin)).status, 403, origin);
  }
  assert.deepEqual(upstream.received, []);
});

test('gateway acceptance 55: names that are more than names go nowhere', async (t) => {
  const { send } = await bench(t);
  for (const name of [
    'a%26host=evil',
    'a%23b',
    'a/../b',
    'a%0d%0aSet-Cookie:x',
    'a%2fvnc',
    'A'.repeat(300),
  ]) {
    const { status, head } = await send(`GET /auth/jwt/set?token=a.b.c&namespace=ns&name=${name}`);
    assert.equal(status, 400, name);
    assert.doesNotMatch(head, /^(?:location|set-cookie):/im);
  }
});

test('gateway hole 29: the open paths are read without any credential', async (t) => {
  const { send, upstream } = await bench(t);
  upstream.answer = answerText('200 OK', '{"issuer":"x"}');
  const open = '/k8s/.well-known/oauth-authorization-server';
  const { status, body } = await send(`GET ${open}`, ['Authorization: Bearer mine', 'Accept: x']);
  assert.deepEqual([status, body], [200, '{"issuer":"x"}']);
  assert.doesNotMatch(upstream.received.join(''), /^authorization:/im);
  assert.equal((await send(`DELETE ${open}`)).status, 403);
  assert.equal((await send('GET /k8s')).status, 301);
});

test('gateway hole 14: keys that are weak or none end the start', async (t) => {
  await assert.rejects(bench(t, rsa(1024)), {
    code: 'GATEWAY_CONFIG',
    message: /2048 bits or more/,
  });
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await assert.rejects(bench(t, curve), { code: 'GATEWAY_CONFIG', message: /must be RSA/ });
});
