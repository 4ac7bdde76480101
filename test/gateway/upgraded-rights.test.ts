/** Ways to get more out of a grant than its rules say: each spelling is refused before the API server. */
import assert from 'node:assert/strict';
import type { GatewayToken } from '#apis/index.ts';
import { parseTarget } from '#gateway/request/target.ts';
import { requestInfo } from '#gateway/request/request-info.ts';
import { mayCreate } from '#gateway/rules/create-by-name.ts';
import type { AnyJson } from '../support/api-server.ts';
import { gatewayTarget, isRealTarget, test } from '../support/gateway-target.ts';
import { gatewayWorld, type GatewayWorld } from '../support/gateway-world.ts';

const ns = '/k8s/api/v1/namespaces/x';
const plenty = { usesAllowed: 1000 };
let made = 0;

/** Statuses of requests, `METHOD target [content-type]`, under one grant. */
async function statuses(
  world: GatewayWorld,
  spec: GatewayToken['spec'],
  asked: readonly string[],
): Promise<Record<string, number>> {
  const token = await world.grant(`g${made++}`, { ...plenty, ...spec });
  const found: Record<string, number> = {};
  for (const line of asked) {
    const [method = '', target = '', type = 'application/json'] = line.split(' ');
    const body = method === 'GET' ? [] : [`Content-Type: ${type}`, 'Content-Length: 2'];
    const head = [
      `${method} ${target} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${token}`,
      'Connection: close',
      ...body,
    ];
    const answer = await world.raw(`${head.join('\r\n')}\r\n\r\n${body.length > 0 ? '{}' : ''}`);
    found[line] = answer.status;
  }
  return found;
}

const refused = (asked: readonly string[]) => Object.fromEntries(asked.map((line) => [line, 403]));
const passed = (asked: readonly string[]) => Object.fromEntries(asked.map((line) => [line, 200]));

test('what makes an object by its name needs the right to create', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const rule = { resources: ['configmaps', 'services', 'configmaps/status'] };
  const apply = 'application/apply-patch+yaml';
  const making = [
    `PATCH ${ns}/configmaps/a ${apply}`,
    `PATCH ${ns}/configmaps/a Application/Apply-Patch+YAML;charset=utf-8`,
    `PATCH ${ns}/configmaps/a application/apply-patch+cbor`,
    `PUT ${ns}/services/a`,
  ];
  const changing = [
    `PATCH ${ns}/configmaps/a application/merge-patch+json`,
    `PATCH ${ns}/configmaps/a/status ${apply}`,
    `PUT ${ns}/configmaps/a`,
  ];
  const verbs = ['patch', 'update'];
  const both = [...verbs, 'create'];
  assert.deepEqual(await statuses(world, { rules: [{ ...rule, verbs }] }, making), refused(making));
  assert.deepEqual(
    await statuses(world, { rules: [{ ...rule, verbs }] }, changing),
    passed(changing),
  );
  assert.deepEqual(
    await statuses(world, { rules: [{ ...rule, verbs: both }] }, making),
    passed(making),
  );
  const denying = { ...rule, verbs: ['create'], effect: 'deny' as const };
  const mixed = { rules: [{ ...rule, verbs: both }, denying] };
  assert.deepEqual(await statuses(world, mixed, making), refused(making));
  const urls = [`/api/v1/namespaces/x/*`];
  assert.deepEqual(
    await statuses(world, { urls, methods: ['patch', 'put'] }, making),
    refused(making),
  );
  assert.deepEqual(
    await statuses(world, { urls, methods: ['patch', 'put', 'post'] }, making),
    passed(making),
  );
});

