/** What the gateway refuses before anything is decided: over raw sockets, before a recording upstream. */
import assert from 'node:assert/strict';
import { array, assert as check, constantFrom, oneof, property, string } from 'fast-check';
import { below, parseTarget } from '#gateway/request/target.ts';
import { GatewayError } from '#gateway/index.ts';
import { test } from '../support/gateway-target.ts';
import {
  gatewayBearer,
  gatewayWorld,
  type GatewayWorld,
  jsonIn,
} from '../support/gateway-world.ts';
import { answerText } from '../support/recorder-upstream.ts';

const pods = {
  rules: [{ verbs: ['*'], resources: ['pods', 'configmaps'] }],
  usesAllowed: 1000,
};

const request = (target: string, token: string, more: readonly string[] = [], method = 'GET') =>
  [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Connection: close',
    ...more,
    '',
    '',
  ].join('\r\n');

/** Nothing arrived upstream since the last look. */
function silentUpstream(world: GatewayWorld, what: string): void {
  assert.deepEqual(world.recorder?.received ?? ['unrecorded'], [], what);
}

const oddTargets = [
  '/k8s/api/v1/./pods',
  '/k8s/api/v1/../v1/pods',
  '/k8s/../k8s/api/v1/pods',
  '/k8s/api/v1/pods/..',
  '/k8s/api/v1/pods/.',
  '/k8s/api/v1//pods',
  '//k8s/api/v1/pods',
  '/k8s//api/v1/pods',
  '/k8s/api/v1/pods//',
  '/k8s/api/v1/%2e/pods',
  '/k8s/api/v1/%2E%2E/pods',
  '/k8s/api/v1/.%2e/pods',
  '/k8s/api/v1/%2e%2e%2fpods',
  '/k8s/api/v1%2fpods',
  '/k8s/api/v1%2Fpods',
  '/k8s/api/v1/namespaces/default%2f..%2fkube-system/secrets',
  '/k8s/api/v1/namespaces/default%2fpods',
  '/k8s/api/v1/pods%5c..',
  '/k8s/api/v1/pods%5C',
  '/k8s/api/v1\\pods',
  '/k8s\\api/v1/pods',
  '/k8s/api/v1/pods\\..\\secrets',
  '/k8s/api/v1/pods%00',
  '/k8s/api/v1/%00/pods',
  '/k8s/api/v1/pods%0d%0aX',
  '/k8s/api/v1/pods%09',
  '/k8s/api/v1/pods%7f',
  '/k8s/api/v1/pods;a=b',
  '/k8s/api/v1/pods;',
  '/k8s/api/v1/..;/pods',
  '/k8s/api/v1/pods%3ba',
  '/k8s/api/v1/pods%3B',
  '/k8s/api/v1/pods%3fwatch=1',
  '/k8s/api/v1/pods%3F',
  '/k8s/api/v1/pods%23',
  '/k8s/api/v1/pods#x',
  '/k8s/api/v1/pods?watch=0#x',
  '/k8s/api/v1/%252e%252e/pods',
  '/k8s/api/v1/pods%252fx',
  '/k8s/api/v1/pods%25zz',
  '/k8s/api/v1/pods%',
  '/k8s/api/v1/pods%2',
  '/k8s/api/v1/pods%zz',
  '/k8s/api/v1/pods%c0%ae',
  '/k8s/api/v1/pods%c0%af',
  '/k8s/api/v1/pods%e0%80%af',
  '/k8s/api/v1/pods%ed%a0%80',
  '/k8s/api/v1/pods%ff',
  '/k8s/api/v1/%70ods',
  '/k8s/%61pi/v1/pods',
  '/%6b8s/api/v1/pods',
  '/k8s/api/v1/pods%2d1',
  '/k8s/api/v1/pods%7e',
  'http://localhost/k8s/api/v1/pods',
  'https://kubernetes.default.svc/api/v1/pods',
  'HTTP://evil/k8s/api/v1/pods',
  'k8s/api/v1/pods',
  '*',
  'localhost:443',
  '?/k8s/api/v1/pods',
  '/k8s/api/v1/pods?a=%zz',
  '/k8s/api/v1/pods?a=%c0%af',
  '/k8s/api/v1/pods?a=1;watch=1',
  '/k8s/api/v1/pods?a=%00',
  '/k8s/api/v1/pods"',
  '/k8s/api/v1/<pods>',
  '/k8s/api/v1/{pods}',
  '/k8s/api/v1/pods|x',
  '/k8s/api/v1/po^ds',
  '/k8s/api/v1/po`ds',
  '/k8s/api/v1/p\u00e4ds',
  `/k8s/api/v1/pods?a=${'x'.repeat(9000)}`,
  `/k8s/api/v1/${'x/'.repeat(4500)}`,
  `/k8s/api/v1/pods?${'a&'.repeat(300)}`,
];

