/** Grants in use: rules, counting over replicas, time, revocation, places. Before the real API server. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request as httpsStream } from 'node:https';
import { gatewayToken } from '#apis/index.ts';
import type { HttpResponse } from '#http/index.ts';
import { configMap } from '#kube/index.ts';
import { test } from '../support/gateway-target.ts';
import {
  gatewayWorld,
  type GatewayWorld,
  grantNamespace,
  jsonIn,
} from '../support/gateway-world.ts';
import { until } from '../support/until.ts';

const nonce = (): string => randomBytes(16).toString('hex');
const api = '/k8s/api/v1';

async function configMapOf(world: GatewayWorld, name: string, labels = {}): Promise<void> {
  await world.client.create(configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: grantNamespace, labels },
    data: { a: 'b' },
  });
}

const redeem = (
  world: GatewayWorld,
  code: string,
  more: { readonly at?: number; readonly nonce?: string; readonly as?: string } = {},
): Promise<HttpResponse> => {
  const at = world.gateways[more.at ?? 0];
  return world.call('/gateway/v1/redeem', {
    ...(at === undefined ? {} : { at }),
    body: JSON.stringify({ code, nonce: more.nonce ?? nonce(), as: more.as ?? 'bearer' }),
  });
};

test('gateway acceptance 12: a rule in the words of RBAC allows its verbs and nothing else', async (t) => {
  const world = await gatewayWorld(t);
  await configMapOf(world, 'a');
  const token = await world.grant('g', {
    rules: [{ verbs: ['get', 'list'], resources: ['configmaps'], namespaces: [grantNamespace] }],
  });
  const at = `${api}/namespaces/${grantNamespace}/configmaps`;
  assert.equal((await world.call(`${at}/a`, { token })).status, 200);
  const list = await world.call(at, { token });
  assert.equal(list.status, 200);
  assert.equal(jsonIn(list).kind, 'ConfigMapList');
  const watch = await world.call(`${at}?watch=1`, { token });
  assert.deepEqual([watch.status, jsonIn(watch).reason], [403, 'Forbidden']);
  assert.match(jsonIn(watch).message, /no rule of the grant allows watch on configmaps/);
  assert.equal((await world.call(`${at}/a`, { token, method: 'DELETE' })).status, 403);
  assert.equal(
    (await world.call(`${api}/namespaces/kube-system/configmaps`, { token })).status,
    403,
  );
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 403);
  assert.equal((await world.call('/k8s/version', { token })).status, 200);
  assert.equal((await world.call('/apis', { token })).status, 200, 'at the root too');
  // One use: the bearer was redeemed by its first request.
  assert.equal((await world.read('g')).status?.uses, 1);
});

test('gateway acceptance 13: a rule for names hints at the field selector that it needs', async (t) => {
  const world = await gatewayWorld(t);
  await configMapOf(world, 'web-1');
  const token = await world.grant('g', {
    rules: [{ verbs: ['list'], resources: ['configmaps'], resourceNames: ['web-1'] }],
  });
  const refused = await world.call(`${api}/configmaps`, { token });
  assert.equal(refused.status, 403);
  assert.match(jsonIn(refused).message, /add fieldSelector=metadata\.name=NAME/);
  const allowed = await world.call(`${api}/configmaps?fieldSelector=metadata.name%3Dweb-1`, {
    token,
  });
  assert.equal(allowed.status, 200);
  const other = await world.call(`${api}/configmaps?fieldSelector=metadata.name%3Dweb-2`, {
    token,
  });
  assert.equal(other.status, 403);
});

test('gateway acceptance 14: a rule that denies wins and is named', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', {
    rules: [
      { verbs: ['*'], resources: ['pods'], subresources: ['*'] },
      { verbs: ['*'], resources: ['pods'], subresources: ['exec'], effect: 'deny' },
    ],
    connect: ['exec', 'attach'],
  });
  const at = `${api}/namespaces/x/pods/p`;
  const refused = await world.call(`${at}/exec?command=sh`, { token, method: 'POST' });
  assert.equal(refused.status, 403);
  assert.match(jsonIn(refused).message, /rules\[1\] of the grant denies this/);
  assert.deepEqual(world.recorder?.received, []);
  assert.equal((await world.call(`${at}/attach`, { token, method: 'POST' })).status, 200);
});

test('through a proxy each method needs its own verb', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['services'] }];
  const token = await world.grant('g', { rules, connect: ['proxy'] });
  const at = `${api}/namespaces/x/services/web/proxy/orders`;
  assert.equal((await world.call(at, { token })).status, 200);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    assert.equal((await world.call(at, { token, method })).status, 403, method);
  }
});

test('gateway acceptance 16: a rule with a label selector takes narrower lists only', async (t) => {
  const world = await gatewayWorld(t);
  const token = await world.grant('g', {
    rules: [{ verbs: ['list', 'get'], resources: ['configmaps'], selectors: ['app=web'] }],
  });
  const ask = async (selector: string): Promise<number> =>
    (await world.call(`${api}/configmaps?labelSelector=${encodeURIComponent(selector)}`, { token }))
      .status;
  assert.equal(await ask('app=web'), 200);
  assert.equal(await ask('app=web,tier=a'), 200);
  assert.equal(await ask('app in (web)'), 200);
  for (const wide of ['', 'tier=a', 'app in (web,db)', 'app', 'app!=db', 'app=db']) {
    assert.equal(await ask(wide), 403, wide);
  }
  assert.equal((await world.call(`${api}/namespaces/default/configmaps/a`, { token })).status, 403);
});

test('gateway acceptance 6: a grant that begins later says so and then works', async (t) => {
  const world = await gatewayWorld(t);
  const begins = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2000);
  const token = await world.grant('g', {
    rules: [{ verbs: ['list'], resources: ['configmaps'] }],
    notBefore: begins.toISOString().replace('.000', ''),
  });
  const early = await world.call(`${api}/configmaps`, { token });
  assert.equal(early.status, 401);
  assert.match(jsonIn(early).message, /not valid yet/);
  assert.equal((await redeem(world, token)).status, 401);
  await until(
    async () => (await world.call(`${api}/configmaps`, { token })).status === 200,
    'the grant to begin',
  );
  assert.ok(Date.now() >= begins.getTime());
});

test('gateway acceptance 27: of 200 redemptions of a one-use link over three replicas one succeeds', async (t) => {
  const world = await gatewayWorld(t, { replicas: 3 });
  const code = await world.grant('g', { rules: [{ verbs: ['get'], resources: ['configmaps'] }] });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, at) => redeem(world, code, { at: at % 3 })),
  );
  const tally = answers.map(({ status }) => status).sort((a, b) => a - b);
  assert.deepEqual(tally, [201, ...Array.from({ length: 199 }, () => 410)]);
  const { status } = await world.read('g');
  assert.deepEqual([status?.uses, status?.redemptions?.length], [1, 1]);
});

test('gateway acceptance 28: five uses are five uses, also when a replica ends among them', async (t) => {
  const world = await gatewayWorld(t, { replicas: 3 });
  const code = await world.grant('g', {
    rules: [{ verbs: ['get'], resources: ['configmaps'] }],
    usesAllowed: 5,
  });
  const begun = Array.from({ length: 20 }, (_, at) =>
    redeem(world, code, { at: at % 3 }).then(
      ({ status }) => status,
      () => 0,
    ),
  );
  await world.gateways[1]?.stop({ graceMs: 0 });
  const statuses = await Promise.all(begun);
  const succeeded = statuses.filter((status) => status === 201).length;
  const uses = (await world.read('g')).status?.uses ?? 0;
  assert.ok(succeeded <= 5, String(statuses));
  // A replica that ends between counting and answering spends a use for nothing, never the reverse.
  assert.ok(uses <= 5 && uses >= succeeded, `${uses} counted, ${succeeded} given`);
  assert.equal((await redeem(world, code, { at: 2 })).status, uses < 5 ? 201 : 410);
});

test('the same redemption repeated gets the same session, from any replica, and one use', async (t) => {
  const world = await gatewayWorld(t, { replicas: 2 });
  const code = await world.grant('g', { rules: [{ verbs: ['list'], resources: ['configmaps'] }] });
  const once = nonce();
  const first = jsonIn(await redeem(world, code, { nonce: once, at: 0 }));
  const again = jsonIn(await redeem(world, code, { nonce: once, at: 1 }));
  assert.equal(first.token, again.token);
  assert.equal((await world.read('g')).status?.uses, 1);
  assert.equal((await redeem(world, code)).status, 410);
  const listed = await world.call(`${api}/configmaps`, { token: first.token });
  assert.equal(listed.status, 200);
  // What is kept is a hash, and the code itself is nowhere.
  const stored = JSON.stringify(await world.read('g'));
  assert.ok(!stored.includes(code.split('.').at(-1) ?? '') && !stored.includes(first.token));
});

/** Opens a watch through a replica and collects what it says. */
function openWatch(world: GatewayWorld, token: string, at = 0) {
  const gateway = world.gateways[at]!;
  const state = { text: '', ended: false, status: 0, endedMs: 0 };
  const request = httpsStream(
    `${gateway.origin}${api}/namespaces/${grantNamespace}/configmaps?watch=1`,
    { ca: world.api.files.ca, headers: { authorization: `Bearer ${token}` }, agent: false },
    (answer) => {
      state.status = answer.statusCode ?? 0;
      answer.on('data', (chunk: Buffer) => {
        state.text += chunk.toString();
      });
      answer.on('close', () => {
        state.ended = true;
        state.endedMs = Date.now();
      });
      answer.on('error', () => undefined);
    },
  );
  request.on('error', () => undefined);
  request.end();
  return state;
}