test('the kinds that a PUT makes are known', async (t) => {
  const { api } = await gatewayTarget(t, false);
  const versions = (await api.call('/apis')).json.groups.flatMap((group: AnyJson) =>
    group.versions.map(({ groupVersion }: AnyJson) => groupVersion),
  );
  const making: string[] = [];
  for (const version of ['v1', ...versions]) {
    const root = version === 'v1' ? '/api/v1' : `/apis/${version}`;
    for (const { name, kind, namespaced, verbs } of (await api.call(root)).json.resources) {
      if (name.includes('/') || !verbs.includes('update')) continue;
      const path = `${root}${namespaced === true ? '/namespaces/default' : ''}/${name}/absent`;
      const body = { apiVersion: version, kind, metadata: { name: 'absent' } };
      const { status } = await api.call(path, { method: 'PUT', body });
      const known = mayCreate('PUT', '', requestInfo('PUT', parseTarget(path)));
      // Nobody changes those of RBAC through a grant.
      const makes = status !== 404 && !version.startsWith('rbac.');
      if (makes) making.push(name);
      assert.ok(known || !makes, `PUT ${path} got ${status}`);
    }
  }
  if (isRealTarget) assert.ok(making.includes('leases'), making.join(' '));
});

test('nothing is opened or changed in the namespace of the gateway, by any transport or group', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const own = '/k8s/api/v1/namespaces/drawbridge-system';
  const rules = [{ verbs: ['*'], subresources: ['*'] }];
  const connect: GatewayToken['spec']['connect'] = [
    'exec',
    'attach',
    'portforward',
    'proxy',
    'log',
  ];
  const opening = [
    `GET ${own}/pods/p/exec?command=sh`,
    `GET ${own}/pods/p/attach`,
    `GET ${own}/pods/p/portforward`,
    `GET ${own}/pods/p/proxy/`,
    `GET ${own}/services/s/proxy/metrics`,
    'POST /k8s/apis/apps/v1/namespaces/drawbridge-system/deployments',
    'PATCH /k8s/apis/apps/v1/namespaces/drawbridge-system/deployments/d application/merge-patch+json',
    'POST /k8s/apis/batch/v1/namespaces/drawbridge-system/jobs',
  ];
  assert.deepEqual(await statuses(world, { rules, connect }, opening), refused(opening));
  const reading = [
    `GET ${own}/pods/p/log`,
    'GET /k8s/apis/apps/v1/namespaces/drawbridge-system/deployments',
    `GET ${ns}/pods/p/proxy/`,
  ];
  assert.deepEqual(await statuses(world, { rules, connect }, reading), passed(reading));
});

test('a rule that denies by query denies every spelling that a server reads so', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const pod = `${ns}/pods/p`;
  const allow = { verbs: ['*'], resources: ['pods'] };
  const deny = (queries: Record<string, string>): GatewayToken['spec'] => ({
    rules: [allow, { ...allow, effect: 'deny', queries }],
    connect: ['exec', 'log'],
  });
  const shells = [
    `GET ${pod}/exec?command=sh`,
    `GET ${pod}/exec?command=sh&command=-c&command=id`,
    `GET ${pod}/exec?command=ls&command=sh`,
    `GET ${pod}/exec?%63ommand=%73h&command=sh`,
  ];
  assert.deepEqual(await statuses(world, deny({ command: 'sh' }), shells), refused(shells));
  const before = ['true', 'true&previous=true', '1', 'TRUE', 'yes', ''].map(
    (value) => `GET ${pod}/log?previous=${value}`,
  );
  assert.deepEqual(await statuses(world, deny({ previous: 'true' }), before), refused(before));
  const others = [`GET ${pod}/log?previous=false`, `GET ${pod}/log`];
  assert.deepEqual(await statuses(world, deny({ previous: 'true' }), others), passed(others));
});

test('a star in a pattern does not mean what hands out rights', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const methods = ['post', 'patch'];
  const asked = [
    `POST ${ns}/serviceaccounts/default/token`,
    `POST ${ns}/pods/p/eviction`,
    `POST ${ns}/pods/p/binding`,
    `PATCH ${ns}/pods/p/ephemeralcontainers application/merge-patch+json`,
  ];
  const wide = { urls: ['/api/v1/namespaces/*'], methods };
  assert.deepEqual(await statuses(world, wide, asked), refused(asked));
  const named = { urls: ['/api/v1/namespaces/x/pods/*/eviction'], methods };
  const [, eviction = ''] = asked;
  assert.deepEqual(await statuses(world, named, [eviction]), passed([eviction]));
});
