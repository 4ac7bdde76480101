/** Approval by others: who may, how often, against forged statuses and races; by real bearers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import type { HttpResponse } from '#http/index.ts';
import { verifyAuditLog } from '#gateway/index.ts';
import { grantTo, tokenFor } from '../support/api-identities.ts';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld, type GatewayWorld, jsonIn } from '../support/gateway-world.ts';
import { until } from '../support/until.ts';

const listMaps = { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] };
const maps = '/k8s/api/v1/namespaces/default/configmaps';
const drawbridge = { apiGroups: ['drawbridge.dev'], resources: ['gatewaytokens'] };
const account = (name: string) => ({ kind: 'ServiceAccount' as const, namespace: 'default', name });
const userOf = (name: string): string => `system:serviceaccount:default:${name}`;

interface Bench extends GatewayWorld {
  /** Makes a grant as `bot` does, through the gateway. @returns its code */
  issue(name: string, spec: GatewayToken['spec']): Promise<string>;
  say(who: string, name: string, more?: object): Promise<HttpResponse>;
  tokens: ReadonlyMap<string, string>;
}

async function bench(
  t: TestContext,
  setup: Parameters<typeof gatewayWorld>[1] = {},
): Promise<Bench> {
  const world = await gatewayWorld(t, setup);
  const tokens = new Map<string, string>();
  for (const name of ['bot', 'ann', 'bea', 'cy', 'stranger']) {
    tokens.set(name, await tokenFor(world.api, name));
  }
  await grantTo(world.api, 'bot', userOf('bot'), [
    { ...drawbridge, verbs: ['create', 'approve'] },
    listMaps,
  ]);
  for (const name of ['ann', 'bea', 'cy']) {
    await grantTo(world.api, name, userOf(name), [{ ...drawbridge, verbs: ['approve'] }]);
  }
  // The server learns of roles a moment later.
  await until(async () => {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const { group, plural: resource } = gatewayToken;
    const resourceAttributes = { verb: 'approve', group, resource, namespace: 'default' };
    const spec = { user: userOf('cy'), resourceAttributes };
    return (await world.api.call(path, { body: { spec } })).json.status.allowed === true;
  }, 'cy to be allowed to approve');
  const issue = async (name: string, spec: GatewayToken['spec']): Promise<string> => {
    const body = JSON.stringify({ namespace: 'default', name, spec });
    const made = await world.call('/gateway/v1/grants', { token: tokens.get('bot')!, body });
    assert.equal(made.status, 201, made.body.toString());
    return jsonIn(made).code;
  };
  const say = async (who: string, name: string, more: object = {}): Promise<HttpResponse> => {
    const { uid } = (await world.read(name)).metadata;
    const wish = { namespace: 'default', name, uid, decision: 'approved', ...more };
    const token = tokens.get(who)!;
    return world.call('/gateway/v1/approvals', { token, body: JSON.stringify(wish) });
  };
  return { ...world, issue, say, tokens };
}

const twoOfThree = {
  rules: [listMaps],
  approval: { required: 2, from: [account('ann'), account('bea'), account('cy')] },
};