test('gateway acceptance 29: revoking ends open watches on every replica and closes the door', async (t) => {
  const world = await gatewayWorld(t, { replicas: 3 });
  const token = await world.grant('g', {
    rules: [{ verbs: ['*'], resources: ['configmaps'] }],
  });
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 200);
  const watches = [0, 1, 2].map((at) => openWatch(world, token, at));
  await until(() => watches.every(({ status }) => status === 200), 'the watches to open');
  await world.revoke('g');
  await until(() => watches.every(({ ended }) => ended), 'the watches to end', 5000);
  for (const { text } of watches) {
    const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '{}');
    assert.deepEqual([last.type, last.object.code], ['ERROR', 410]);
    assert.match(last.object.message, /revoked/);
  }
  for (const at of world.gateways) {
    assert.equal((await world.call(`${api}/configmaps`, { token, at })).status, 401);
    assert.equal(at.openStreams, 0);
  }
  assert.equal((await redeem(world, token)).status, 410);
});

test('gateway acceptance 34: a stream ends with the time of its grant', async (t) => {
  const world = await gatewayWorld(t);
  const token = await world.grant('g', {
    rules: [{ verbs: ['*'], resources: ['configmaps'] }],
    expirationWindow: '3s',
  });
  const { metadata } = await world.read('g');
  const endMs = Date.parse(metadata.creationTimestamp ?? '') + 3000;
  const watch = openWatch(world, token);
  await until(() => watch.status === 200, 'the watch to open');
  await until(() => watch.ended, 'the watch to end');
  assert.match(watch.text, /the time of the grant is over/);
  assert.ok(watch.endedMs >= endMs, `${watch.endedMs} before ${endMs}`);
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 401);
});

