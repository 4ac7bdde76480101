import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connector, Link, Listener, Site } from '#apis/index.ts';
import type { ConfigMap, Evaluation, Service } from '#kube/index.ts';
import { checkConnector } from '#controllers/connector/check.ts';
import { decideConnectorStatus } from '#controllers/connector/status.ts';
import { checkLink } from '#controllers/link/check.ts';
import { decideLinkStatus } from '#controllers/link/status.ts';
import { frontOfListener } from '#controllers/listener/front.ts';
import { planListeners } from '#controllers/listener/plan.ts';
import { servicePortName } from '#controllers/listener/service-port.ts';
import { decideListenerStatus } from '#controllers/listener/status.ts';
import {
  activeSite,
  checkSite,
  decideClaim,
  decideSiteStatus,
  lostRouter,
} from '#controllers/site/decide.ts';
import { orphaned } from '#controllers/site/redeemed-tokens.ts';
import { testAuthority } from '../support/service-tls.ts';
import { newConnector, newLink, newListener, newSite, tlsSecretOf } from './site-objects.ts';

const at: Evaluation = { nowMs: Date.UTC(2026, 0, 1), generation: 3 };

const siteWith = (name: string, uid: string, spec: Site['spec'] = {}): Site => {
  const site = newSite('ns', name, spec);
  return { ...site, metadata: { ...site.metadata, uid } };
};

const configOf = (uid: string | undefined): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'skupper-router',
    namespace: 'ns',
    ...(uid === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'x', kind: 'Site', name: 'n', uid }] }),
  },
});

const tlsSecret = tlsSecretOf('s', await (await testAuthority('ca')).client('own'));
const secretNamed = (names: readonly string[]) => (name: string) =>
  names.includes(name) ? tlsSecret : undefined;

