/**
 * What passes and what does not, over raw sockets, with an API server that keeps every byte it got.
 * Numbers are those of the gateway's acceptance list.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import type { Logger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import {
  requestRatesDefault,
  startTokenRequestServer,
  type TokenRequestServerOptions,
} from '#token-request/index.ts';
import { rawHttp } from '../support/raw-http.ts';
import {
  answerText,
  recorderUpstream,
  type RecorderUpstream,
} from '../support/recorder-upstream.ts';
import { systemClock } from '../support/system.ts';

const path = '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/token';
const bearer = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';

interface Bench {
  readonly upstream: RecorderUpstream;
  readonly port: number;
  /** Sends one request; headers are whole lines. */
  readonly send: (
    line: string,
    headers?: readonly string[],
    body?: string,
  ) => ReturnType<typeof rawHttp>;
  readonly lines: string[];
}

async function bench(
  t: TestContext,
  options: Partial<TokenRequestServerOptions> = {},
): Promise<Bench> {
  const upstream = await recorderUpstream(t);
  const lines: string[] = [];
  const note = (message: string, facts?: object): void => {
    lines.push(JSON.stringify({ message, ...facts }));
  };
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => log };
  const server = await startTokenRequestServer(
    { clock: systemClock, log, metrics: noMetrics },
    {
      host: '127.0.0.1',
      port: 0,
      prefix: '/kubernetes',
      upstream: { url: upstream.url, ca: async () => upstream.ca },
      policy: {},
      rates: { ...requestRatesDefault, clientBurst: 1000, tokenBurst: 1000 },
      trustedProxies: [],
      corsOrigins: [],
      ...options,
    },
  );
  t.after(() => server.stop({ graceMs: 0 }));
  return {
    upstream,
    lines,
    port: server.port,
    send: (line, headers = [], body = '') => {
      const own = headers.some((header) => /^connection:/i.test(header))
        ? []
        : ['Connection: close'];
      const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
      const head = [`${line} HTTP/1.1`, 'Host: a.example', ...own, ...headers, ...length];
      return rawHttp(server.port, `${head.join('\r\n')}\r\n\r\n${body}`);
    },
  };
}

const forbidden = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"serviceaccounts \\"default\\" is forbidden: User \\"system:anonymous\\" cannot get resource \\"serviceaccounts/token\\" in API group \\"\\" in the namespace \\"default\\"","reason":"Forbidden","details":{"name":"default","kind":"serviceaccounts"},"code":403}\n`;

test('gateway acceptance 10: an anonymous GET gets the API server own 403, byte for byte', async (t) => {
  const { send, upstream } = await bench(t);
  upstream.answer = answerText('403 Forbidden', forbidden, [
    'Set-Cookie: a=b',
    'Warning: 299 - "w"',
  ]);
  const answer = await send(`GET ${path}`, ['Cookie: session=secret', 'Accept: */*']);
  assert.equal(answer.status, 403);
  assert.equal(answer.body, forbidden);
  assert.match(answer.head, /^warning: 299 - "w"$/im);
  assert.match(answer.head, /^cache-control: no-store$/im);
  assert.doesNotMatch(answer.head, /set-cookie/i);
  const [sent = ''] = upstream.received;
  assert.match(
    sent,
    /^GET \/api\/v1\/namespaces\/default\/serviceaccounts\/default\/token HTTP\/1\.1\r\n/,
  );
  assert.doesNotMatch(sent, /cookie|authorization|x-forwarded/i);
});

test('gateway acceptance 60: the bearer passes byte for byte, and 422 of the server comes back', async (t) => {
  const { send, upstream } = await bench(t);
  upstream.answer = answerText('422 Unprocessable Entity', '{"code":422}');
  const body = '{ "spec": {"expirationSeconds": 599} }';
  const answer = await send(
    `POST ${path}?fieldManager=bot&dryRun=All`,
    [`authorization: Bearer ${bearer}`, 'Content-Type: application/json', 'Audit-ID: mine'],
    body,
  );
  assert.equal(answer.status, 422);
  assert.equal(answer.body, '{"code":422}');
  const [sent = ''] = upstream.received;
  assert.ok(
    sent.startsWith(
      'POST /api/v1/namespaces/default/serviceaccounts/default/token?fieldManager=bot&dryRun=All ',
    ),
  );
  assert.equal(sent.match(/authorization: .*/gi)?.length, 1);
  assert.ok(sent.includes(`Bearer ${bearer}\r\n`));
  assert.ok(sent.endsWith(body));
  assert.doesNotMatch(sent, /mine/);
});

const elsewhere = [
  '/kubernetes',
  '/kubernetes/',
  '/kubernetes/api',
  '/kubernetes/version',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/token/',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/token/x',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/tokens',
  '/kubernetes/API/v1/namespaces/default/serviceaccounts/default/token',
  '/kubernetes/api/v1/namespaces/Default/serviceaccounts/default/token',
  '/kubernetes/api/v1/namespaces/-a/serviceaccounts/default/token',
  `/kubernetes/api/v1/namespaces/${'a'.repeat(64)}/serviceaccounts/default/token`,
  '/kubernetes/api/v1/namespaces/default/secrets/default/token',
  '/kubernetes/apis/v1/namespaces/default/serviceaccounts/default/token',
  '/Kubernetes/api/v1/namespaces/default/serviceaccounts/default/token',
  '/kubernetesapi/v1/namespaces/default/serviceaccounts/default/token',
  '/api/v1/namespaces/default/serviceaccounts/default/token',
];

const notCanonical = [
  '/kubernetes//api/v1/namespaces/default/serviceaccounts/default/token',
  '/kubernetes/./api/v1/namespaces/default/serviceaccounts/default/token',
  '/kubernetes/x/../api/v1/namespaces/default/serviceaccounts/default/token',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/%74oken',
  '/kubernetes/api/v1/namespaces/default%2fserviceaccounts/default/token',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/..%2fdefault/token',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/token;a=b',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/token#a',
  '/kubernetes\\api/v1/namespaces/default/serviceaccounts/default/token',
  '/kubernetes/api/v1/namespaces/default/serviceaccounts/default/token%00',
  `http://other.example${path}`,
  `//other.example${path}`,
  '*',
];