test('gateway acceptance 20: events of a watch arrive as they happen', async (t) => {
  const world = await gatewayWorld(t);
  const token = await world.grant('g', { rules: [{ verbs: ['*'], resources: ['configmaps'] }] });
  const watch = openWatch(world, token);
  await until(() => watch.status === 200, 'the watch to open');
  for (const name of ['one', 'two', 'three']) {
    await configMapOf(world, name);
    await until(() => watch.text.includes(`"${name}"`), `the event of ${name}`);
  }
});

test('gateway acceptance 30: without the API nothing is redeemed and no use is lost', async (t) => {
  const world = await gatewayWorld(t, { options: { graceMs: 1000 } });
  const code = await world.grant('g', { rules: [{ verbs: ['list'], resources: ['configmaps'] }] });
  const opened = await world.grant('h', {
    rules: [{ verbs: ['list'], resources: ['configmaps'] }],
  });
  assert.equal((await world.call(`${api}/configmaps`, { token: opened })).status, 200);
  const { target } = world.way;
  world.way.target = 1;
  world.way.cut();
  const answer = await redeem(world, code);
  assert.equal(answer.status, 503);
  assert.equal(jsonIn(answer).reason, 'ServiceUnavailable');
  const late = await until(async () => {
    const { status } = await world.call(`${api}/configmaps`, { token: opened });
    return status === 503 ? status : undefined;
  }, 'the grace to pass');
  assert.equal(late, 503);
  assert.equal((await world.read('g')).status?.uses ?? 0, 0);
  world.way.target = target;
  await until(async () => (await redeem(world, code)).status === 201, 'the API to be back');
  assert.equal((await world.read('g')).status?.uses, 1);
});

