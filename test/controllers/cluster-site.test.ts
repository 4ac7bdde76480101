import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routerAccess, securedAccess, site } from '#apis/index.ts';
import { deployment, role, roleBinding } from '#controllers/cluster/kinds.ts';
import { configMap, type KubeObject, secret, service, serviceAccount } from '#kube/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { until } from '../support/until.ts';
import { runRouterPod } from './cluster-objects.ts';
import { clusterWorld } from './cluster-world.ts';
import { newSite } from './site-objects.ts';

const inWest = (name: string) => ({ namespace: 'west', name });

test('acceptance 1: an empty Site has its objects, all reachable from it', async (t) => {
  const world = await clusterWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  const made = await world.eventually(deployment, 'west', 'skupper-router', () => true);
  const own = await world.client.get(site, inWest('west'));
  const byName = [
    [configMap, 'skupper-router'],
    [service, 'skupper-router-local'],
    [serviceAccount, 'skupper-router'],
    [role, 'skupper-router'],
    [roleBinding, 'skupper-router'],
  ] as const;
  for (const [kind, name] of byName) {
    const object = await world.eventually<KubeObject>(kind, 'west', name, () => true);
    const owners = object.metadata.ownerReferences?.map(({ uid }) => uid);
    assert.deepEqual(owners, [own.metadata.uid], `${kind.kind} ${name}`);
  }
  for (const name of ['skupper-site-ca', 'skupper-local-ca', 'skupper-local-server']) {
    await world.eventually(secret, 'west', name, () => true);
  }
  assert.equal(made.metadata.ownerReferences?.[0]?.uid, own.metadata.uid);
  const { template, selector } = made.spec ?? assert.fail('no spec');
  assert.deepEqual(selector.matchLabels, { 'skupper.io/component': 'router' });
  assert.equal(template.metadata.labels['skupper.io/group'], 'skupper-router');
  assert.match(template.metadata.annotations['skupper.io/config-digest'] ?? '', /^[\da-f]{64}$/);
  assert.equal(template.metadata.annotations['prometheus.io/port'], '9090');
  assert.equal(template.spec['serviceAccountName'], 'skupper-router');
  const front = await world.client.get(service, inWest('skupper-router-local'));
  assert.deepEqual(
    front.spec?.ports?.map(({ name, port, targetPort }) => [name, port, targetPort]),
    [['amqps', 5671, 5671]],
  );
  assert.equal(front.spec?.type, 'ClusterIP');
  const config = await world.eventually(configMap, 'west', 'skupper-router', ({ data }) =>
    data?.['skrouterd.json']?.includes('sslProfile'),
  );
  const text = config.data?.['skrouterd.json'] ?? '';
  assert.match(text, /"\/etc\/skupper-router-certs\/skupper-local-server\/tls\.key"/);
  assert.match(text, /"name": "@9090"/);
});

test('acceptance 2, 3: the router pods decide about Running', async (t) => {
  const world = await clusterWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.status === 'Pending' && status.message === 'No router pod is ready',
  );
  await runRouterPod(world, 'west', { ready: false, message: 'containers with unready status' });
  await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.message === 'containers with unready status',
  );
  await runRouterPod(world, 'west', { ip: '127.0.0.1' });
  await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.status === 'Ready' && status.message === 'OK',
  );
});

test('acceptance 4, 5, 6, 17: a load balancer gives endpoints, names and no restart', async (t) => {
  const world = await clusterWorld(t, { lacks: ['routes.route.openshift.io'] });
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west', { linkAccess: 'default' }));
  const front = await world.eventually(service, 'west', 'skupper-router', () => true);
  assert.equal(front.spec?.type, 'LoadBalancer');
  assert.deepEqual(
    front.spec?.ports?.map(({ name, port, targetPort }) => [name, port, targetPort]),
    [
      ['inter-router', 55671, 55671],
      ['edge', 45671, 45671],
    ],
  );
  assert.deepEqual(front.spec?.selector, {
    application: 'skupper-router',
    'skupper.io/component': 'router',
    'skupper.io/group': 'skupper-router',
  });
  await world.eventually(secret, 'west', 'skupper-site-server', () => true);
  await runRouterPod(world, 'west', { ip: '127.0.0.1' });
  const waiting = await world.eventually(
    site,
    'west',
    'west',
    ({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Running' && is === 'True') &&
      status.status === 'Pending',
  );
  assert.equal(waiting.status?.message, 'Pending');
  const before = await world.client.get(deployment, inWest('skupper-router'));
  const live = await world.client.get(service, inWest('skupper-router'));
  await world.client.updateStatus(service, {
    ...live,
    status: { loadBalancer: { ingress: [{ ip: '10.0.0.5' }] } },
  });
  const ready = await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.status === 'Ready',
  );
  assert.deepEqual(ready.status?.endpoints, [
    { name: 'inter-router', host: '10.0.0.5', port: '55671', group: 'skupper-router' },
    { name: 'edge', host: '10.0.0.5', port: '45671', group: 'skupper-router' },
  ]);
  await world.eventually(secret, 'west', 'skupper-site-server', ({ metadata }) =>
    metadata.annotations?.['internal.skupper.io/hosts']?.includes('10.0.0.5'),
  );
  const after = await world.client.get(deployment, inWest('skupper-router'));
  assert.deepEqual(after.spec?.template, before.spec?.template);

  await world.client.patch(site, inWest('west'), { spec: { linkAccess: 'none' } });
  await world.gone(routerAccess, 'west', 'skupper-router');
  await world.gone(service, 'west', 'skupper-router');
});

test('acceptance 7, 8, 9: what linkAccess, edge and ha may not be', async (t) => {
  const world = await clusterWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west', { linkAccess: 'nosuch' }));
  await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.message === 'Unsupported value for LinkAccess: nosuch',
  );
  await world.client.patch(site, inWest('west'), {
    spec: { linkAccess: 'none', edge: true, ha: true },
  });
  await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.message === 'Edge sites cannot have HA enabled',
  );
  await world.client.patch(site, inWest('west'), { spec: { edge: null, ha: null } });
  await runRouterPod(world, 'west', { ip: '127.0.0.1' });
  await world.eventually(site, 'west', 'west', ({ status }) => status?.status === 'Ready');
  assert.equal(await world.client.find(routerAccess, inWest('skupper-router')), undefined);
});