test('gateway acceptance 39: targets that are not canonical get 400 and nothing goes upstream', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  assert.ok(oddTargets.length >= 60, String(oddTargets.length));
  for (const target of oddTargets) {
    for (const method of target.length > 1000 ? ['GET'] : ['GET', 'POST']) {
      const answer = await world.raw(request(target, token, [], method));
      assert.equal(answer.status, 400, `${method} ${target}: ${answer.text}`);
      assert.doesNotMatch(answer.head, /^location:/im, target);
    }
  }
  silentUpstream(world, 'an odd target arrived');
});

test('gateway acceptance 39: the path decided about is the path sent, byte for byte', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  for (const target of [
    '/api/v1/namespaces/x/pods/web-1',
    '/api/v1/pods?limit=500&labelSelector=app%3Dweb%2Ctier%20in%20(a)',
    '/api/v1/pods/',
    '/api/v1/namespaces/x/configmaps/a%3Ab',
    '/api/v1/pods?fieldSelector=metadata.name%3Dx&&a',
  ]) {
    const answer = await world.raw(request(`/k8s${target}`, token));
    assert.equal(answer.status, 200, answer.text);
    assert.match(world.recorder?.received.join('') ?? '', lineOf(target));
  }
});

function lineOf(target: string): RegExp {
  return new RegExp(`GET ${target.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')} HTTP/1\\.1\r\n`);
}

test('gateway acceptance 39: whatever is accepted means the same to a server that decodes it', () => {
  const piece = oneof(
    constantFrom(
      'a',
      'pods',
      '.',
      '..',
      '',
      '%2e',
      '%2F',
      '%41',
      '%25',
      '\\',
      ';',
      ':',
      '%3A',
      '~',
    ),
    string({ maxLength: 4 }),
  );
  const path = array(piece, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
  check(
    property(path, (raw) => {
      let target;
      try {
        target = parseTarget(raw);
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError, String(thrown));
        return;
      }
      const url = new URL(raw, 'https://upstream');
      assert.equal(url.host, 'upstream');
      // What a URL library makes of it is what it was.
      assert.equal(url.pathname, target.path);
      const trimmed = target.path.replace(/^\//, '').replace(/\/$/, '');
      const cut = decodeURIComponent(trimmed);
      assert.deepEqual(trimmed === '' ? [] : cut.split('/'), target.segments);
      assert.equal(below(target, '')?.raw, raw);
    }),
    { numRuns: 2000 },
  );
});

test('gateway acceptance 43: headers that name a user get 400 in every spelling', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  for (const header of [
    'Impersonate-User: admin',
    'impersonate-user: admin',
    'IMPERSONATE-USER: admin',
    'Impersonate_User: admin',
    'IMPERSONATE_USER: admin',
    'Impersonate-Group: system:masters',
    'impersonate_group: system:masters',
    'Impersonate-Uid: 1',
    'Impersonate-Extra-scopes: all',
    'Impersonate-Extra-%41: all',
    'impersonate_Extra_x: all',
    'Impersonate-: x',
    'Impersonate-User : admin',
  ]) {
    const answer = await world.raw(request('/k8s/api/v1/pods', token, [header, header]));
    assert.equal(answer.status, 400, `${header}: ${answer.text}`);
  }
  silentUpstream(world, 'a header that names a user arrived');
});

