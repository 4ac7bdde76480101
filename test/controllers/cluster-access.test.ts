import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SecuredAccess, securedAccess, site } from '#apis/index.ts';
import { checkAccessSettings, ControllerError } from '#controllers/index.ts';
import {
  accessMethods,
  type AccessSettings,
  defaultAccessType,
} from '#controllers/cluster/exposure/access-methods.ts';
import { ingress, route } from '#controllers/cluster/foreign-kinds.ts';
import { type KubeObject, type Service, service } from '#kube/index.ts';
import { accessSettings, clusterWorld } from './cluster-world.ts';
import { newSite } from './site-objects.ts';

const inWest = (name: string) => ({ namespace: 'west', name });

const settings: AccessSettings = {
  ...accessSettings,
  enabled: ['contour-http-proxy', 'gateway', 'ingress', 'ingress-nginx'],
  gatewayClass: 'envoy',
};

const access: SecuredAccess = {
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'SecuredAccess',
  metadata: { name: 'sa', namespace: 'west', uid: 'u' },
  spec: { selector: {}, ports: [{ name: 'edge', port: 45_671 }] },
};
const front: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'sa', namespace: 'west' },
  spec: { ports: [{ name: 'edge', port: 45_671 }] },
};

function tried(
  type: string,
  changes: Partial<AccessSettings> = {},
  live: Readonly<Record<string, KubeObject>> = {},
  own: SecuredAccess = access,
): { objects: readonly KubeObject[]; hosts: readonly string[]; pending: string | undefined } {
  const gateway = live['skupper'];
  const methods = accessMethods({ ...settings, ...changes }, 'system', () => gateway);
  const method = methods.get(type) ?? assert.fail(type);
  const found = (name: string): KubeObject | undefined => live[name];
  const { endpoints, pending } = method.exposure(own, front, found);
  const hosts = endpoints.map(({ host, port }) => `${host}:${port}`);
  return { objects: method.wanted(own, found), hosts, pending };
}

test('acceptance 80: Routes pass TLS through, and their names become endpoints', async (t) => {
  const world = await clusterWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west', { linkAccess: 'default' }));
  for (const name of ['skupper-router-inter-router', 'skupper-router-edge']) {
    const made = await world.eventually(route, 'west', name, () => true);
    assert.deepEqual(made.spec?.['tls'], {
      termination: 'passthrough',
      insecureEdgeTerminationPolicy: 'None',
    });
    const status = { ingress: [{ host: `${name}.apps.example` }] };
    await world.client.updateStatus(route, { ...made, status });
  }
  const ready = await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.endpoints?.length === 2,
  );
  assert.deepEqual(
    ready.status?.endpoints?.map(({ host, port }) => `${host}:${port}`),
    ['skupper-router-inter-router.apps.example:443', 'skupper-router-edge.apps.example:443'],
  );
  // Another way in takes the place of the Routes.
  await world.client.patch(site, inWest('west'), { spec: { linkAccess: 'local' } });
  await world.gone(route, 'west', 'skupper-router-edge');
  const local = await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.endpoints?.[0]?.host === 'skupper-router.west',
  );
  assert.equal(local.status?.endpoints?.[0]?.port, '55671');
});

test('a Route of somebody else is not touched, and the Site says so', async (t) => {
  const world = await clusterWorld(t, {
    access: { enabled: ['ingress'], ingressDomain: 'd.example' },
  });
  await world.namespace('west');
  await world.client.create(ingress, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: inWest('skupper-router'),
    spec: { rules: [] },
  });
  await world.client.create(site, newSite('west', 'west', { linkAccess: 'ingress' }));
  await world.eventually(service, 'west', 'skupper-router', () => true);
  await world.eventually(
    securedAccess,
    'west',
    'skupper-router',
    ({ status }) => status?.message === 'Ingress skupper-router already exists in namespace',
  );
});

