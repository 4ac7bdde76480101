/** Issuing by the gateway itself, for who has a bearer of the API server and no right on statuses. */
import assert from 'node:assert/strict';
import { gatewayToken } from '#apis/index.ts';
import type { HttpResponse } from '#http/index.ts';
import { grantTo, tokenFor } from '../support/api-identities.ts';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld, type GatewayWorld, jsonIn } from '../support/gateway-world.ts';

const listMaps = { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] };
const createRoles = {
  apiGroups: ['rbac.authorization.k8s.io'],
  resources: ['roles'],
  verbs: ['create'],
};
const gatewaySecrets = {
  ...listMaps,
  resources: ['secrets'],
  namespaces: ['drawbridge-system'],
};
const maps = '/k8s/api/v1/namespaces/default/configmaps';

async function issuerWorld(t: Parameters<typeof gatewayWorld>[0]) {
  const world = await gatewayWorld(t);
  const bearer = await tokenFor(world.api, 'bot');
  const user = 'system:serviceaccount:default:bot';
  const make = { apiGroups: ['drawbridge.dev'], resources: ['gatewaytokens'], verbs: ['create'] };
  await grantTo(world.api, 'bot', user, [make, listMaps]);
  const issue = (body: unknown, token = bearer): Promise<HttpResponse> =>
    world.call('/gateway/v1/grants', { token, body: JSON.stringify(body) });
  return { world, user, issue };
}

test('gateway acceptance 37: an issuer gives away what he may do himself, and not more', async (t) => {
  const { world, user, issue } = await issuerWorld(t);
  const made = await issue({ namespace: 'default', name: 'g', spec: { rules: [listMaps] } });
  assert.equal(made.status, 201, made.body.toString());
  const { code, link, grant } = jsonIn(made);
  assert.equal(link, `${world.gateway.origin}/l#${code}`);
  assert.equal(grant.issuedBy, user);
  assert.equal((await world.call(maps, { token: code })).status, 200);
  for (const [rule, missing] of [
    [{ ...listMaps, verbs: ['delete'] }, /you may not yourself delete configmaps/],
    [{ ...listMaps, verbs: ['list', '*'] }, /you may not yourself \* configmaps/],
    [{ ...listMaps, resources: ['secrets'] }, /you may not yourself list secrets/],
    [{ ...listMaps, apiGroups: [] }, /you may not yourself list configmaps/],
  ] as const) {
    const refused = await issue({ namespace: 'default', spec: { rules: [rule] } });
    assert.equal(refused.status, 403, JSON.stringify(rule));
    assert.match(jsonIn(refused).message, missing);
  }
  const exec = { rules: [listMaps], connect: ['exec'] };
  assert.equal((await issue({ namespace: 'default', spec: exec })).status, 403);
  const urls = { urls: ['/api/v1/pods'] };
  assert.equal((await issue({ namespace: 'default', spec: urls })).status, 403);
  const { items } = await world.client.list(gatewayToken);
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['g'],
    'a refused grant was made',
  );
});

test('gateway acceptance 32: what is no grant gets 400 naming the field', async (t) => {
  const { issue } = await issuerWorld(t);
  const wish = (spec: object) => ({ namespace: 'default', spec: { rules: [listMaps], ...spec } });
  for (const [body, what] of [
    [wish({ expirationWindow: '30 minutes' }), /spec\.expirationWindow/],
    [wish({ expirationWindow: '-1m' }), /spec\.expirationWindow/],
    [wish({ expirationWindow: '0s' }), /spec\.expirationWindow/],
    [wish({ expirationWindow: '87600h' }), /spec\.expirationWindow/],
    [wish({ sessionMax: 'soon' }), /spec\.sessionMax/],
    [wish({ urls: ['/api/v1/pods*'] }), /spec\.urls/],
    [wish({ clientCIDRs: ['10.0.0.0/33'] }), /spec\.clientCIDRs/],
    [wish({ notBefore: 'garbage' }), /spec\.notBefore/],
    [wish({ notBefore: '2020-01-01T00:00:00Z' }), /spec\.notBefore: it would have ended already/],
    [wish({ cluster: 'mars' }), /spec\.cluster: this gateway reaches local/],
    [wish({ rules: [createRoles] }), /spec\.rules: nothing opens create roles/],
    [wish({ rules: [gatewaySecrets] }), /spec\.rules: nothing opens list secrets/],
    [wish({ usesAllowed: 0 }), /spec\.usesAllowed/],
    [wish({ Exp: 9_999_999_999 }), /spec\.Exp is no member of a grant/],
    [wish({ connect: ['shell'] }), /spec\.connect/],
    [{ ...wish({}), status: { codeHash: 'x' } }, /unknown member "status"/],
    [{ ...wish({}), namespace: '../kube-system' }, /namespace must be/],
    [{ ...wish({}), name: 'a/b' }, /name must be/],
    [{ namespace: 'default', spec: 5 }, /spec must be an object/],
    [{ namespace: 'default' }, /spec must be an object/],
    [{ ...wish({}), namespace: 'nowhere' }, /nowhere/],
  ] as const) {
    const answer = await issue(body);
    assert.equal(answer.status, 400, `${JSON.stringify(body)} ${answer.body.toString()}`);
    assert.match(jsonIn(answer).message, what);
  }
});

test('who is nobody at the API server issues nothing', async (t) => {
  const { world, issue } = await issuerWorld(t);
  const body = { namespace: 'default', spec: { rules: [listMaps] } };
  const own = await world.grant('own', { rules: [listMaps] });
  for (const token of ['x', 'a.b.c', own]) assert.equal((await issue(body, token)).status, 401);
  const anonymous = await world.call('/gateway/v1/grants', { body: JSON.stringify(body) });
  assert.equal(anonymous.status, 401);
});

test('an expired session is not taken for guessing', async (t) => {
  const world: GatewayWorld = await gatewayWorld(t);
  const code = await world.grant('g', { rules: [listMaps] });
  const body = JSON.stringify({ code, nonce: 'n'.repeat(32), as: 'bearer' });
  const { token } = jsonIn(await world.call('/gateway/v1/redeem', { body }));
  await world.revoke('g');
  for (let at = 0; at < 60; at++) {
    const { status } = await world.call(maps, { token });
    assert.ok(status === 401 || (at < 30 && status === 200), `${at}: ${status}`);
  }
});
