import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Certificate, certificate } from '#apis/index.ts';
import { ensureCertificate, releaseCertificate, startCertificateController } from '#certs/index.ts';
import {
  configMap,
  encodeSecretData,
  type KubeObject,
  type Secret,
  secret,
  secretText,
} from '#kube/index.ts';
import {
  createAuthority,
  issueCertificate,
  parseCertificate,
  privateKeyPem,
  splitBundle,
  verifyChain,
  verifyIssuedBy,
} from '#pki/index.ts';
import { type ControllerBench, controllerBench } from '../support/controller-bench.ts';
import type { MemoryKube } from '../support/memory-kube.ts';
import { until } from '../support/until.ts';

const namespace = 'west';
const key = (name: string): { namespace: string; name: string } => ({ namespace, name });

function certificateOf(name: string, spec: Certificate['spec']): Certificate {
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Certificate',
    metadata: { name, namespace },
    ...(spec === undefined ? {} : { spec }),
  };
}

const ca = certificateOf('skupper-site-ca', { ca: '', subject: 'west site CA', signing: true });
const server = certificateOf('skupper-site-server', {
  ca: 'skupper-site-ca',
  subject: 'skupper-router',
  hosts: ['router.west', '10.0.0.7'],
  server: true,
});

const foreign = 'secret exists but is not controlled by skupper';

function start(context: TestContext): ControllerBench<MemoryKube> {
  const bench = controllerBench(context);
  bench.own(startCertificateController(bench));
  return bench;
}

async function untilReady(bench: ControllerBench<MemoryKube>, name: string): Promise<Certificate> {
  return await until(async () => {
    const found = await bench.client.find(certificate, key(name));
    return found?.status?.status === 'Ready' ? found : undefined;
  }, `${name} Ready`);
}

async function untilMessage(
  bench: ControllerBench<MemoryKube>,
  name: string,
  message: string,
): Promise<Certificate> {
  return await until(async () => {
    const found = await bench.client.find(certificate, key(name));
    return found?.status?.message === message ? found : undefined;
  }, `${name} says ${message}`);
}

async function secretOf(bench: ControllerBench<MemoryKube>, name: string): Promise<Secret> {
  const found = await bench.client.find(secret, key(name));
  assert.ok(found, `Secret ${name}`);
  return found;
}

const pemOf = (found: Secret, entry = 'tls.crt'): string => secretText(found, entry) ?? '';

test('acceptance 82, 83: a leaf waits for its CA by name and is issued when it comes', async (context) => {
  const bench = start(context);
  await bench.client.create(certificate, server);
  const waiting = await untilMessage(
    bench,
    'skupper-site-server',
    'CA "west/skupper-site-ca" not found',
  );
  assert.equal(waiting.status?.status, 'Error');
  assert.deepEqual(
    waiting.status?.conditions?.map(({ type, status }) => [type, status]),
    [['Ready', 'False']],
  );
  await bench.client.create(certificate, ca);
  const ready = await untilReady(bench, 'skupper-site-server');
  const [leaf, root] = [
    await secretOf(bench, 'skupper-site-server'),
    await secretOf(bench, 'skupper-site-ca'),
  ];
  const summary = parseCertificate(pemOf(leaf));
  assert.deepEqual([summary.dnsNames, summary.ipAddresses], [['router.west'], ['10.0.0.7']]);
  assert.deepEqual([summary.serverAuth, summary.clientAuth], [true, false]);
  assert.equal(summary.commonName, 'skupper-router');
  assert.equal(pemOf(leaf, 'ca.crt'), pemOf(root));
  assert.equal(verifyChain(pemOf(leaf), pemOf(leaf, 'ca.crt'), Date.now()), true);
  assert.equal(leaf.type, 'kubernetes.io/tls');
  assert.equal(leaf.metadata.annotations?.['internal.skupper.io/controlled'], 'true');
  assert.equal(leaf.metadata.annotations?.['internal.skupper.io/certificate'], 'true');
  assert.equal(leaf.metadata.annotations?.['internal.skupper.io/hosts'], 'router.west,10.0.0.7');
  assert.deepEqual(leaf.metadata.ownerReferences, [
    {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'Certificate',
      name: 'skupper-site-server',
      uid: ready.metadata.uid,
    },
  ]);
  assert.equal(Date.parse(ready.status?.expiration ?? ''), summary.notAfterMs);
  assert.equal(ready.status?.message, 'OK');
});