test('acceptance 14: a ServiceAccount of the user is used, and none is made', async (t) => {
  const world = await clusterWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west', { serviceAccount: 'custom' }));
  const made = await world.eventually(deployment, 'west', 'skupper-router', () => true);
  assert.equal(made.spec?.template.spec['serviceAccountName'], 'custom');
  for (const kind of [serviceAccount, role, roleBinding]) {
    assert.equal(await world.client.find<KubeObject>(kind, inWest('skupper-router')), undefined);
  }
});

test('acceptance 18, 19: logging is configured, and a new start shows in the digest', async (t) => {
  const world = await clusterWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  const first = await world.eventually(deployment, 'west', 'skupper-router', () => true);
  await world.client.patch(site, inWest('west'), {
    spec: { settings: { 'router-logging': 'debug' } },
  });
  await world.eventually(configMap, 'west', 'skupper-router', ({ data }) =>
    /"log",\s+\{\s+"module": "DEFAULT",\s+"enable": "debug\+"/.test(data?.['skrouterd.json'] ?? ''),
  );
  const digest = 'skupper.io/config-digest';
  const before = first.spec?.template.metadata.annotations[digest];
  const second = await world.eventually(
    deployment,
    'west',
    'skupper-router',
    ({ spec }) => spec?.template.metadata.annotations[digest] !== before,
  );
  await world.client.patch(site, inWest('west'), { spec: { edge: true } });
  await world.eventually(
    deployment,
    'west',
    'skupper-router',
    ({ spec }) =>
      spec?.template.metadata.annotations[digest] !==
      second.spec?.template.metadata.annotations[digest],
  );
  await world.eventually(configMap, 'west', 'skupper-router', ({ data }) =>
    data?.['skrouterd.json']?.includes('"mode": "edge"'),
  );
});

test('sizes and templates are taken over, and a running cluster is not written to', async (t) => {
  const world = await clusterWorld(t);
  await world.namespace('west');
  await world.namespace('drawbridge-system');
  await world.client.create(configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'small',
      namespace: 'drawbridge-system',
      labels: { 'skupper.io/site-sizing': 'small' },
    },
    data: { 'router-cpu-request': '250m', 'router-memory-limit': '1Gi', nonsense: 'x' },
  });
  await world.client.create(configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'template',
      namespace: 'west',
      labels: { 'skupper.io/label-template': 'true', team: 'blue' },
      annotations: { 'example.com/note': 'kept', 'example.com/private': 'not' },
    },
    data: { kind: 'Deployment', exclude: 'example.com/private' },
  });
  await world.client.create(site, newSite('west', 'west', { settings: { size: 'small' } }));
  const made = await world.eventually(
    deployment,
    'west',
    'skupper-router',
    ({ metadata }) => metadata.labels?.['team'] === 'blue',
  );
  assert.equal(made.metadata.annotations?.['example.com/note'], 'kept');
  assert.equal(made.metadata.annotations?.['example.com/private'], undefined);
  const containers = made.spec?.template.spec['containers'] as { resources?: unknown }[];
  assert.deepEqual(containers[0]?.resources, {
    requests: { cpu: '250m' },
    limits: { memory: '1Gi' },
  });
  const front = await world.client.get(service, inWest('skupper-router-local'));
  assert.equal(front.metadata.labels?.['team'], undefined);

  // What the API server fills in must not be taken for a difference.
  const filled = structuredClone(made);
  Object.assign(filled.spec?.template.spec ?? {}, { dnsPolicy: 'ClusterFirst' });
  Object.assign(containers[0] ?? {}, { terminationMessagePath: '/dev/termination-log' });
  const written = await world.client.update(deployment, filled);
  await world.client.patch(site, inWest('west'), { metadata: { labels: { look: 'again' } } });
  await runRouterPod(world, 'west', { ip: '127.0.0.1' });
  await world.eventually(site, 'west', 'west', ({ status }) => status?.status === 'Ready');
  const after = await world.client.get(deployment, inWest('skupper-router'));
  assert.equal(after.metadata.resourceVersion, written.metadata.resourceVersion);
});