test('gateway acceptance 44: Connection cannot take headers away', async (t) => {
  const world = await gatewayWorld(t, { recorded: true, options: { identity: 'impersonate' } });
  const token = await world.grant('g', pods);
  const spellings = [
    ['Connection: close, Impersonate-User, Impersonate-Group, Authorization'],
    ['Connection: Impersonate-User'],
    ['Connection:\tAuthorization'],
    ['Connection: close,x-foo'],
    ['connection: CLOSE , impersonate-user'],
    ['Connection: close', 'Connection: Authorization'],
    ['Connection: upgrade, Host'],
    ['Connection: close, Audit-ID'],
  ];
  for (const lines of spellings) {
    const bytes = request('/k8s/api/v1/pods', token, lines).replace('Connection: close\r\n', '');
    const answer = await world.raw(bytes);
    assert.equal(answer.status, 400, `${lines.join()}: ${answer.text}`);
  }
  silentUpstream(world, 'a trick with Connection arrived');
  const answer = await world.raw(request('/k8s/api/v1/pods', token));
  assert.equal(answer.status, 200);
  const seen = world.recorder?.received.join('') ?? '';
  assert.match(seen, /\r\nImpersonate-User: gw:link:default:g\r\n/);
  assert.match(seen, /\r\nImpersonate-Group: gw:links\r\nImpersonate-Group: gw:links:default\r\n/);
  assert.match(seen, /\r\nImpersonate-Extra-gateway\.drawbridge\.dev%2fgrant: default\/g\r\n/);
});

test('gateway acceptance 45: a forged client address binds nothing and is not believed', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', { ...pods, clientCIDRs: ['192.0.2.0/24'] });
  for (const header of [
    'X-Forwarded-For: 192.0.2.7',
    'Forwarded: for=192.0.2.7',
    'X-Real-IP: 192.0.2.7',
    'X-Client-IP: 192.0.2.7',
  ]) {
    const answer = await world.raw(request('/k8s/api/v1/pods', token, [header]));
    assert.equal(answer.status, 403, `${header}: ${answer.text}`);
  }
  silentUpstream(world, 'a forged address was believed');
});

test('gateway acceptance 46: cookies and odd headers stay on their side', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  world.recorder!.answer = answerText('200 OK', '{}', [
    'Set-Cookie: __Host-gw-x=evil',
    'X-Powered-By: magic',
    'Audit-Id: theirs',
  ]);
  const answer = await world.raw(
    request('/k8s/api/v1/pods', token, [
      'Cookie: a=b',
      'X-Remote-User: admin',
      'X-HTTP-Method-Override: DELETE',
      'X-Forwarded-Host: evil',
      'X-Custom: y',
      'Accept: application/json',
    ]),
  );
  assert.equal(answer.status, 200);
  assert.doesNotMatch(answer.head, /set-cookie|x-powered-by|theirs/i);
  const seen = world.recorder?.received.join('') ?? '';
  assert.match(seen, new RegExp(`\r\nAuthorization: Bearer ${gatewayBearer}\r\n`));
  assert.match(seen, /\r\naccept: application\/json\r\n/);
  assert.doesNotMatch(seen, /cookie|x-remote|override|forwarded-host|x-custom|dbg\./i);
});