test('gateway acceptance 36: bearers of others are not grants', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  await world.grant('g', { rules: [{ verbs: ['*'], resources: ['pods'] }] });
  const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"exp":0}').toString('base64url')}.`;
  const secret = randomBytes(32).toString('base64url');
  for (const token of [
    jwt,
    'x',
    `dbg.default.g.${secret}`,
    `dbs.default.g.${secret}`,
    `dbg.default.none.${secret}`,
  ]) {
    assert.equal((await world.call(`${api}/pods`, { token })).status, 401, token);
  }
  for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', '']) {
    const answer = await world.call(`${api}/pods`, { headers: { authorization } });
    assert.equal(answer.status, 401, authorization);
  }
  assert.equal((await world.call(`${api}/pods`)).status, 401);
  assert.deepEqual(world.recorder?.received, []);
});

test('gateway acceptance 38: the widest grant does not open the keys of the gateway', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const everything = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], subresources: ['*'] }];
  const token = await world.grant('g', {
    rules: everything,
    connect: ['exec', 'proxy', 'log'],
    urls: ['/api/*', '/apis/*'],
    methods: ['get', 'watch', 'post', 'put', 'patch', 'delete'],
  });
  const own = `${api}/namespaces/drawbridge-system`;
  const grants = '/k8s/apis/drawbridge.dev/v1alpha1/namespaces/default/gatewaytokens';
  const rbac = '/k8s/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  for (const [method, path] of [
    ['GET', `${own}/secrets/gateway-key`],
    ['GET', `${own}/secrets`],
    ['GET', `${own}/secrets?watch=1`],
    ['GET', `${api}/secrets`],
    ['GET', `${api}/secrets?watch=true`],
    ['GET', `${api}/secrets?labelSelector=a%3Db`],
    ['GET', `${api}/secrets?fieldSelector=metadata.namespace%3Ddrawbridge-system`],
    ['GET', `${api}/watch/secrets`],
    ['GET', `${api}/watch/namespaces/drawbridge-system/secrets`],
    ['POST', `${own}/pods`],
    ['POST', `${own}/serviceaccounts/gateway/token`],
    ['POST', grants],
    ['PATCH', `${grants}/g`],
    ['PATCH', `${grants}/g/status`],
    ['DELETE', `${grants}/g`],
    ['POST', rbac],
    ['POST', '/k8s/apis/authentication.k8s.io/v1/tokenreviews'],
    ['POST', '/k8s/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'],
    ['GET', `${api}/nodes/n1/proxy/run/x`],
    ['GET', `${api}/proxy/nodes/n1`],
  ] as const) {
    const answer = await world.call(path, { token, method });
    assert.equal(answer.status, 403, `${method} ${path}`);
  }
  assert.deepEqual(world.recorder?.received, []);
  assert.equal((await world.call(`${api}/namespaces/x/secrets`, { token })).status, 200);
  assert.equal((await world.call(rbac, { token })).status, 200);
});

