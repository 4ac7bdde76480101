/** A link whose certificate is short-lived stays: it renews itself over the link, nothing is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessGrant, accessToken, issuedLink, link, type IssuedLink } from '#apis/index.ts';
import { secret, secretText } from '#kube/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { waitUntil } from '../support/process-wait.ts';
import { echoStream } from '../support/up-echo-stream.ts';
import { clientOf } from '../support/up-objects.ts';
import { startUp } from '../support/up-process.ts';
import { linkReady, succeeded } from '../support/up-sites.ts';

const group = 'skupper.io/v2alpha1';
/** Renewed at two thirds of it. */
const lifeSeconds = 20;

test('a link certificate renews over the link, and connections outlive the old one', async (t) => {
  const up = await startUp(t, {});
  const client = await clientOf(t, up);
  const site = ['site', 'create'];
  succeeded(
    await up.cli(...site, 'west', '-n', 'west', '--create-namespace', '--enable-link-access'),
  );
  succeeded(await up.cli(...site, 'east', '-n', 'east', '--create-namespace'));
  await client.create(accessGrant, {
    apiVersion: group,
    kind: 'AccessGrant',
    metadata: { name: 'g', namespace: 'west' },
    spec: { settings: { 'certificate-life': `${lifeSeconds}s` } },
  });
  const granted = await waitUntil('the grant', async () => {
    const found = await client.get(accessGrant, { namespace: 'west', name: 'g' });
    return found.status?.status === 'Ready' && found.status;
  });
  const { url = '', code = '', ca = '' } = granted;
  await client.create(accessToken, {
    apiVersion: group,
    kind: 'AccessToken',
    metadata: { name: 'to-west', namespace: 'east' },
    spec: { url, code, ca },
  });
  await linkReady(up);
  const key = { namespace: 'east', name: 'to-west' };
  const certificate = async () =>
    parseCertificate(secretText(await client.get(secret, key), 'tls.crt') ?? '');
  const records = async (): Promise<readonly IssuedLink[]> =>
    (await client.list(issuedLink, { namespace: 'west' })).items;
  const first = await certificate();

  // A connection that starts before the renewal and goes on past the end of the first certificate.
  const goesOn = await echoStream(t, up);

  const renewed = await waitUntil(
    'another certificate',
    async () => {
      const now = await certificate();
      return now.serialNumber !== first.serialNumber && now;
    },
    { deadlineMs: 60_000, describe: () => up.process.describe() },
  );
  assert.ok(renewed.notAfterMs > first.notAfterMs);
  const [old] = (await records()).filter(({ spec }) => spec?.replaces === undefined);
  const [next] = (await records()).filter(({ spec }) => spec?.replaces !== undefined);
  assert.equal(next?.spec?.replaces, old?.metadata.name);
  assert.equal(next?.spec?.serialNumber, renewed.serialNumber.toLowerCase());

  await waitUntil('the end of the first certificate', () => Date.now() > first.notAfterMs + 1000, {
    deadlineMs: 60_000,
  });
  await goesOn();
  const found = await client.get(link, key);
  assert.equal(found.status?.status, 'Ready', JSON.stringify(found.status));

  // Cutting the first record cuts what renewed it, too.
  assert.ok(old);
  await client.patch(
    issuedLink,
    { namespace: 'west', name: old.metadata.name },
    { spec: { revoked: true } },
  );
  await waitUntil('the link cut', async () => {
    const now = await client.get(link, key);
    return now.status?.status === 'Pending';
  });
  assert.ok((await records()).every(({ spec }) => spec?.revoked === true));
});
