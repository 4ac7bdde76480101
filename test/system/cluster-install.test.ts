import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessGrant, listener, site } from '#apis/index.ts';
import { deployment } from '#controllers/index.ts';
import { configMap, lease, namespace as namespaceKind, secret, service } from '#kube/index.ts';
import { directConnection, KubeClient } from '#kubeclient/index.ts';
import { newListener, newSite } from '../controllers/site-objects.ts';
import { freePort } from '../support/controller-process.ts';
import { kubernetesSkip, startKubernetes } from '../support/kubernetes.ts';
import { accountKubeconfig } from '../support/kubernetes-account.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { until } from '../support/until.ts';
import { temporaryFolder } from '../support/up-process.ts';

const launcher = fileURLToPath(new URL('../../bin/drawbridge.ts', import.meta.url));
const system = 'drawbridge-system';

test('install, run with no more rights than it gives, uninstall: on a real Kubernetes', {
  skip: kubernetesSkip,
}, async (t) => {
  const kubernetes = await startKubernetes();
  t.after(() => kubernetes.stop());
  const { files, origin: server } = kubernetes;
  const client = new KubeClient(
    directConnection({ server, ca: files.ca, cert: files.adminCert, key: files.adminKey }),
  );
  t.after(() => client.close());
  const cli = (...args: readonly string[]) =>
    runProcess(process.execPath, [launcher, ...args, '--kubeconfig', kubernetes.kubeconfig]);

  for (let run = 0; run < 2; run++) {
    const installed = await cli('install', '--image', 'registry.example/drawbridge:1');
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /^CustomResourceDefinition sites\.skupper\.io applied$/m);
    assert.match(installed.stdout, /^Deployment drawbridge-controller applied$/m);
  }
  await client.get(deployment, { namespace: system, name: 'drawbridge-controller' });

  const kubeconfig = await accountKubeconfig(client, {
    server,
    ca: files.ca,
    namespace: system,
    name: 'drawbridge-controller',
    folder: await temporaryFolder(t),
  });
  const grantPort = await freePort();
  const controller = startProcess(
    t,
    process.execPath,
    [
      launcher,
      'controller',
      '--kubeconfig',
      kubeconfig,
      '--name=drawbridge-controller',
      '--disable-metrics',
      '--enable-grants',
      `--grant-server-port=${grantPort}`,
      `--grant-server-base-url=127.0.0.1:${grantPort}`,
    ],
    { env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir() } },
  );
  await controller.waitForOutput(/looks after all namespaces/);
  const metadata = { name: 'west' };
  await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata });
  await client.create(site, newSite('west', 'west', { linkAccess: 'default' }));
  await client.create(
    listener,
    newListener('west', 'web', { routingKey: 'web', host: 'web', port: 80 }),
  );
  await client.create(accessGrant, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: { name: 'grant', namespace: 'west' },
    spec: {},
  });
  const inWest = (name: string) => ({ namespace: 'west', name });
  const made = await until(
    async () => client.find(deployment, inWest('skupper-router')),
    controller.describe(),
    30_000,
  );
  const front = await until(async () => client.find(service, inWest('web')), 'Service web', 20_000);
  assert.equal(front.spec?.ports?.[0]?.targetPort, 1024);
  await until(async () => client.find(secret, inWest('skupper-site-server')), 'server Secret');
  await until(async () => {
    const { data } = await client.get(configMap, inWest('skupper-router'));
    return data?.['skrouterd.json']?.includes('listener/web');
  }, 'the router configuration');
  await until(async () => {
    const { status } = await client.get(accessGrant, inWest('grant'));
    return status?.status === 'Ready';
  }, 'the grant');
  const balanced = await client.get(service, inWest('skupper-router'));
  const status = { loadBalancer: { ingress: [{ ip: '10.0.0.5' }] } };
  await client.updateStatus(service, { ...balanced, status });
  await until(async () => {
    const own = await client.get(site, inWest('west'));
    return own.status?.endpoints?.some(({ host }) => host === '10.0.0.5');
  }, 'endpoints');
  const held = await client.get(lease, { namespace: system, name: 'skupper-controller' });
  assert.notEqual(held.spec?.holderIdentity ?? '', '');

  // What the server fills in is no difference: a second look writes nothing.
  await client.patch(site, inWest('west'), { metadata: { labels: { look: 'again' } } });
  await client.patch(listener, inWest('web'), { spec: { port: 81 } });
  await until(async () => {
    const { spec } = await client.get(service, inWest('web'));
    return spec?.ports?.[0]?.port === 81;
  }, 'the Service follows');
  const after = await client.get(deployment, inWest('skupper-router'));
  assert.equal(after.metadata.generation, made.metadata.generation);
  assert.doesNotMatch(controller.stderr, /forbidden|is not allowed|cannot (?:get|list|create)/i);

  const refused = await cli('uninstall');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /there are still sites: west\/west\n/);
  await client.delete(site, inWest('west'));
  if (kubernetes.controllers) {
    await until(
      async () => (await client.find(deployment, inWest('skupper-router'))) === undefined,
      'the router goes with its Site',
      // The collector learns of new kinds every half minute.
      90_000,
    );
  }
  await until(async () => (await client.find(site, inWest('west'))) === undefined, 'no Site');
  assert.deepEqual(await controller.stop(), { code: 0, signal: null });
  const removed = await cli('uninstall');
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(removed.stdout, /^ClusterRole drawbridge-controller removed$/m);
  assert.match(removed.stdout, /^CustomResourceDefinition sites\.skupper\.io removed$/m);
});