test('nothing is written once all is right', async (context) => {
  const bench = start(context);
  await bench.client.create(certificate, ca);
  await bench.client.create(certificate, server);
  await untilReady(bench, 'skupper-site-server');
  await untilReady(bench, 'skupper-site-ca');
  const before = bench.client.writes.length;
  const again = startCertificateController(bench);
  await bench.client.create(certificate, certificateOf('probe', { ca: 'none', subject: 'p' }));
  await untilMessage(bench, 'probe', 'CA "west/none" not found');
  await again.stop({ graceMs: 1000 });
  assert.deepEqual(
    bench.client.writes.slice(before).filter((write) => !write.endsWith('/probe')),
    [],
  );
});

test('acceptance 84: a deleted Secret comes back at once, and a changed host list is issued anew', async (context) => {
  const bench = start(context);
  await bench.client.create(certificate, ca);
  await bench.client.create(certificate, server);
  await untilReady(bench, 'skupper-site-server');
  const first = pemOf(await secretOf(bench, 'skupper-site-server'));
  await bench.client.remove(secret, key('skupper-site-server'));
  const second = await until(async () => {
    const found = await bench.client.find(secret, key('skupper-site-server'));
    return found === undefined ? undefined : pemOf(found);
  }, 'Secret again');
  assert.notEqual(second, first);
  const object = await untilReady(bench, 'skupper-site-server');
  await bench.client.update(certificate, {
    ...object,
    spec: { ...server.spec, ca: 'skupper-site-ca', subject: 'skupper-router', hosts: ['other'] },
  });
  await until(async () => {
    const { dnsNames } = parseCertificate(pemOf(await secretOf(bench, 'skupper-site-server')));
    return dnsNames[0] === 'other';
  }, 'new host');
});

test('acceptance 86: before it ends a certificate is renewed by itself', async (context) => {
  const bench = controllerBench(context);
  bench.own(startCertificateController(bench, { lifetimeMs: 4000 }));
  await bench.client.create(
    certificate,
    certificateOf('ca', { ca: '', subject: 'CA', signing: true }),
  );
  const first = pemOf(await until(() => bench.client.find(secret, key('ca')), 'CA'));
  await until(async () => {
    const now = await secretOf(bench, 'ca');
    return pemOf(now) !== first && splitBundle(pemOf(now, 'ca.crt')).includes(first);
  }, 'renewed with the old one beside it');
  const count = bench.client.writes.filter((write) => write === 'update Secret west/ca').length;
  assert.ok(count < 4, `${count} writes`);
});

test('a CA made anew takes its leaves along and is alone in the bundle', async (context) => {
  const bench = start(context);
  await bench.client.create(certificate, ca);
  await bench.client.create(certificate, server);
  await untilReady(bench, 'skupper-site-server');
  const oldCa = pemOf(await secretOf(bench, 'skupper-site-ca'));
  await bench.client.remove(secret, key('skupper-site-ca'));
  const leaf = await until(async () => {
    const root = await bench.client.find(secret, key('skupper-site-ca'));
    const found = await secretOf(bench, 'skupper-site-server');
    return root && pemOf(root) !== oldCa && verifyIssuedBy(pemOf(found), pemOf(root))
      ? found
      : undefined;
  }, 'leaf of the new CA');
  assert.equal(pemOf(leaf, 'ca.crt').includes(oldCa), false);
});

test("acceptance 81: a user's Secret is used as it is and stays byte for byte", async (context) => {
  const bench = start(context);
  const own = await createAuthority({ commonName: 'own', nowMs: Date.now() });
  const make = async (hosts: string[]): Promise<{ [key: string]: string }> => {
    const request = {
      commonName: 'skupper-router',
      hosts,
      server: true,
      client: true,
      nowMs: Date.now(),
    };
    const { certificate: made, keys } = await issueCertificate(own, request);
    return encodeSecretData({
      'tls.crt': made.pem,
      'tls.key': privateKeyPem(keys.privateKey),
      'ca.crt': own.certificate.pem,
    });
  };
  for (const [name, hosts] of [
    ['right', ['router.west', '10.0.0.7']],
    ['wrong', ['elsewhere']],
  ] as const) {
    const data = await make([...hosts]);
    const given: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      type: 'kubernetes.io/tls',
      data,
    };
    await bench.client.create(secret, given);
    await bench.client.create(certificate, certificateOf(name, server.spec));
  }
  const before = [await secretOf(bench, 'right'), await secretOf(bench, 'wrong')];
  await untilReady(bench, 'right');
  await untilMessage(
    bench,
    'wrong',
    `${foreign}: tls.crt does not name 10.0.0.7, router.west; it names elsewhere`,
  );
  assert.deepEqual([await secretOf(bench, 'right'), await secretOf(bench, 'wrong')], before);
  await bench.client.remove(certificate, key('wrong'));
  await bench.client.create(certificate, ca);
  await untilReady(bench, 'skupper-site-ca');
  assert.deepEqual(await secretOf(bench, 'wrong'), before[1]);
  // When the user takes it away, ours takes its place.
  await bench.client.remove(secret, key('right'));
  await until(() => bench.client.find(secret, key('right')), 'our own Secret');
});