test('acceptance 78, 79: access types that are off, and ports of nodes', async (t) => {
  const world = await clusterWorld(t, { access: { enabled: ['local', 'nodeport'] } });
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west', { linkAccess: 'nodeport' }));
  const front = await world.eventually(service, 'west', 'skupper-router', () => true);
  assert.equal(front.spec?.type, 'NodePort');
  await world.client.patch(
    service,
    inWest('skupper-router'),
    [
      { op: 'add', path: '/spec/ports/0/nodePort', value: 30_001 },
      { op: 'add', path: '/spec/ports/1/nodePort', value: 30_002 },
    ],
    { type: 'json' },
  );
  const ready = await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.endpoints?.length === 2,
  );
  assert.deepEqual(
    ready.status?.endpoints?.map(({ host, port }) => `${host}:${port}`),
    ['nodes.example:30001', 'nodes.example:30002'],
  );
  await world.client.create(routerAccess, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'RouterAccess',
    metadata: { name: 'other', namespace: 'west' },
    spec: {
      roles: [{ name: 'inter-router' }],
      tlsCredentials: 'other',
      generateTlsCredentials: true,
      accessType: 'ingress',
    },
  });
  const refused = await world.eventually(securedAccess, 'west', 'other', ({ status }) => status);
  assert.equal(refused.status?.message, 'unsupported access type');
  assert.equal(refused.status?.status, 'Error');
});

test('acceptance 12, 13: high availability is a second router, and goes again', async (t) => {
  const world = await clusterWorld(t, { access: { enabled: ['local'] } });
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west', { ha: true, linkAccess: 'local' }));
  const ready = await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.endpoints?.length === 4,
  );
  assert.deepEqual(
    ready.status?.endpoints?.map(({ group, host, port }) => `${group} ${host}:${port}`),
    [
      'skupper-router skupper-router.west:55671',
      'skupper-router skupper-router.west:45671',
      'skupper-router-2 skupper-router-2.west:55671',
      'skupper-router-2 skupper-router-2.west:45671',
    ],
  );
  const second = await world.eventually(deployment, 'west', 'skupper-router-2', () => true);
  assert.equal(second.spec?.template.metadata.labels['skupper.io/group'], 'skupper-router-2');
  assert.match(JSON.stringify(second.spec?.template.spec), /podAntiAffinity/);
  const front = await world.eventually(service, 'west', 'skupper-router-2', () => true);
  assert.equal(front.spec?.selector?.['skupper.io/group'], 'skupper-router-2');
  const config = await world.eventually(configMap, 'west', 'skupper-router-2', ({ data }) =>
    data?.['skrouterd.json']?.includes('"connector"'),
  );
  const entities = JSON.parse(config.data?.['skrouterd.json'] ?? '[]') as [
    string,
    Record<string, string>,
  ][];
  const peer = entities.find(([type]) => type === 'connector')?.[1];
  assert.equal(
    `${peer?.['name']} ${peer?.['host']}:${peer?.['port']}`,
    'skupper-router skupper-router:55671',
  );
  const id = entities.find(([type]) => type === 'router')?.[1]['id'] ?? '';
  assert.match(id, /^west-[\da-f]{8}-2$/);
  const first = await world.client.get(configMap, inWest('skupper-router'));
  assert.doesNotMatch(first.data?.['skrouterd.json'] ?? '', /"connector"/);
  await world.eventually(secret, 'west', 'skupper-site-server', ({ metadata }) =>
    metadata.annotations?.['internal.skupper.io/hosts']?.includes('skupper-router-2.west'),
  );
  // The second router shows it to the first, which wants a certificate for clients.
  const usesOf = async (): Promise<unknown[]> => {
    const found = await world.client.get(secret, inWest('skupper-site-server'));
    const pem = Buffer.from(found.data?.['tls.crt'] ?? '', 'base64').toString();
    const { serverAuth, clientAuth } = parseCertificate(pem);
    return [serverAuth, clientAuth];
  };
  await until(async () => (await usesOf()).every(Boolean), 'a certificate for both ends');

  await world.client.patch(site, inWest('west'), { spec: { ha: false } });
  await world.gone(deployment, 'west', 'skupper-router-2');
  await world.gone(configMap, 'west', 'skupper-router-2');
  await world.gone(securedAccess, 'west', 'skupper-router-2');
  await world.eventually(site, 'west', 'west', ({ status }) => status?.endpoints?.length === 2);
  await until(async () => (await usesOf())[1] === false, 'a certificate for servers alone');
  await world.client.get(deployment, inWest('skupper-router'));
});
