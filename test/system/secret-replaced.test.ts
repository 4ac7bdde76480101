/** Secrets of the user are replaced while a link is up: good ones are used, bad ones are told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { link, routerAccess, site, tokenAnnotation, tokenLabel } from '#apis/index.ts';
import { encodeSecretData, event, secret } from '#kube/index.ts';
import { createAuthority, issueCertificate, parseCertificate, privateKeyPem } from '#pki/index.ts';
import { waitUntil } from '../support/process-wait.ts';
import { echoStream } from '../support/up-echo-stream.ts';
import { clientOf, makeNamespace } from '../support/up-objects.ts';
import { startUp } from '../support/up-process.ts';
import { linkReady, succeeded } from '../support/up-sites.ts';

test('a Secret with a new key is picked up, a bad one is refused, and no stream notices', async (t) => {
  const up = await startUp(t, {});
  const client = await clientOf(t, up);
  const nowMs = Date.now();
  const authority = await createAuthority({ commonName: 'theirs', nowMs });
  const hosts = ['127.0.0.1', 'skupper-router', 'skupper-router.west'];
  const make = async (server: boolean, lifetimeMs = 24 * 3600 * 1000) => {
    const leaf = {
      commonName: 'c',
      hosts,
      server,
      client: !server,
      nowMs: Date.now(),
      lifetimeMs,
    };
    const { certificate, keys } = await issueCertificate(authority, leaf);
    const texts = {
      'tls.crt': certificate.pem,
      'tls.key': privateKeyPem(keys.privateKey),
      'ca.crt': authority.certificate.pem,
    };
    return { serial: certificate.serialNumber, texts, data: encodeSecretData(texts) };
  };
  const type = 'kubernetes.io/tls';
  for (const name of ['west', 'east']) await makeNamespace(client, name);
  const server = { namespace: 'west', name: 'skupper-site-server' };
  const first = await make(true);
  await client.create(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: server,
    type,
    data: first.data,
  });
  succeeded(await up.cli('site', 'create', 'west', '-n', 'west', '--enable-link-access'));
  succeeded(await up.cli('site', 'create', 'east', '-n', 'east'));
  const endpoint = await waitUntil('an endpoint', async () => {
    const found = await client.get(site, { namespace: 'west', name: 'west' });
    return found.status?.endpoints?.find(({ name }) => name === 'inter-router');
  });
  const credentials = { namespace: 'east', name: 'to-west' };
  const dialler = await make(false);
  await client.create(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...credentials,
      labels: { [tokenLabel.name]: tokenLabel.connectionToken },
      annotations: {
        [tokenAnnotation.interRouterHost]: '127.0.0.1',
        [tokenAnnotation.interRouterPort]: endpoint.port ?? '',
        [tokenAnnotation.generatedBy]: 'west',
      },
    },
    type,
    data: dialler.data,
  });
  await linkReady(up);

  const goesOn = await echoStream(t, up);
  await goesOn();

  /** Serial number of what the router shows to who comes now. */
  const shown = async (): Promise<string> => {
    const { 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca } = dialler.texts;
    const made = connectTls({ host: '127.0.0.1', port: Number(endpoint.port), cert, key, ca });
    await once(made, 'secureConnect');
    const { serialNumber } = made.getPeerCertificate();
    made.destroy();
    return serialNumber;
  };
  assert.equal(await shown(), first.serial);

  await t.test('new keys on both sides are used by who connects, and nothing is cut', async () => {
    const next = await make(true);
    await client.patch(secret, server, { data: next.data });
    await client.patch(secret, credentials, { data: (await make(false)).data });
    await waitUntil('the new certificate', async () => (await shown()) === next.serial);
    await goesOn();
    await linkReady(up);
  });

  const good = await client.get(secret, server);
  const serial = parseCertificate(
    Buffer.from(good.data?.['tls.crt'] ?? '', 'base64').toString(),
  ).serialNumber;
  const foreign = await make(true);
  const bad: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ 'tls.key': foreign.data['tls.key'] ?? '' }, /tls\.key does not belong to tls\.crt/],
    [{ 'tls.crt': 'Z2FyYmFnZQ==' }, /tls\.crt: bundle holds no certificate/],
    [{ 'ca.crt': '' }, /ca\.crt is missing/],
  ];
  for (const [data, reason] of bad) {
    await t.test(`what does not fit is told and not used: ${reason.source}`, async () => {
      await client.patch(secret, server, { data });
      await waitUntil('the reason', async () => {
        const found = await client.get(routerAccess, { namespace: 'west', name: 'skupper-router' });
        return reason.test(found.status?.message ?? '');
      });
      assert.equal(await shown(), serial);
      await goesOn();
      await client.patch(secret, server, { data: good.data ?? {} });
    });
  }

  await t.test("the link's Secret too", async () => {
    const before = await client.get(secret, credentials);
    await client.patch(secret, credentials, { data: { 'tls.key': foreign.data['tls.key'] ?? '' } });
    const [own] = (await client.list(link, { namespace: 'east' })).items;
    assert.ok(own);
    const key = { namespace: 'east', name: own.metadata.name };
    await waitUntil('the reason', async () => {
      const { status } = await client.get(link, key);
      return /tls\.key does not belong to tls\.crt/.test(status?.message ?? '');
    });
    await goesOn();
    await client.patch(secret, credentials, { data: before.data ?? {} });
    await linkReady(up);
    await goesOn();
  });

  await t.test('one that ends while connected is told, and the stream outlives it', async () => {
    const short = await make(true, 5000);
    await client.patch(secret, server, { data: short.data });
    const access = { namespace: 'west', name: 'skupper-router' };
    await waitUntil('the end told', async () => {
      const { status } = await client.get(routerAccess, access);
      return /TLS credentials secret "skupper-site-server": tls\.crt expired on 20\S+Z/.test(
        status?.message ?? '',
      );
    });
    await goesOn();
    const reasons = async (): Promise<(string | undefined)[]> =>
      (await client.list(event, { namespace: 'west' })).items
        .filter(({ involvedObject }) => involvedObject?.name === server.name)
        .map(({ reason }) => reason);
    await waitUntil('told before and after', async () => {
      const found = await reasons();
      return found.includes('CertificateExpiring') && found.includes('CertificateExpired');
    });
    await waitUntil('the metrics', async () => {
      const text = await (await fetch(new URL('/metrics', up.ready.metrics))).text();
      return (
        /^drawbridge_certificate_soonest_expiry_seconds -\d+$/m.test(text) &&
        /^drawbridge_certificates_expiring 1$/m.test(text)
      );
    });
    await client.patch(secret, server, { data: good.data ?? {} });
    await waitUntil('Ready again', async () => {
      const { status } = await client.get(routerAccess, access);
      return status?.status === 'Ready';
    });
    await goesOn();
  });

  await t.test(
    'a host that the certificate does not name is not linked to, and why says so',
    async () => {
      succeeded(await up.cli('site', 'create', 'north', '-n', 'north', '--create-namespace'));
      await client.create(secret, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          namespace: 'north',
          name: 'to-west',
          labels: { [tokenLabel.name]: tokenLabel.connectionToken },
          annotations: {
            [tokenAnnotation.interRouterHost]: 'localhost',
            [tokenAnnotation.interRouterPort]: endpoint.port ?? '',
            [tokenAnnotation.generatedBy]: 'west',
          },
        },
        type,
        data: dialler.data,
      });
      await waitUntil(
        'the mismatch named',
        async () => {
          const why = await up.cli('why', 'link/to-west', '-n', 'north');
          assert.match(why.stdout + why.stderr, /localhost/);
          return why.code === 1 && /names? .*127\.0\.0\.1/.test(why.stdout);
        },
        { describe: () => up.process.describe() },
      );
      const { status } = await client.get(link, { namespace: 'north', name: 'to-west' });
      assert.notEqual(status?.status, 'Ready');
    },
  );
});
