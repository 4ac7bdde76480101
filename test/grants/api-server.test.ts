import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AccessGrant,
  accessGrant,
  accessToken,
  certificate,
  link,
  site,
} from '#apis/index.ts';
import { startAccessTokenController } from '#grants/index.ts';
import { namespace, secret } from '#kube/index.ts';
import { apiServerBench } from '../support/controller-bench.ts';
import { grantWorldOver, openSite, siteOf, west } from '../support/grant-world.ts';
import { until } from '../support/until.ts';

const east = 'east';

test('over our own API server a grant becomes a Link, and the certificate objects are Ready', async (context) => {
  const world = await grantWorldOver(await apiServerBench(context, [west, east]));
  world.own(startAccessTokenController(world));
  await openSite(world);
  await world.client.create(site, siteOf(east));
  const grant = await world.grant('g', { redemptionsAllowed: 20, expirationWindow: '25m' });
  const { url = '', code = '', ca = '' } = grant.status ?? {};
  await world.client.create(accessToken, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name: 'west-token', namespace: east },
    spec: { url, code, ca },
  });
  const key = { namespace: east, name: 'west-token' };
  const token = await until(async () => {
    const found = await world.client.get(accessToken, key);
    return found.status?.redeemed === true ? found : undefined;
  }, 'redeemed');
  assert.deepEqual([token.status?.status, token.status?.message], ['Ready', 'OK']);
  const made = await world.client.get(link, key);
  assert.equal(made.spec?.tlsCredentials, 'west-token');
  assert.equal((await world.client.get(secret, key)).type, 'kubernetes.io/tls');
  const counted = await world.client.get(accessGrant, { namespace: west, name: 'g' });
  assert.equal(counted.status?.redemptions, 1);
  assert.ok(await world.client.get(namespace, { namespace: '', name: 'drawbridge-system' }));
  for (const name of ['skupper-grant-server-ca', 'skupper-grant-server']) {
    const found = await world.client.get(certificate, { namespace: 'drawbridge-system', name });
    assert.equal(found.status?.status, 'Ready');
  }
  // The site goes and takes Secret and Link along; the token stays and tells.
  await world.client.delete(site, { namespace: east, name: east });
  await until(async () => (await world.client.find(link, key)) === undefined, 'Link collected');
  await until(async () => (await world.client.find(secret, key)) === undefined, 'Secret collected');
  await until(async () => {
    const found = await world.client.get(accessToken, key);
    return found.status?.message === 'Already redeemed for a deleted site';
  }, 'token tells');
});

test('acceptance 29: an empty grant is filled in, and is Ready within the second', async (context) => {
  const world = await grantWorldOver(await apiServerBench(context, [west]));
  const before = performance.now();
  const grant: AccessGrant = await world.grant('g');
  assert.ok(performance.now() - before < 1000);
  const now = await world.read('g');
  assert.deepEqual(now.spec, { redemptionsAllowed: 1, expirationWindow: '15m' });
  assert.equal(grant.status?.status, 'Ready');
  const endMs = Date.parse(now.status?.expirationTime ?? '');
  assert.ok(Math.abs(endMs - Date.now() - 15 * 60_000) < 10_000);
});

test('of 40 parallel redemptions exactly the 7 allowed succeed', async (context) => {
  const world = await grantWorldOver(await apiServerBench(context, [west]));
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 7 });
  const answers = await Promise.all(Array.from({ length: 40 }, () => world.redeem(grant)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 7);
  assert.equal(answers.filter(({ status }) => status === 404).length, 33);
  assert.equal((await world.read('g')).status?.redemptions, 7);
});