test('gateway acceptance 47: requests that two servers read differently get 400 and the connection closes', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  const follow = request('/k8s/api/v1/pods/second', token);
  const head = (lines: readonly string[], body: string, method = 'POST') =>
    `${[`${method} /k8s/api/v1/namespaces/x/pods HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${token}`, ...lines].join('\r\n')}\r\n\r\n${body}`;
  for (const bytes of [
    head(['Transfer-Encoding: identity'], ''),
    head(['Transfer-Encoding: identity', 'Content-Length: 4'], '{}{}'),
    head(['Transfer-Encoding: chunked', 'Content-Length: 4'], '0\r\n\r\n'),
    head(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
    head(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    head(['Content-Length: 2', 'Content-Length: 3'], '{}'),
    head(['Content-Length: 2', 'Host: other'], '{}'),
    head(['Content-Length: 2', `Authorization: Bearer ${token}`], '{}'),
    head(['Content-Length: 2', 'Content-Type: a/b', 'Content-Type: c/d'], '{}'),
    head(['Content-Length: +2'], '{}'),
    head(['Content-Length : 2'], '{}'),
    head(['X-A: b', ' folded'], ''),
    head(['Content-Length: 2'], '{}', 'GET'),
    head(['Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n', 'GET'),
    head(['Cookie: a=b', 'Cookie: c=d'], ''),
  ]) {
    const answer = await world.raw(bytes + follow);
    assert.ok(answer.status === 400, `${bytes}\n--\n${answer.text}`);
    assert.equal(answer.text.match(/HTTP\/1\.1 \d+/g)?.length, 1, answer.text);
  }
  silentUpstream(world, 'a smuggled request arrived');
});

test('gateway hole 27: methods that no API has are refused', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  for (const method of ['TRACE', 'PROPFIND', 'CONNECT', 'SEARCH', 'get', 'X'.repeat(2048)]) {
    const target = method === 'CONNECT' ? 'kubernetes:443' : '/k8s/api/v1/pods';
    const answer = await world.raw(request(target, token, [], method));
    assert.ok([400, 405].includes(answer.status), `${method.slice(0, 20)}: ${answer.text}`);
  }
  silentUpstream(world, 'an odd method arrived');
});

test('gateway hole 35: a host that is not served gets 421', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  for (const host of ['kubernetes.default.svc', 'evil.example', 'localhost.evil', '']) {
    const bytes = request('/k8s/api/v1/pods', token).replace('Host: localhost', `Host: ${host}`);
    assert.equal((await world.raw(bytes)).status, 421, host);
    const nowhere = bytes.replace('/k8s/api/v1/pods', '/s/tag/nowhere');
    assert.equal((await world.raw(nowhere)).status, 421, `${host} learns what is not there`);
  }
  silentUpstream(world, 'a foreign host was served');
});

test('gateway acceptance 49: redirects that lead out are not passed on or followed', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', pods);
  for (const location of [
    'http://169.254.169.254/latest/meta-data',
    'https://evil.example/api/v1/pods',
    '//evil/api',
    '/login',
    '/api/../login',
    'api/v1',
  ]) {
    world.recorder!.answer = answerText('302 Found', '', [`Location: ${location}`]);
    const answer = await world.call('/k8s/api/v1/pods', { token });
    assert.equal(answer.status, 502, location);
    assert.equal(answer.headers.location, undefined);
    assert.equal(jsonIn(answer).kind, 'Status');
  }
  world.recorder!.answer = answerText('302 Found', '', ['Location: /api/v1/secrets']);
  const answer = await world.call('/k8s/api/v1/pods', { token });
  assert.deepEqual([answer.status, answer.headers.location], [302, '/k8s/api/v1/secrets']);
});

test('gateway hole 40: a body over the limit gets 413 and goes nowhere', async (t) => {
  const world = await gatewayWorld(t, {
    recorded: true,
    options: { limits: { bodyBytesMax: 1000 } },
  });
  const token = await world.grant('g', pods);
  const answer = await world.call('/k8s/api/v1/namespaces/x/pods', {
    token,
    body: JSON.stringify({ a: 'x'.repeat(2000) }),
  });
  assert.equal(answer.status, 413);
  silentUpstream(world, 'a body over the limit arrived');
});