test('a Site claims a free ConfigMap, keeps its own, and yields to the active one', () => {
  const a = siteWith('a', 'uid-a');
  const b = siteWith('b', 'uid-b');
  const both = [a, b];
  assert.deepEqual(decideClaim(a, both, undefined), { verdict: 'claim' });
  assert.deepEqual(decideClaim(a, both, configOf('uid-a')), { verdict: 'active' });
  assert.deepEqual(decideClaim(b, both, configOf('uid-a')), {
    verdict: 'refused',
    problem: 'An active site already exists in the namespace (a)',
  });
  assert.deepEqual(decideClaim(b, both, configOf('uid-gone')), { verdict: 'claim' });
  assert.deepEqual(decideClaim(b, both, configOf(undefined)), {
    verdict: 'refused',
    problem: 'skupper-router is not owned by skupper site "uid-b"',
  });
  const leaving = {
    ...a,
    metadata: { ...a.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  };
  assert.deepEqual(decideClaim(b, [leaving, b], configOf('uid-a')), { verdict: 'claim' });
  assert.equal(activeSite([leaving, b], configOf('uid-a')), undefined);
  assert.equal(activeSite(both, configOf('uid-b')), b);
  assert.equal(activeSite(both, undefined), undefined);
});

test('a Site spec is checked', () => {
  const abilities = { accessTypes: ['local', 'loadbalancer'], edge: false, ha: true };
  const cases: readonly [Site['spec'], string | undefined][] = [
    [{}, undefined],
    [{ linkAccess: '' }, undefined],
    [{ linkAccess: 'none' }, undefined],
    [{ linkAccess: 'default' }, undefined],
    [{ linkAccess: 'loadbalancer' }, undefined],
    [{ linkAccess: 'route' }, 'Unsupported value for LinkAccess: route'],
    [{ linkAccess: 'nosuch' }, 'Unsupported value for LinkAccess: nosuch'],
    [{ edge: true, ha: true }, 'Edge sites cannot have HA enabled'],
    [{ edge: true }, 'Edge sites are not supported on this platform'],
    [{ ha: true }, undefined],
  ];
  for (const [spec, expected] of cases) {
    assert.equal(checkSite(siteWith('a', 'u', spec), abilities), expected, JSON.stringify(spec));
  }
  const refused = checkSite(siteWith('a', 'u', { ha: true }), { ...abilities, ha: false });
  assert.equal(refused, 'HA is not supported on this platform');
});

test('acceptance 3: the sum of a Site follows its router and its endpoints', () => {
  const controller = { name: 'c', namespace: 'n', version: 'v' };
  const facts = {
    problem: undefined,
    active: true,
    health: { state: 'ready', count: 1 } as const,
    routerAccesses: [],
    network: undefined,
    controller,
  };
  const closed = siteWith('a', 'u');
  const open = siteWith('a', 'u', { linkAccess: 'default' });
  const summary = (status: NonNullable<Site['status']>): string =>
    `${status.status} ${status.message}`;
  assert.equal(summary(decideSiteStatus(closed, facts, at)), 'Ready OK');
  assert.equal(summary(decideSiteStatus(open, facts, at)), 'Pending Pending');
  const absent = { ...facts, health: { state: 'absent' } as const };
  assert.equal(summary(decideSiteStatus(closed, absent, at)), 'Pending No router pod is ready');
  const faulty = { ...facts, problem: 'bad' };
  assert.equal(summary(decideSiteStatus(closed, faulty, at)), 'Error bad');
  const status = decideSiteStatus(closed, facts, at);
  assert.equal(decideSiteStatus({ ...closed, status }, facts, at), status, 'nothing to change');
});

test('a Site with two routers is Ready with one of them, says so, and tells when one is lost', () => {
  const controller = { name: 'c', namespace: 'n', version: 'v' };
  const facts = (count: number) => ({
    problem: undefined,
    active: true,
    health: { state: 'ready', count } as const,
    routerAccesses: [],
    network: undefined,
    controller,
  });
  const single = siteWith('a', 'u');
  const double = siteWith('a', 'u', { ha: true });
  const running = (status: Site['status']) =>
    status?.conditions?.find(({ type }) => type === 'Running')?.message;
  const fresh = decideSiteStatus(double, facts(1), at);
  assert.deepEqual([fresh.status, running(fresh)], ['Ready', '1 of 2 routers is ready']);
  const both = decideSiteStatus({ ...double, status: fresh }, facts(2), at);
  assert.deepEqual([both.status, running(both)], ['Ready', 'OK']);
  const lost = decideSiteStatus({ ...double, status: both }, facts(1), at);
  assert.equal(running(lost), '1 of 2 routers is ready');
  assert.equal(lostRouter(both, lost), '1 of 2 routers is ready');
  for (const [before, after] of [
    [undefined, fresh],
    [fresh, both],
    [lost, lost],
    [both, both],
  ] as const) {
    assert.equal(lostRouter(before, after), undefined);
  }
  // One that was given a second router only now has lost none.
  const one = decideSiteStatus(single, facts(1), at);
  const next = { ...at, generation: 2 };
  const growing = decideSiteStatus({ ...double, status: one }, facts(1), next);
  assert.equal(running(growing), '1 of 2 routers is ready');
  assert.equal(lostRouter(one, growing), undefined);
});

test('acceptance 24, 25: a Link needs its secret, its endpoint and its proxy', () => {
  const endpoints = [
    { name: 'inter-router', host: 'h', port: '55671' },
    { name: 'edge', host: 'e', port: '45671' },
  ];
  const check = (
    spec: Partial<NonNullable<Link['spec']>>,
    mode: 'interior' | 'edge' = 'interior',
  ) =>
    checkLink(newLink('ns', 'l', { endpoints, tlsCredentials: 's', ...spec }), {
      mode,
      secret: secretNamed(['s']),
    });
  const cases: readonly [ReturnType<typeof check>, string][] = [
    [check({ tlsCredentials: 'x' }), 'TLS credentials secret "x" not found'],
    [check({ endpoints: [] }), 'Link has no endpoint named inter-router'],
    [check({ endpoints: endpoints.slice(0, 1) }, 'edge'), 'Link has no endpoint named edge'],
    [
      check({ endpoints: [{ name: 'inter-router', host: 'h', port: '0' }] }),
      'Endpoint inter-router has an invalid port: 0',
    ],
    [
      check({ endpoints: [{ name: 'inter-router', port: '1' }] }),
      'Endpoint inter-router has no host',
    ],
    [
      check({ settings: { 'proxy-configuration': 'p' } }),
      'Secret not found for proxy configuration',
    ],
  ];
  for (const [checked, problem] of cases) assert.deepEqual(checked, { ok: false, problem });
  for (const [cost, expected] of [
    [undefined, 1],
    [0, 1],
    [-1, 1],
    [5, 5],
  ] as const) {
    const checked = check(cost === undefined ? {} : { cost });
    assert.equal(checked.ok && checked.link.cost, expected);
  }
  const edge = check({}, 'edge');
  assert.equal(edge.ok && edge.link.host, 'e');
});

test('a Link is operational only while its record says so, and forgets its peer', () => {
  const own = newLink('ns', 'l', { endpoints: [] });
  const record = { name: 'l', remoteSiteId: 'i', remoteSiteName: 'n', operational: true };
  const up = decideLinkStatus(own, { problem: undefined, record }, at);
  assert.equal(`${up.status} ${up.message} ${up.remoteSiteName}`, 'Ready OK n');
  const known = { ...own, status: up };
  const down = { ...record, operational: false };
  const away = decideLinkStatus(known, { problem: undefined, record: down }, at);
  assert.equal(`${away.status} ${away.message}`, 'Pending Not operational');
  const gone = decideLinkStatus(known, { problem: undefined, record: undefined }, at);
  assert.equal(gone.remoteSiteName, undefined);
  assert.equal(decideLinkStatus(known, { problem: undefined, record: 'unknown' }, at), up);
  assert.equal(decideLinkStatus(known, { problem: undefined, record }, at), up);
  const faulty = decideLinkStatus(known, { problem: 'bad', record }, at);
  assert.equal(`${faulty.status} ${faulty.message}`, 'Error bad');
});

test('a Connector needs a host, a port, a known type and its secret', () => {
  const check = (spec: Partial<NonNullable<Connector['spec']>>) =>
    checkConnector(newConnector('ns', 'c', { routingKey: 'k', port: 80, ...spec }), {
      secret: secretNamed(['s']),
      pods: undefined,
    });
  const cases: readonly [Partial<NonNullable<Connector['spec']>>, string][] = [
    [{}, 'Connector must define a non-empty spec.host or spec.selector'],
    [{ host: '' }, 'Connector must define a non-empty spec.host or spec.selector'],
    [{ host: 'h', type: 'udp' }, 'Unsupported type: udp'],
    [{ host: 'h', port: 0 }, 'Invalid port: 0'],
    [{ host: 'h', port: 70_000 }, 'Invalid port: 70000'],
    [{ host: 'h', tlsCredentials: 'x' }, 'TLS credentials secret "x" not found'],
  ];
  for (const [spec, problem] of cases) assert.deepEqual(check(spec), { ok: false, problem });
  const ok = check({ host: 'h', tlsCredentials: 's', type: 'tcp' });
  assert.deepEqual(ok, {
    ok: true,
    connectors: [
      {
        name: 'c',
        host: 'h',
        port: 80,
        address: 'k',
        secret: 's',
        useClientCert: false,
        verifyHostname: false,
      },
    ],
    pods: [],
  });
});

const listenerAt = (name: string, host: string, port: number, created = '1'): Listener => {
  const made = newListener('ns', name, { routingKey: 'k', host, port });
  return { ...made, metadata: { ...made.metadata, creationTimestamp: created } };
};

test('Listeners share hosts, not ports; the older one and the holder win', () => {
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'held',
      namespace: 'ns',
      labels: { 'internal.skupper.io/listener': 'late' },
    },
    spec: { ports: [{ name: 'late', port: 80 }] },
  };
  const plan = planListeners(
    [
      listenerAt('second', 'h', 80, '2'),
      listenerAt('first', 'h', 80, '1'),
      listenerAt('third', 'h', 81, '3'),
      listenerAt('early', 'held', 80, '1'),
      listenerAt('late', 'held', 80, '9'),
      listenerAt('ip', '10.0.0.1', 80),
      listenerAt('bad', 'Not_A_Name', 80),
    ].map(frontOfListener),
    {
      secret: () => undefined,
      service: (name) => (name === 'held' ? service : undefined),
      bindsAddresses: true,
    },
  );
  assert.deepEqual(Object.fromEntries(plan.problems), {
    'listener/early': 'Listener late with host held and port 80 already exists in namespace',
    'listener/bad': 'Invalid host: Not_A_Name',
    'listener/second': 'Listener first with host h and port 80 already exists in namespace',
  });
  assert.deepEqual(
    plan.services.toSorted((a, b) => (a.host < b.host ? -1 : 1)),
    [
      {
        host: 'h',
        ports: [
          { listener: 'listener/first', name: 'first', port: 80 },
          { listener: 'listener/third', name: 'third', port: 81 },
        ],
      },
      { host: 'held', ports: [{ listener: 'listener/late', name: 'late', port: 80 }] },
    ],
  );
  assert.ok(plan.placed.has('listener/ip'));
});