const oddQueries = [
  'watch=true',
  'dryRun=All&dryRun=All',
  '&',
  'dryRun=%41ll',
  'dryRun=a=b',
  'as=admin',
  'Pretty=true',
];

test('gateway acceptance 59: every other path, method and query is refused, and nothing is sent on', async (t) => {
  const { send, upstream } = await bench(t);
  const expectRefusal = async (status: number, line: string, headers: string[] = []) => {
    const answer = await send(line, [`Authorization: Bearer ${bearer}`, ...headers]);
    assert.equal(answer.status, status, `${line} ${headers.join(' ')}: ${answer.text}`);
    // Node's own parser refuses with 400 and no body.
    if (answer.body !== '' || (status !== 400 && !line.startsWith('HEAD'))) {
      const value = JSON.parse(answer.body) as Record<string, unknown>;
      assert.equal(value['kind'], 'Status', line);
      assert.equal(value['code'], status, line);
    }
    return answer;
  };
  for (const target of elsewhere) await expectRefusal(404, `GET ${target}`);
  for (const target of notCanonical) await expectRefusal(400, `GET ${target}`);
  for (const query of oddQueries) await expectRefusal(400, `GET ${path}?${query}`);
  for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
    const { head } = await expectRefusal(405, `${method} ${path}`);
    assert.match(head, /^allow: GET, POST$/im, method);
  }
  for (const header of [
    'Upgrade: websocket',
    'Upgrade: SPDY/3.1',
    'Impersonate-User: admin',
    'impersonate_group: system:masters',
    'Impersonate-Extra-%41: x',
    'X-Remote-User: admin',
    'Connection: close, Authorization',
    'Connection: upgrade',
    'Host: b.example',
    'Authorization: Bearer other',
    'Transfer-Encoding: identity',
  ]) {
    await expectRefusal(400, `GET ${path}`, [header]);
  }
  assert.deepEqual(upstream.received, []);
});

test('gateway acceptance 59: other kinds of credentials are refused', async (t) => {
  const { send, upstream } = await bench(t);
  for (const value of [
    'Basic YTpi',
    'Digest a',
    'Negotiate a',
    'bearer abc',
    'Bearer',
    'Bearer a b',
    '',
  ]) {
    const answer = await send(`GET ${path}`, [`Authorization: ${value}`]);
    assert.equal(answer.status, 401, value);
  }
  assert.deepEqual(upstream.received, []);
});