test('gateway acceptance 26: with two approvals of three people a link works, and the record names them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-approval-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit.jsonl');
  const world = await bench(t, { options: { audit: { file, failClosed: true } } });
  const code = await world.issue('g', twoOfThree);
  const waits = await world.call(maps, { token: code });
  assert.equal(waits.status, 403);
  assert.match(
    jsonIn(waits).message,
    /waits for 2 of 2 approvals from ServiceAccount default\/ann, ServiceAccount default\/bea/,
  );
  const first = await world.say('ann', 'g', { reason: 'incident 4711' });
  assert.deepEqual([first.status, jsonIn(first).missing], [201, 1]);
  assert.equal((await world.call(maps, { token: code })).status, 403);
  await until(
    async () =>
      (await world.read('g')).status?.message?.startsWith('Waits for 1 of 2 approvals') === true,
    'the status to tell',
  );
  // The same person counts once.
  const again = await world.say('ann', 'g');
  assert.deepEqual([again.status, jsonIn(again).missing], [200, 1]);
  const second = await world.say('cy', 'g');
  assert.deepEqual([second.status, jsonIn(second).missing], [201, 0]);
  assert.equal((await world.call(maps, { token: code })).status, 200);
  const { approvals = [] } = (await world.read('g')).status ?? {};
  assert.deepEqual(
    approvals.map(({ name, reason, decision }) => [name, reason, decision]),
    [
      ['ann', 'incident 4711', 'approved'],
      ['cy', undefined, 'approved'],
    ],
  );
  await world.gateway.stop({ graceMs: 200 });
  assert.equal((await verifyAuditLog(file)).intact, true);
  const records = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const approve = records.filter(({ kind }) => kind === 'approve');
  assert.deepEqual(
    approve.map(({ user, grant, reason }) => [user, grant, reason]),
    [
      [userOf('ann'), 'default/g', 'incident 4711'],
      [userOf('cy'), 'default/g', undefined],
    ],
  );
  const used = records.findLast(({ kind }) => kind === 'request');
  assert.deepEqual(used.approvers, [userOf('ann'), userOf('cy')]);
});

test('nobody approves his own grant, without the verb, without being named, or with a wrong wish', async (t) => {
  const world = await bench(t);
  await world.issue('g', twoOfThree);
  const refusals: readonly [string, object, number, RegExp][] = [
    ['bot', {}, 403, /you made this grant/],
    ['stranger', {}, 403, /you may not yourself approve gatewaytokens\.drawbridge\.dev g/],
    ['ann', { uid: 'another' }, 410, /another one by now/],
    ['ann', { decision: 'maybe' }, 400, /decision must be/],
    ['ann', { reason: 'a\nb' }, 400, /reason must be one line/],
    ['ann', { reason: 'x'.repeat(600) }, 400, /reason must be one line/],
    ['ann', { name: '../x' }, 400, /name must be/],
    ['ann', { proof: 'x' }, 400, /unknown member "proof"/],
    ['ann', { name: 'none' }, 410, /gone/],
  ];
  for (const [who, more, status, words] of refusals) {
    const answer = await world.say(who, 'g', more);
    assert.equal(answer.status, status, `${who} ${JSON.stringify(more)} ${answer.body.toString()}`);
    assert.match(jsonIn(answer).message, words);
  }
  const body = JSON.stringify({ namespace: 'default', name: 'g', uid: 'x', decision: 'approved' });
  for (const token of ['x', 'a.b.c']) {
    assert.equal((await world.call('/gateway/v1/approvals', { body, token })).status, 401);
  }
  assert.equal((await world.call('/gateway/v1/approvals', { body })).status, 401);
  assert.deepEqual((await world.read('g')).status?.approvals ?? [], []);
  await world.issue('named', {
    rules: [listMaps],
    approval: { required: 1, from: [account('bea')] },
  });
  assert.match(jsonIn(await world.say('ann', 'named')).message, /not among those who may/);
  const forCy = { rules: [listMaps], approval: { required: 1 }, subjects: [account('cy')] };
  await world.issue('for-cy', forCy);
  assert.match(jsonIn(await world.say('cy', 'for-cy')).message, /this grant is for you/);
  await world.issue('free', { rules: [listMaps] });
  assert.match(jsonIn(await world.say('ann', 'free')).message, /asks for no approval/);
});

test('a group may approve, each of its people once', async (t) => {
  const world = await bench(t);
  const from = [{ kind: 'Group' as const, name: 'system:serviceaccounts:default' }];
  const code = await world.issue('g', { rules: [listMaps], approval: { required: 2, from } });
  assert.equal((await world.say('ann', 'g')).status, 201);
  assert.equal((await world.say('ann', 'g')).status, 200);
  assert.equal((await world.call(maps, { token: code })).status, 403);
  assert.equal((await world.say('bea', 'g')).status, 201);
  assert.equal((await world.call(maps, { token: code })).status, 200);
  assert.match(jsonIn(await world.say('cy', 'g')).message, /has all the approvals/);
});

