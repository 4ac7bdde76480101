/** What becomes of the list of revoked certificates when the site goes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { issuedLink, issuedLinkFinalizer, site } from '#apis/index.ts';
import { configMap, ownerReferenceTo, secret } from '#kube/index.ts';
import { until } from '../support/until.ts';
import { newSite } from './site-objects.ts';
import { type SiteWorld, siteWorld } from './site-world.ts';

const list = { namespace: 'west', name: 'drawbridge-revoked-certificates' };

/** A site, one certificate on record signed by `issuer`, and then no site any more. */
async function siteComesAndGoes(world: SiteWorld, issuer: string): Promise<void> {
  const { client } = world;
  const made = await client.create(site, newSite('west', 'west'));
  await world.eventually(secret, 'west', 'skupper-site-ca', 'the CA', () => true);
  await client.create(issuedLink, {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'IssuedLink',
    metadata: {
      name: 'one',
      namespace: 'west',
      finalizers: [issuedLinkFinalizer],
      ownerReferences: [ownerReferenceTo(made, false)],
    },
    spec: {
      serialNumber: 'aa',
      fingerprint: 'f',
      commonName: 'east',
      issuer,
      notAfter: '2099-01-01T00:00:00Z',
    },
  });
  await client.remove(site, { namespace: 'west', name: 'west' });
  await until(
    async () => (await client.find(issuedLink, { namespace: 'west', name: 'one' })) === undefined,
    'no record left',
    20_000,
  );
}

async function worldWithWest(t: TestContext): Promise<SiteWorld> {
  const made = await siteWorld(t);
  await made.namespace('west');
  return made;
}

test('the list of revoked certificates goes with the site and its authority', async (t) => {
  const { client, ...rest } = await worldWithWest(t);
  await siteComesAndGoes({ client, ...rest }, 'skupper-site-ca');
  await until(async () => (await client.find(configMap, list)) === undefined, 'no list', 20_000);
});

test('the list stays where the authority is the user’s: it signs for the next site', async (t) => {
  const own = await worldWithWest(t);
  await own.client.create(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'company-ca', namespace: 'west' },
    data: { 'tls.crt': 'eA==' },
  });
  await siteComesAndGoes(own, 'company-ca');
  const kept = await own.client.get(configMap, list);
  assert.deepEqual(Object.keys(kept.data ?? {}), ['aa']);
  assert.deepEqual(kept.metadata.ownerReferences ?? [], []);
});
