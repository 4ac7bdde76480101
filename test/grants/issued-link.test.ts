/** What is handed out is recorded first, and what was revoked is not handed out again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IssuedLink, issuedLink, issuedLinkFinalizer, site } from '#apis/index.ts';
import { parseReceivedAccess } from '#grants/token/received-documents.ts';
import type { HttpResponse } from '#http/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { type GrantWorld, grantWorld, openSite, west } from '../support/grant-world.ts';

const headers = { name: 'to-west', subject: '9c6de2ac-29d8', 'redemption-id': 'r-1' };
const textOf = (response: HttpResponse): string => response.body.toString('utf8');
const recorded = async (world: GrantWorld): Promise<IssuedLink[]> =>
  (await world.client.list(issuedLink)).items;

test('a certificate is an IssuedLink of the site before it is handed out', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g');
  const response = await world.redeem(grant, { headers });
  const pem = parseReceivedAccess(textOf(response), 'to-west', 'unused').data['tls.crt'];
  const leaf = parseCertificate(Buffer.from(pem, 'base64').toString());
  const [only, ...others] = await recorded(world);
  assert.ok(only);
  assert.deepEqual(others, []);
  const serialNumber = leaf.serialNumber.toLowerCase();
  const { issuedTime: _, client, ...spec } = only.spec ?? assert.fail('no spec');
  assert.deepEqual(spec, {
    serialNumber,
    fingerprint: leaf.fingerprint.replaceAll(':', '').toLowerCase(),
    commonName: '9c6de2ac-29d8',
    issuer: 'skupper-site-ca',
    notBefore: new Date(leaf.notBeforeMs).toISOString().replace('.000', ''),
    notAfter: new Date(leaf.notAfterMs).toISOString().replace('.000', ''),
    grantName: 'g',
    grantUid: grant.metadata.uid,
    tokenName: 'to-west',
    siteId: '9c6de2ac-29d8',
    form: 'key',
    revoked: false,
  });
  assert.match(client ?? '', /127\.0\.0\.1/);
  assert.equal(only.metadata.name, `to-west-${serialNumber.slice(0, 20)}`);
  assert.deepEqual(only.metadata.finalizers, [issuedLinkFinalizer]);
  assert.equal(only.metadata.labels?.['drawbridge.dev/grant-uid'], grant.metadata.uid);
  const owner = await world.client.find(site, { namespace: west, name: west });
  assert.equal(only.metadata.ownerReferences?.[0]?.uid, owner?.metadata.uid);
  const writes = world.client.writes;
  const created = writes.findIndex((write) => write.startsWith('create IssuedLink'));
  const counted = writes.findLastIndex((write) => write.startsWith('updateStatus AccessGrant'));
  assert.ok(created >= 0 && created < counted, writes.join('\n'));
});

test('a joiner that asks again gets the same record, unless it was revoked', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 3 });
  const first = await world.redeem(grant, { headers });
  assert.equal(textOf(await world.redeem(grant, { headers })), textOf(first));
  const [only, ...others] = await recorded(world);
  assert.ok(only?.spec);
  assert.equal(others.length, 0);
  await world.client.update(issuedLink, { ...only, spec: { ...only.spec, revoked: true } });
  const again = await world.redeem(grant, { headers });
  assert.deepEqual([again.status, textOf(again)], [403, 'Access was revoked\n']);
  await world.client.remove(issuedLink, { namespace: west, name: only.metadata.name });
  assert.equal((await world.redeem(grant, { headers })).status, 403);
  assert.equal((await world.read('g')).status?.redemptions, 1);
});

test('what cannot be recorded is not handed out and not counted', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g');
  const down = new KubeClientError('KUBE_UNREACHABLE', 'away', {});
  world.client.fault = (verb, kind) => {
    if (verb === 'create' && kind === 'IssuedLink') throw down;
  };
  assert.equal((await world.redeem(grant, { headers })).status, 503);
  assert.equal((await world.read('g')).status?.redemptions, undefined);
  world.client.fault = () => undefined;
  assert.equal((await world.redeem(grant, { headers })).status, 200);
});

test('what was recorded but not counted is taken back', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 3 });
  const answers = await Promise.all(Array.from({ length: 12 }, () => world.redeem(grant)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 3);
  const left = await recorded(world);
  assert.equal(left.length, 3);
});

test('long names make bounded ones', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g');
  const name = `${'a'.repeat(199)}.${'b'.repeat(53)}`;
  assert.equal((await world.redeem(grant, { headers: { name } })).status, 200);
  const [only] = await recorded(world);
  assert.match(only?.metadata.name ?? '', /^a{199}-[0-9a-f]{20}$/);
});