test('an Ingress has a name per port, below a domain that is set or that of its address', () => {
  const set = tried('ingress-nginx', { ingressDomain: 'd.example' });
  assert.deepEqual(set.hosts, ['edge.west.d.example:443']);
  const { metadata } = set.objects[0] ?? assert.fail('no Ingress');
  assert.equal(metadata.annotations?.['nginx.ingress.kubernetes.io/ssl-passthrough'], 'true');
  const without = tried('ingress');
  assert.deepEqual(without.hosts, []);
  assert.equal(without.objects.length, 1);
  const live = (address: object): Record<string, KubeObject> => ({
    sa: Object.assign(structuredClone(front), { status: { loadBalancer: { ingress: [address] } } }),
  });
  assert.deepEqual(tried('ingress', {}, live({ ip: '10.0.0.5' })).hosts, [
    'edge.west.10.0.0.5.nip.io:443',
  ]);
  assert.deepEqual(tried('ingress', {}, live({ hostname: 'lb.example' })).hosts, [
    'edge.west.lb.example:443',
  ]);
  const own = structuredClone(access);
  if (own.spec !== undefined) own.spec.settings = { domain: 'own.example', ingressClassName: 'x' };
  const asked = tried('ingress', { ingressDomain: 'd.example' }, {}, own);
  assert.deepEqual(asked.hosts, ['edge.west.own.example:443']);
  assert.match(JSON.stringify(asked.objects), /"ingressClassName":"x"/);
});

test('HTTPProxy and TLSRoute need a domain, and say so while there is none', () => {
  const proxy = tried('contour-http-proxy');
  assert.equal(proxy.pending, 'No domain is set for access by HTTPProxy');
  assert.equal(proxy.objects.length, 0);
  const named = tried('contour-http-proxy', { httpProxyDomain: 'd.example' });
  assert.deepEqual(named.hosts, ['sa-edge.west.d.example:443']);
  assert.equal(named.objects[0]?.kind, 'HTTPProxy');

  assert.equal(tried('gateway').pending, 'Gateway base domain not yet resolved');
  const gateway = (type: string, value: string): Record<string, KubeObject> => ({
    skupper: Object.assign(structuredClone(front), { status: { addresses: [{ type, value }] } }),
  });
  const byAddress = tried('gateway', {}, gateway('IPAddress', '10.0.0.9'));
  assert.deepEqual(byAddress.hosts, ['sa-edge.west.10.0.0.9.nip.io:8443']);
  assert.match(
    JSON.stringify(byAddress.objects),
    /"parentRefs":\[\{"name":"skupper","namespace":"system"\}\]/,
  );
  assert.deepEqual(tried('gateway', {}, gateway('Hostname', 'gw.example')).hosts, [
    'sa-edge.west.gw.example:8443',
  ]);
  assert.deepEqual(tried('gateway', { gatewayDomain: 'set.example' }).hosts, [
    'sa-edge.west.set.example:8443',
  ]);
});

test('settings that contradict each other are refused, and a default is found', () => {
  const cases: readonly [Partial<AccessSettings>, RegExp][] = [
    [{ enabled: ['loadbalancer', 'tunnel'] }, /Unknown access type "tunnel"/],
    [{ defaultType: 'route' }, /Default access type "route" is not in enabled list\./],
    [{ enabled: ['nodeport'], clusterHost: '' }, /Cluster host must be set/],
    [{ enabled: ['gateway'], gatewayClass: '' }, /Gateway class must be set/],
  ];
  for (const [changes, expected] of cases) {
    assert.throws(
      () => checkAccessSettings({ ...settings, ...changes }),
      (thrown) => thrown instanceof ControllerError && expected.test(thrown.message),
    );
  }
  const all = { ...settings, enabled: ['local', 'loadbalancer', 'route'] };
  assert.equal(defaultAccessType(all, true), 'route');
  assert.equal(defaultAccessType(all, false), 'loadbalancer');
  assert.equal(defaultAccessType({ ...all, enabled: ['local'] }, true), 'local');
  assert.equal(defaultAccessType({ ...all, defaultType: 'local' }, true), 'local');
});