test('bodies: limits, types and what a GET may not have', async (t) => {
  const { send, upstream, port } = await bench(t);
  const json = ['Content-Type: application/json'];
  assert.equal((await send(`POST ${path}`, json)).status, 400);
  assert.equal((await send(`POST ${path}`, ['Content-Type: text/plain'], 'a')).status, 415);
  assert.equal((await send(`POST ${path}`, [], '{}')).status, 415);
  assert.equal((await send(`GET ${path}`, json, '{}')).status, 400);
  const huge = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n`;
  assert.equal((await rawHttp(port, huge)).status, 413);
  assert.deepEqual(upstream.received, []);
});

test('rates: one address and one bearer are held back, with the time to wait', async (t) => {
  const rates = { clientBurst: 2, clientPerMinute: 1, tokenBurst: 1, tokenPerMinute: 1 };
  const { send } = await bench(t, { rates });
  const ask = () => send(`GET ${path}`, [`Authorization: Bearer ${bearer}`]);
  assert.equal((await ask()).status, 200);
  const second = await ask();
  assert.equal(second.status, 429);
  assert.match(second.head, /^retry-after: \d+$/im);
  assert.equal((await send(`GET ${path}`)).status, 200);
  assert.equal((await send(`GET ${path}`)).status, 429);
});

test('a forwarded address counts only when a trusted proxy names it', async (t) => {
  const rates = { ...requestRatesDefault, clientBurst: 1, clientPerMinute: 1 };
  const stranger = await bench(t, { rates });
  const from = (address: string) => [`X-Forwarded-For: ${address}`];
  assert.equal((await stranger.send(`GET ${path}`, from('198.51.100.1'))).status, 200);
  assert.equal((await stranger.send(`GET ${path}`, from('198.51.100.2'))).status, 429);
  const trusted = await bench(t, { rates, trustedProxies: ['127.0.0.0/8'] });
  assert.equal((await trusted.send(`GET ${path}`, from('198.51.100.1'))).status, 200);
  assert.equal((await trusted.send(`GET ${path}`, from('198.51.100.2'))).status, 200);
  assert.equal((await trusted.send(`GET ${path}`, from('9.9.9.9, 198.51.100.2'))).status, 429);
});

test('pages of configured origins may call, others get no permission', async (t) => {
  const { send } = await bench(t, { corsOrigins: ['https://app.example'] });
  const allowed = await send(`OPTIONS ${path}`, ['Origin: https://app.example']);
  assert.equal(allowed.status, 204);
  assert.match(allowed.head, /^access-control-allow-origin: https:\/\/app\.example$/im);
  const other = await send(`OPTIONS ${path}`, ['Origin: https://evil.example']);
  assert.equal(other.status, 405);
  assert.doesNotMatch(other.head, /access-control/i);
});

test('an API server that is not there, or not the one we trust, gives 503 without details', async (t) => {
  const upstream = await recorderUpstream(t);
  const gone = await bench(t, { upstream: { url: new URL('https://127.0.0.1:1') } });
  const untrusted = await bench(t, { upstream: { url: upstream.url } });
  for (const { send } of [gone, untrusted]) {
    const answer = await send(`GET ${path}`, [`Authorization: Bearer ${bearer}`]);
    assert.equal(answer.status, 503);
    assert.doesNotMatch(answer.body, /127\.0\.0\.1|self|certificate|ECONN/i);
  }
  assert.deepEqual(upstream.received, []);
});

test('what is no API server, or says too much, gives 503 and nothing of it', async (t) => {
  const { send, upstream, lines } = await bench(t);
  const page = '<script>alert(1)</script>';
  const answers: readonly (readonly [string, RegExp])[] = [
    [answerText('302 Found', '', ['Location: https://169.254.169.254/']), /it answers 302/],
    [
      `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      /it answers 200 text\/html/,
    ],
    [answerText('201 Created', 'x'.repeat(300_000)), /no answer of the API server/],
  ];
  for (const [answer, why] of answers) {
    upstream.answer = answer;
    const { status, head, body } = await send(`GET ${path}`);
    assert.equal(status, 503, body);
    assert.match(body, /the API server does not answer now/);
    assert.doesNotMatch(head + body, /script|169\.254|location/i);
    assert.match(lines.at(-2) ?? '', why);
  }
  const plain = 'Too many requests, please try again later.';
  upstream.answer = `HTTP/1.1 429 Too Many\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\nContent-Length: ${plain.length}\r\n\r\n${plain}`;
  const busy = await send(`GET ${path}`);
  assert.deepEqual([busy.status, busy.body], [429, plain]);
});

test('gateway acceptance 50: neither log lines nor answers hold a bearer', async (t) => {
  const { send, lines, upstream } = await bench(t);
  upstream.answer = answerText('201 Created', '{"status":{"token":"minted.secret.token"}}');
  await send(
    `POST ${path}`,
    [`Authorization: Bearer ${bearer}`, 'Content-Type: application/json'],
    '{}',
  );
  await send(`GET ${path}x`, [`Authorization: Bearer ${bearer}`]);
  await send(`GET ${path}`, [`Authorization: Basic ${bearer}`]);
  assert.equal(lines.length, 3);
  assert.doesNotMatch(lines.join('\n'), /eyJ|c2lnbmF0dXJl|minted/);
  assert.match(
    lines[0] ?? '',
    /"namespace":"default","account":"default","token":"[0-9a-f]{8}","status":201/,
  );
});