test('gateway acceptance 40: patterns stop at segments', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', {
    urls: ['/api/v1/pods*', '/api/v1/namespaces/*/configmaps', '/api/v1/namespaces/x/pods/*'],
  });
  const ask = async (path: string, method = 'GET'): Promise<number> =>
    (await world.call(path, { token, method })).status;
  for (const path of [
    '/podsecrets',
    '/pods',
    '/namespaces/x/configmaps/a',
    '/namespaces/x/y/configmaps',
    '/namespaces/x/pods',
    '/namespaces/x/podtemplates',
    '/namespaces/x/configmaps?watch=1',
    '/namespaces/x/pods/p/exec',
    '/namespaces/x/pods/p/log',
  ]) {
    assert.equal(await ask(`${api}${path}`), 403, path);
  }
  assert.equal(await ask(`${api}/namespaces/x/configmaps`, 'POST'), 403);
  assert.deepEqual(world.recorder?.received, []);
  assert.equal(await ask(`${api}/namespaces/x/configmaps`), 200);
  assert.equal(await ask(`${api}/namespaces/x/configmaps`, 'HEAD'), 200);
  assert.equal(await ask(`${api}/namespaces/x/pods/p`), 200);
  assert.equal(await ask(`${api}/namespaces/x/pods/p/status`), 200);
  const { status } = await world.read('g');
  assert.match(status?.message ?? '', /"\/api\/v1\/pods\*" is not a pattern/);
});

test('gateway acceptance 41: no spelling of watch passes for a list', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const token = await world.grant('g', {
    rules: [{ verbs: ['get', 'list'], resources: ['pods'] }],
  });
  for (const path of [
    '/pods?watch=1',
    '/pods?watch=true',
    '/pods?watch',
    '/pods?watch=TRUE',
    '/pods?watch=t',
    '/pods?watch=yes',
    '/pods?watch=false&watch=true',
    '/pods?watch=0&watch=0',
    '/watch/pods',
    '/watch/namespaces/x/pods',
    '/watch/namespaces/x/pods/p',
    '/pods?sendInitialEvents=true&watch=1',
  ]) {
    assert.equal((await world.call(`${api}${path}`, { token })).status, 403, path);
  }
  assert.deepEqual(world.recorder?.received, []);
  for (const path of ['/pods?watch=false', '/pods?watch=0', '/pods?limit=1&continue=x']) {
    assert.equal((await world.call(`${api}${path}`, { token })).status, 200, path);
  }
});

test('each request counts when the grant says so, reading discovery does not', async (t) => {
  const world = await gatewayWorld(t);
  const token = await world.grant('g', {
    rules: [{ verbs: ['list'], resources: ['configmaps'] }],
    usesAllowed: 2,
    countPer: 'request',
  });
  assert.equal((await world.call('/k8s/api', { token })).status, 200);
  assert.equal((await world.call(`${api}/secrets`, { token })).status, 403);
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 200);
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 200);
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 401);
  assert.equal((await world.read('g')).status?.uses, 2);
});

test('a grant has no more sessions at once than it may', async (t) => {
  const world = await gatewayWorld(t);
  const code = await world.grant('g', {
    rules: [{ verbs: ['list'], resources: ['configmaps'] }],
    usesAllowed: 5,
    maxConcurrent: 1,
  });
  const { token } = jsonIn(await redeem(world, code));
  const busy = await redeem(world, code);
  assert.equal(busy.status, 429);
  assert.ok(Number(busy.headers['retry-after']) > 0);
  const left = await world.call('/gateway/v1/self', { token, method: 'DELETE' });
  assert.equal(left.status, 200);
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 401);
  assert.equal((await redeem(world, code)).status, 201);
  assert.equal((await world.read('g')).status?.uses, 2);
});

test('a deleted grant is gone at once', async (t) => {
  const world = await gatewayWorld(t);
  const token = await world.grant('g', { rules: [{ verbs: ['list'], resources: ['configmaps'] }] });
  assert.equal((await world.call(`${api}/configmaps`, { token })).status, 200);
  await world.client.delete(gatewayToken, { namespace: grantNamespace, name: 'g' });
  await until(
    async () => (await world.call(`${api}/configmaps`, { token })).status === 401,
    'the grant to be gone',
  );
});
