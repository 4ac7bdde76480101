import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificate } from '#apis/index.ts';
import { ensureCertificate, startCertificateController } from '#certs/index.ts';
import { configMap, secret, secretText } from '#kube/index.ts';
import { parseCertificate, verifyChain } from '#pki/index.ts';
import { apiServerBench } from '../support/controller-bench.ts';
import { until } from '../support/until.ts';

const namespace = 'west';

test('over our own API server Secrets come, heal and go with their Certificates', async (context) => {
  const bench = await apiServerBench(context, [namespace]);
  bench.own(startCertificateController(bench));
  const { client } = bench;
  const key = (name: string): { namespace: string; name: string } => ({ namespace, name });
  const owner = await client.create(configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: key('owner'),
  });
  await ensureCertificate(client, {
    ...key('site-ca'),
    ca: '',
    subject: 'site CA',
    signing: true,
    owner,
  });
  const hosts = ['router.west', '10.0.0.7'];
  const leaf = { ...key('server'), ca: 'site-ca', subject: 'router', hosts, server: true, owner };
  await ensureCertificate(client, leaf);
  const ready = await until(async () => {
    const found = await client.get(certificate, key('server'));
    return found.status?.status === 'Ready' ? found : undefined;
  }, 'Ready');
  const stored = await client.get(secret, key('server'));
  const pem = secretText(stored, 'tls.crt') ?? '';
  assert.equal(verifyChain(pem, secretText(stored, 'ca.crt') ?? '', Date.now()), true);
  assert.equal(Date.parse(ready.status?.expiration ?? ''), parseCertificate(pem).notAfterMs);

  // Nothing more is written once all is well.
  const before = (await client.get(certificate, key('server'))).metadata.resourceVersion;
  await ensureCertificate(client, leaf);
  assert.equal((await client.get(certificate, key('server'))).metadata.resourceVersion, before);

  await client.delete(secret, key('server'));
  await until(
    async () => (await client.find(secret, key('server')))?.metadata.uid !== stored.metadata.uid,
    'healed',
  );

  // A Secret of the user under the name of a Certificate stays when the Certificate goes.
  const given = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: key('own'),
    type: 'Opaque',
    data: { x: 'eA==' },
  };
  const kept = await client.create(secret, given);
  await ensureCertificate(client, { ...leaf, ...key('own') });
  await until(async () => {
    const found = await client.get(certificate, key('own'));
    const told = 'secret exists but is not controlled by skupper: tls.crt is missing';
    return found.status?.message === told;
  }, 'told');
  await client.delete(configMap, key('owner'));
  await until(
    async () => (await client.list(certificate, { namespace })).items.length === 0,
    'Certificates collected',
  );
  await until(
    async () => (await client.list(secret, { namespace })).items.length === 1,
    'Secrets collected',
  );
  assert.deepEqual(await client.get(secret, key('own')), kept);
});
