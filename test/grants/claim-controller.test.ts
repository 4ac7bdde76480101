/** Claims of Skupper v1 that are applied as they are: redeemed, and turned into connection tokens. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  type AccessGrant,
  type AccessToken,
  accessToken,
  claimSecret,
  isConnectionToken,
  link,
  readConnectionToken,
  site,
} from '#apis/index.ts';
import { startAccessTokenController, startClaimController } from '#grants/index.ts';
import { isOwnedBy, type Secret, secret, secretText } from '#kube/index.ts';
import { keyMatchesCertificate } from '#pki/index.ts';
import {
  endpoints,
  type GrantWorld,
  grantWorld,
  openSite,
  siteOf,
  west,
} from '../support/grant-world.ts';
import { until } from '../support/until.ts';

const namespace = 'east';
const key = { namespace, name: 'to-west' };

function claimFor(grant: AccessGrant, more: Record<string, string> = {}): Secret {
  const { url = '', code = '', ca = '' } = grant.status ?? {};
  const facts = { url, password: code, ca, generatedBy: 'west-id', expires: '' };
  const made = claimSecret(key.name, facts, more);
  return { ...made, metadata: { ...made.metadata, namespace } };
}

async function joiner(context: TestContext, told: string[] = []): Promise<GrantWorld> {
  const world = await grantWorld(context);
  const events = {
    record: (_object: unknown, { reason, message }: { reason: string; message: string }) =>
      void told.push(`${reason} ${message}`),
  };
  await openSite(world);
  world.own(startAccessTokenController({ ...world, events }));
  world.own(startClaimController({ ...world, events }));
  await world.client.create(site, siteOf(namespace));
  return world;
}

const tokenOf = (world: GrantWorld): Promise<AccessToken | undefined> =>
  world.client.find(accessToken, key);

test('a claim is redeemed once and becomes the connection token it was exchanged for', async (t) => {
  const world = await joiner(t);
  const grant = await world.grant('g', { redemptionsAllowed: 2 });
  await world.client.create(secret, claimFor(grant, { 'skupper.io/cost': '4' }));
  const made = await until(async () => {
    const found = await world.client.find(secret, key);
    return found !== undefined && isConnectionToken(found) ? found : undefined;
  }, 'the connection token');
  const read = readConnectionToken(made);
  assert.ok('value' in read, JSON.stringify(read));
  assert.equal(read.value.cost, 4);
  assert.equal(read.value.generatedBy, 'west-id');
  assert.deepEqual(
    read.value.endpoints.map(({ name, port }) => `${name}:${port}`),
    ['inter-router:55671', 'edge:45671'],
  );
  assert.deepEqual(Object.keys(made.data ?? {}), ['ca.crt', 'tls.crt', 'tls.key']);
  const pair = [secretText(made, 'tls.key') ?? '', secretText(made, 'tls.crt') ?? ''] as const;
  assert.ok(keyMatchesCertificate(...pair));
  const token = await until(async () => {
    const found = await tokenOf(world);
    return found?.status?.redeemed === true ? found : undefined;
  }, 'redeemed');
  assert.ok(isOwnedBy(token, made));
  assert.equal((await world.read('g')).status?.redemptions, 1);
});

test('a claim of a site with two routers brings a Link to the other, of the same Secret', async (t) => {
  const world = await joiner(t);
  const key2 = { namespace: west, name: west };
  const found = await until(() => world.client.find(site, key2), 'site');
  const more = endpoints.map((each) => ({ ...each, group: 'skupper-router-2' }));
  await world.client.updateStatus(site, {
    ...found,
    status: { endpoints: [...endpoints, ...more] },
  });
  await until(
    () => world.informers.of(site).get(key2)?.status?.endpoints?.length === 4,
    'endpoints',
  );
  const grant = await world.grant('g');
  const made = await world.client.create(secret, claimFor(grant, { 'skupper.io/cost': '4' }));
  const second = await until(
    () => world.client.find(link, { namespace, name: 'to-west-2' }),
    'the second Link',
  );
  assert.equal(second.spec?.cost, 4);
  assert.deepEqual(
    [...new Set(second.spec.endpoints?.map(({ group }) => group))],
    ['skupper-router-2'],
  );
  assert.equal(second.spec.tlsCredentials, 'to-west');
  assert.ok(isOwnedBy(second, made));
});

test('a claim with a wrong password says so, and is tried again when it is set right', async (t) => {
  const world = await joiner(t);
  const grant = await world.grant('g');
  const right = claimFor(grant);
  const wrong = { ...right, data: { ...right.data, password: 'd3Jvbmc=' } };
  const created = await world.client.create(secret, wrong);
  await until(async () => (await tokenOf(world))?.status?.message?.includes('403'), 'refused');
  await world.client.update(secret, {
    ...created,
    ...(right.data === undefined ? {} : { data: right.data }),
  });
  await until(async () => (await tokenOf(world))?.status?.redeemed, 'redeemed');
});

test('what is no claim, or in the way of one, is told on the Secret', async (t) => {
  const told: string[] = [];
  const world = await joiner(t, told);
  const grant = await world.grant('g');
  const claim = claimFor(grant);
  const { 'ca.crt': _, ...withoutCa } = claim.data ?? {};
  const made = await world.client.create(secret, { ...claim, data: withoutCa });
  await until(() => told.length === 1, 'told');
  assert.equal(
    told[0],
    'TokenRefused The claim is not redeemed: Expected ca.crt field in secret data',
  );
  const { url = '', code = '' } = grant.status ?? {};
  await world.client.create(accessToken, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: key,
    spec: { url, code, ca: '' },
  });
  await world.client.update(secret, {
    ...made,
    ...(claim.data === undefined ? {} : { data: claim.data }),
  });
  await until(() => told.some((each) => each.includes('exists and is not of this')), 'told');
  assert.equal((await world.read('g')).status?.redemptions, undefined);
});
