/** What happens to a link when the objects behind it change under way. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { accessGrant, accessToken, issuedLink, link, site } from '#apis/index.ts';
import { secret, secretText } from '#kube/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { noOrphans } from '../support/orphans.ts';
import { waitUntil } from '../support/process-wait.ts';
import { clientOf } from '../support/up-objects.ts';
import { startUp } from '../support/up-process.ts';
import { linkReady, succeeded } from '../support/up-sites.ts';

test('a link whose Secret or site changes under way heals, or ends and says so', async (t) => {
  const up = await startUp(t, {});
  const client = await clientOf(t, up);
  const create = ['site', 'create'];
  succeeded(
    await up.cli(...create, 'west', '-n', 'west', '--create-namespace', '--enable-link-access'),
  );
  for (const name of ['east', 'north']) {
    succeeded(await up.cli(...create, name, '-n', name, '--create-namespace'));
  }
  const token = join(up.home, 'token.yaml');

  await t.test('a token of one use that two sites redeem at once lets one in', async () => {
    succeeded(await up.cli('token', 'issue', token, '-n', 'west'));
    const both = await Promise.all(
      ['east', 'north'].map((name) =>
        up.cli('token', 'redeem', token, '-n', name, '--timeout', '10s'),
      ),
    );
    assert.deepEqual(both.map(({ code }) => String(code)).toSorted(), ['0', '1']);
    const { items } = await client.list(accessGrant, { namespace: 'west' });
    assert.deepEqual(
      items.map(({ status }) => status?.redemptions),
      [1],
    );
    const records = (await client.list(issuedLink, { namespace: 'west' })).items;
    assert.equal(records.length, 1);
    const [loser = ''] = ['east', 'north'].filter((_, index) => both[index]?.code !== 0);
    const [refused] = (await client.list(accessToken, { namespace: loser })).items;
    assert.match(refused?.status?.message ?? '', /No such access granted \[expiry: /);
    assert.deepEqual((await client.list(link, { namespace: loser })).items, []);
    // The loser gets a token of its own, so that both are linked for what follows.
    succeeded(await up.cli('token', 'issue', token, '-n', 'west'));
    await client.remove(accessToken, { namespace: loser, name: refused?.metadata.name ?? '' });
    succeeded(await up.cli('token', 'redeem', token, '-n', loser));
    await linkReady(up, 'east');
    await linkReady(up, 'north');
  });

  const [own] = (await client.list(link, { namespace: 'east' })).items;
  assert.ok(own);
  const key = { namespace: 'east', name: own.metadata.name };
  const credentials = { namespace: 'east', name: own.spec?.tlsCredentials ?? '' };

  await t.test('a Secret that is broken is told, and the link heals when it is right', async () => {
    const good = await client.get(secret, credentials);
    await client.patch(secret, credentials, { data: { 'tls.crt': 'Z2FyYmFnZQ==' } });
    await waitUntil('the fault told', async () => {
      const { status } = await client.get(link, key);
      return /tls\.crt: bundle holds no certificate/.test(status?.message ?? '');
    });
    await client.patch(secret, credentials, { data: { 'tls.crt': good.data?.['tls.crt'] ?? '' } });
    await linkReady(up, 'east');
    await linkReady(up, 'north');
  });

  await t.test('a deleted Secret ends the link until it is back', async () => {
    const { data = {}, type = '' } = await client.get(secret, credentials);
    await client.remove(secret, credentials);
    await waitUntil('the fault told', async () => {
      const { status } = await client.get(link, key);
      return /TLS credentials secret ".*" not found/.test(status?.message ?? '');
    });
    await client.create(secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: credentials,
      type,
      data,
    });
    await linkReady(up, 'east');
    const now = await client.get(secret, credentials);
    assert.ok(parseCertificate(secretText(now, 'tls.crt') ?? '').clientAuth);
  });

  await t.test('a joiner whose site is deleted leaves nothing; the others stay', async () => {
    await client.remove(site, { namespace: 'east', name: 'east' });
    await waitUntil('all of it gone', async () => {
      const links = (await client.list(link, { namespace: 'east' })).items;
      const secrets = (await client.list(secret, { namespace: 'east' })).items;
      // The one made by hand above belongs to whoever made it.
      const left = secrets.filter(({ metadata }) => metadata.name !== credentials.name);
      return links.length === 0 && left.length === 0;
    });
    const [spent] = (await client.list(accessToken, { namespace: 'east' })).items;
    assert.equal(spent?.status?.message, 'Already redeemed for a deleted site');
    await linkReady(up, 'north');
  });

  await t.test(
    'when the listening site goes, its links are down and its records gone',
    async () => {
      await client.remove(site, { namespace: 'west', name: 'west' });
      await waitUntil('the link down', async () => {
        const [left] = (await client.list(link, { namespace: 'north' })).items;
        return left?.status?.status === 'Pending';
      });
      await waitUntil('no record left', async () => {
        const { items } = await client.list(issuedLink, { namespace: 'west' });
        return items.length === 0;
      });
      await noOrphans(client, ['west', 'east', 'north']);
    },
  );
});