test('a Secret that the user puts in place between look and write is not overwritten', async (context) => {
  const bench = controllerBench(context);
  let isPut = false;
  bench.client.fault = async (verb, kind) => {
    if (verb !== 'create' || kind !== 'Secret' || isPut) return;
    isPut = true;
    await bench.client.create(secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'ca', namespace },
      data: {},
    });
  };
  bench.own(startCertificateController(bench));
  await bench.client.create(
    certificate,
    certificateOf('ca', { ca: '', subject: 'CA', signing: true }),
  );
  await untilMessage(bench, 'ca', `${foreign}: tls.crt is missing`);
  assert.deepEqual((await secretOf(bench, 'ca')).data, {});
});

test('what cannot be a certificate is told in the status', async (context) => {
  const bench = start(context);
  await bench.client.create(certificate, certificateOf('no-spec', undefined));
  await bench.client.create(
    certificate,
    certificateOf('long', { ca: '', subject: 'x'.repeat(65) }),
  );
  await bench.client.create(
    certificate,
    certificateOf('bad-host', { ca: 'c', subject: 's', hosts: ['a b'] }),
  );
  for (const name of ['no-spec', 'long', 'bad-host']) {
    const found = await until(async () => {
      const object = await bench.client.find(certificate, key(name));
      return object?.status?.status === 'Error' ? object : undefined;
    }, name);
    assert.notEqual(found.status?.message, '');
    assert.equal(await bench.client.find(secret, key(name)), undefined);
  }
});

test('acceptance 87: owners who share a Certificate have the union of their hosts, and take theirs along', async (context) => {
  const bench = start(context);
  const owner = async (name: string): Promise<KubeObject> =>
    await bench.client.create(configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
    });
  const [a, b] = [await owner('a'), await owner('b')];
  const request = { namespace, name: 'shared', ca: 'skupper-site-ca', server: true };
  await bench.client.create(certificate, ca);
  await ensureCertificate(bench.client, {
    ...request,
    subject: 'first',
    hosts: ['x', 'a'],
    owner: a,
  });
  await ensureCertificate(bench.client, {
    ...request,
    subject: 'second',
    hosts: ['x', 'b'],
    owner: b,
  });
  const shared = await untilReady(bench, 'shared');
  assert.deepEqual(shared.spec?.hosts, ['a', 'b', 'x']);
  assert.equal(shared.spec?.subject, 'first');
  assert.equal(shared.metadata.annotations?.[`internal.skupper.io/hosts-${b.metadata.uid}`], 'b,x');
  assert.equal(shared.metadata.labels?.['internal.skupper.io/certificate'], 'true');
  const writes = bench.client.writes.length;
  await ensureCertificate(bench.client, {
    ...request,
    subject: 'second',
    hosts: ['b', 'x'],
    owner: b,
  });
  assert.equal(bench.client.writes.length, writes, 'asking again writes nothing');
  await releaseCertificate(bench.client, key('shared'), a.metadata.uid ?? '');
  await until(async () => {
    const found = await secretOf(bench, 'shared');
    return parseCertificate(pemOf(found)).dnsNames.join() === 'b,x';
  }, 'hosts of a are gone');
  // An owner that vanished without a word: the controller drops its hosts when the collector has
  // taken its reference.
  await ensureCertificate(bench.client, {
    ...request,
    subject: 's',
    hosts: ['c'],
    owner: await owner('c'),
  });
  const three = await bench.client.find(certificate, key('shared'));
  assert.ok(three);
  const references =
    three.metadata.ownerReferences?.filter((reference) => reference.name === 'c') ?? [];
  await bench.client.update(certificate, {
    ...three,
    metadata: { ...three.metadata, ownerReferences: references },
  });
  await until(async () => {
    const found = await bench.client.find(certificate, key('shared'));
    return found?.spec?.hosts?.join() === 'c';
  }, 'hosts of b are gone');
});

test("a user's Certificate is not taken over", async (context) => {
  const bench = controllerBench(context);
  await bench.client.create(certificate, server);
  const request = { namespace, name: 'skupper-site-server', ca: 'c', subject: 's', owner: server };
  await assert.rejects(ensureCertificate(bench.client, request), {
    code: 'CERTS_NOT_CONTROLLED',
    message: 'certificate "skupper-site-server" exists but is not controlled by skupper',
  });
});
