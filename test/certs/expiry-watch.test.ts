import assert from 'node:assert/strict';
import { test } from 'node:test';
import { link } from '#apis/index.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import { startExpiryWatch } from '#certs/index.ts';
import { encodeSecretData, type KubeObject, secret } from '#kube/index.ts';
import type { RecordedEvent } from '#kubeclient/index.ts';
import { createAuthority, issueCertificate, privateKeyPem, warnAtMs } from '#pki/index.ts';
import { controllerBench } from '../support/controller-bench.ts';
import { until } from '../support/until.ts';

const hour = 3600 * 1000;

test('a link certificate that nobody renews is told before it ends, and when it has', async (t) => {
  const bench = controllerBench(t);
  bench.clock.stop();
  const nowMs = bench.clock.nowMs();
  const said: string[] = [];
  const record = ({ kind }: KubeObject, { reason }: RecordedEvent): void => {
    said.push(`${kind} ${reason}`);
  };
  const gauges = new Map<string, () => number>();
  const metrics: MetricsRegistry = {
    counter: () => ({ add: () => undefined, bind: () => () => undefined }),
    gauge: (name, _help, read) => void gauges.set(name, read),
  };
  bench.own(startExpiryWatch({ ...bench, metrics, events: { record } }));
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const request = { commonName: 'c', server: false, client: true, nowMs, lifetimeMs: 6 * hour };
  const { certificate, keys } = await issueCertificate(authority, request);
  const data = encodeSecretData({
    'tls.crt': certificate.pem,
    'tls.key': privateKeyPem(keys.privateKey),
    'ca.crt': authority.certificate.pem,
  });
  for (const name of ['to-west', 'unused']) {
    await bench.client.create(secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'east' },
      type: 'kubernetes.io/tls',
      data,
    });
  }
  await bench.client.create(link, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Link',
    metadata: { name: 'to-west', namespace: 'east' },
    spec: { endpoints: [], tlsCredentials: 'to-west' },
  });
  const read = (name: string): number | undefined => gauges.get(name)?.();
  await until(() => {
    const seconds = read('drawbridge_certificate_soonest_expiry_seconds') ?? 0;
    return Math.abs(seconds - 6 * 3600) <= 1 ? true : undefined;
  }, 'the gauge');
  assert.equal(read('drawbridge_certificates_expiring'), 0);
  assert.deepEqual(said, []);

  const poke = async (): Promise<void> => {
    const found = await bench.client.find(link, { namespace: 'east', name: 'to-west' });
    assert.ok(found);
    await bench.client.update(link, {
      ...found,
      spec: { endpoints: [], tlsCredentials: 'to-west', cost: said.length + 2 },
    });
  };
  bench.clock.offsetMs = warnAtMs(certificate) - nowMs + 1000;
  await poke();
  await until(() => said.length === 2 || undefined, 'told before');
  assert.equal(read('drawbridge_certificates_expiring'), 1);
  await poke();
  bench.clock.offsetMs = 6 * hour + 5000;
  await poke();
  await until(() => said.length === 4 || undefined, 'told after');
  const words = ['CertificateExpiring', 'CertificateExpired'];
  assert.deepEqual(
    said,
    words.flatMap((word) => [`Secret ${word}`, `Link ${word}`]),
  );
  assert.ok((read('drawbridge_certificate_soonest_expiry_seconds') ?? 0) < 0);
});
