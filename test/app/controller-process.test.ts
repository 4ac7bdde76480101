import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessGrant, site } from '#apis/index.ts';
import { deployment } from '#controllers/index.ts';
import { httpsRequest } from '#http/index.ts';
import { configMap, lease } from '#kube/index.ts';
import { newSite } from '../controllers/site-objects.ts';
import {
  clusterApi,
  freePort,
  makeNamespace,
  startController,
} from '../support/controller-process.ts';
import { until } from '../support/until.ts';

const inSystem = (name: string) => ({ namespace: 'drawbridge-system', name });
const router = (namespace: string) => ({ namespace, name: 'skupper-router' });

test('the controller leads, makes routers, redeems tokens, and tells how it is', async (t) => {
  const cluster = await clusterApi(t);
  const { client } = cluster;
  const [grantPort, metricsPort] = [await freePort(), await freePort()];
  const controller = startController(
    t,
    cluster,
    [
      '--enable-grants',
      '--grant-server-base-url',
      `127.0.0.1:${grantPort}`,
      '--grant-server-port',
      String(grantPort),
      '--metrics-address',
      `127.0.0.1:${metricsPort}`,
    ],
    { HOSTNAME: 'skupper-controller-6d5f9c7b8d-x2x9z' },
  );
  await controller.waitForOutput(/controller skupper-controller looks after all namespaces/);
  await makeNamespace(client, 'west');
  await client.create(site, newSite('west', 'west', { linkAccess: 'local' }));
  await until(async () => client.find(deployment, router('west')), 'the Deployment', 20_000);
  const own = await until(async () => {
    const found = await client.get(site, { namespace: 'west', name: 'west' });
    return found.status?.endpoints?.length === 2 ? found : undefined;
  }, 'who controls it, and its endpoints');
  assert.equal(own.status?.controller?.name, 'skupper-controller');
  assert.equal(own.status?.controller?.namespace, 'drawbridge-system');

  await client.create(accessGrant, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: { name: 'grant', namespace: 'west' },
    spec: {},
  });
  const grant = await until(async () => {
    const found = await client.get(accessGrant, { namespace: 'west', name: 'grant' });
    return found.status?.status === 'Ready' ? found.status : undefined;
  }, 'the grant is Ready');
  assert.match(grant.url ?? '', new RegExp(`^https://127\\.0\\.0\\.1:${grantPort}/`));
  const answer = await until(
    async () =>
      httpsRequest({
        url: grant.url ?? '',
        method: 'POST',
        ca: grant.ca ?? '',
        headers: { name: 't', subject: 's' },
        body: grant.code ?? '',
        bodyBytesMax: 100_000,
      }),
    'the grant server answers',
  );
  assert.equal(answer.status, 200, answer.body.toString());

  const health = await fetch(`http://127.0.0.1:${metricsPort}/readyz`);
  assert.equal(health.status, 200);
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  assert.match(metrics, /drawbridge_leader 1/);
  assert.deepEqual(await controller.stop(), { code: 0, signal: null });
  const released = await client.get(lease, inSystem('skupper-controller'));
  assert.equal(released.spec?.holderIdentity ?? '', '', 'the lease is given back');
});

test('one of two controllers works, and the other goes on when it is killed', async (t) => {
  const cluster = await clusterApi(t);
  const { client } = cluster;
  const first = startController(t, cluster, ['--disable-metrics']);
  await until(async () => {
    const held = await client.find(lease, inSystem('skupper-controller'));
    return held?.spec?.holderIdentity;
  }, 'the first leads');
  const second = startController(t, cluster, ['--disable-metrics']);
  await second.waitForOutput(/looks after/);
  const before = await client.get(lease, inSystem('skupper-controller'));
  await first.stop('SIGTERM');
  await makeNamespace(client, 'west');
  await client.create(site, newSite('west', 'west'));
  await until(async () => client.find(deployment, router('west')), 'the other works', 30_000);
  const after = await client.get(lease, inSystem('skupper-controller'));
  assert.notEqual(after.spec?.holderIdentity, before.spec?.holderIdentity);
});

test('acceptance 15: what another controller controls is not touched', async (t) => {
  const cluster = await clusterApi(t);
  const { client } = cluster;
  const control = (namespace: string, controller: string) =>
    client.create(configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'skupper', namespace },
      data: { controller },
    });
  for (const name of ['foreign', 'ours']) {
    await makeNamespace(client, name);
    await client.create(site, newSite(name, name));
  }
  await control('foreign', 'a/b');
  await control('ours', 'drawbridge-system/mine');
  const controller = startController(t, cluster, [
    '--disable-metrics',
    '--name',
    'mine',
    '--require-explicit-control',
  ]);
  await controller.waitForOutput(/controller mine looks after/);
  await until(async () => client.find(deployment, router('ours')), 'ours', 20_000);
  const foreign = await client.get(site, { namespace: 'foreign', name: 'foreign' });
  assert.equal(foreign.status, undefined);
  assert.equal(await client.find(configMap, router('foreign')), undefined);
  // Control is handed over, and the Site is looked after without another change.
  await client.patch(
    configMap,
    { namespace: 'foreign', name: 'skupper' },
    { data: { controller: 'drawbridge-system/mine' } },
  );
  await until(async () => client.find(deployment, router('foreign')), 'handed over');
});

test('settings that cannot work end the start with what to do', async (t) => {
  const cluster = await clusterApi(t);
  const cases: readonly [readonly string[], RegExp][] = [
    [['--watch-namespace', 'west'], /cannot run in drawbridge-system\n.*run it in west/],
    [['--enabled-access-types', 'nodeport'], /Cluster host must be set to enable nodeport/],
    [['--default-access-type', 'route', '--enabled-access-types', 'local'], /"route" is not in/],
    [['--grant-server-base-url', 'https://x'], /not HOST:PORT: https:\/\/x\n/],
  ];
  for (const [args, expected] of cases) {
    const controller = startController(t, cluster, args);
    assert.deepEqual(await controller.exited, { code: 1, signal: null });
    assert.match(controller.stderr, expected);
  }
});