test('approvals that come at once on two gateways all count, and none is lost', async (t) => {
  const world = await bench(t, { replicas: 2 });
  const from = ['ann', 'bea', 'cy'].map(account);
  const code = await world.issue('g', { rules: [listMaps], approval: { required: 3, from } });
  const { uid } = (await world.read('g')).metadata;
  const wish = { namespace: 'default', name: 'g', uid, decision: 'approved' };
  const body = JSON.stringify(wish);
  const answers = await Promise.all(
    ['ann', 'bea', 'cy', 'ann', 'bea', 'cy'].map((who, index) =>
      world.call('/gateway/v1/approvals', {
        token: world.tokens.get(who)!,
        body,
        at: world.gateways[index % 2]!,
      }),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 200, 200, 201, 201, 201],
  );
  assert.deepEqual((await world.read('g')).status?.approvals?.map(({ name }) => name).toSorted(), [
    'ann',
    'bea',
    'cy',
  ]);
  for (const at of world.gateways) {
    await until(async () => (await world.call(maps, { token: code, at })).status === 200, 'use');
  }
});

test('approvals that somebody wrote into the status do not count, and neither do copied ones', async (t) => {
  const world = await bench(t);
  const code = await world.issue('g', twoOfThree);
  const write = async (name: string, approvals: readonly object[]): Promise<void> => {
    await world.client.patch(
      gatewayToken,
      { namespace: 'default', name },
      { status: { approvals } },
      { subresource: 'status' },
    );
  };
  await write('g', [account('ann'), { ...account('bea'), proof: 'A'.repeat(43) }]);
  assert.equal((await world.call(maps, { token: code })).status, 403);
  // Real ones of another grant.
  await world.issue('h', twoOfThree);
  await world.say('ann', 'h');
  await world.say('bea', 'h');
  const { approvals = [] } = (await world.read('h')).status ?? {};
  assert.equal(approvals.length, 2);
  await write('g', approvals);
  assert.equal((await world.call(maps, { token: code })).status, 403);
  // A real one, changed.
  await world.say('ann', 'g');
  const [own] = (await world.read('g')).status?.approvals ?? [];
  await write('g', [own!, { ...own, name: 'bea' }, own!]);
  const still = await world.call(maps, { token: code });
  assert.match(jsonIn(still).message, /waits for 1 of 2/);
  // What is not ours goes with the next real one.
  assert.equal((await world.say('bea', 'g')).status, 201);
  assert.equal((await world.read('g')).status?.approvals?.length, 2);
  assert.equal((await world.call(maps, { token: code })).status, 200);
});

test('a denial ends a grant for good, before and after it was approved', async (t) => {
  const world = await bench(t);
  const code = await world.issue('g', { rules: [listMaps], approval: { required: 1 } });
  assert.equal((await world.say('ann', 'g')).status, 201);
  assert.equal((await world.call(maps, { token: code })).status, 200);
  const denied = await world.say('bea', 'g', { decision: 'denied', reason: 'not today' });
  assert.equal(denied.status, 201, denied.body.toString());
  await until(async () => (await world.call(maps, { token: code })).status === 401, 'the end');
  assert.equal((await world.read('g')).spec.revoked, true);
  assert.equal((await world.say('cy', 'g')).status, 410);
  assert.equal((await world.say('bot', 'g', { decision: 'denied' })).status, 410);
});

test('an approval is not possible after the end, and does not outlive the grant', async (t) => {
  const world = await bench(t);
  const short = { rules: [listMaps], approval: { required: 1 }, expirationWindow: '1s' };
  await world.issue('g', short);
  const { expirationTime = '' } = await settled(world, 'g');
  await until(() => Date.now() > Date.parse(expirationTime), 'the end of the grant');
  assert.match(jsonIn(await world.say('ann', 'g')).message, /nothing to approve: it is expired/);
  await world.issue('h', { rules: [listMaps], approval: { required: 1 } });
  await world.revoke('h');
  assert.match(jsonIn(await world.say('ann', 'h')).message, /revoked/);
});

async function settled(world: GatewayWorld, name: string) {
  await until(async () => (await world.read(name)).status?.expirationTime !== undefined, 'status');
  return (await world.read(name)).status ?? {};
}