test('port names of Services are legal and different, whatever the Listeners are called', () => {
  const long = 'a'.repeat(80);
  const names = ['web', 'web.v1', 'web.v2', long, `${long}b`].map(servicePortName);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z0-9-]{1,63}$/);
  assert.equal(names[0], 'web');
});

test('matching keeps its last state while the network is unknown', () => {
  const own = newListener('ns', 'l', { routingKey: 'k', host: 'h', port: 80 });
  const fresh = decideListenerStatus(own, { problem: undefined, matched: undefined }, at);
  assert.equal(fresh.message, 'No matching connectors');
  const matched = decideListenerStatus(own, { problem: undefined, matched: true }, at);
  assert.equal(matched.hasMatchingConnector, true);
  const known = { ...own, status: matched };
  assert.equal(
    decideListenerStatus(known, { problem: undefined, matched: undefined }, at),
    matched,
  );
  const lost = decideListenerStatus(known, { problem: undefined, matched: false }, at);
  assert.equal(lost.hasMatchingConnector, undefined);
  const connector = newConnector('ns', 'c', { routingKey: 'k', port: 80 });
  const other = decideConnectorStatus(
    connector,
    { problem: undefined, pods: [], matched: false },
    at,
  );
  assert.equal(other.message, 'No matching listeners');
});

test('a token of a deleted Site stays redeemed and shows an error', () => {
  const token = {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name: 't' },
    spec: { url: '', code: '', ca: '' },
    status: { redeemed: true },
  };
  const status = orphaned(token, at);
  assert.equal(status.redeemed, true);
  assert.deepEqual(
    status.conditions?.map((each) => `${each.type} ${each.status} ${each.reason} ${each.message}`),
    ['Redeemed True Error Already redeemed for a deleted site'],
  );
  assert.equal(orphaned({ ...token, status }, at), status);
});
