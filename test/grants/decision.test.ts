import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideGrant, defaultGrantSpec, type GrantSurroundings } from '#grants/grant-decision.ts';
import type { AccessGrant } from '#grants/kinds.ts';
import { activeSite, endpointGroups, issuerOf, type SiteFacts } from '#grants/site-access.ts';

const nowMs = Date.UTC(2030, 0, 1, 12);

function grantOf(spec: AccessGrant['spec'], status?: AccessGrant['status']): AccessGrant {
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: { name: 'g', namespace: 'west', uid: 'u-1', generation: 3 },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
  };
}

const around: GrantSurroundings = {
  enabled: true,
  address: { url: 'https://h:9090', caPem: 'PEM' },
  site: undefined,
  nowMs,
  createCode: () => 'made',
};

function siteOf(name: string, rest: Partial<SiteFacts> = {}): SiteFacts {
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Site',
    metadata: { name, namespace: 'west' },
    ...rest,
  };
}

test('acceptance 30: an empty spec gets one redemption within 15 minutes, written back', () => {
  const empty = grantOf(undefined);
  assert.deepEqual(defaultGrantSpec(empty).spec, {
    redemptionsAllowed: 1,
    expirationWindow: '15m',
  });
  const zero = grantOf({ redemptionsAllowed: 0, code: 'c' });
  assert.deepEqual(defaultGrantSpec(zero).spec, {
    redemptionsAllowed: 1,
    expirationWindow: '15m',
    code: 'c',
  });
  const full = grantOf({ redemptionsAllowed: -1, expirationWindow: '1h' });
  assert.equal(defaultGrantSpec(full), full);
});

test('acceptance 31: a grant becomes Ready with code, url, ca and expiration, also without a Site', () => {
  const { status } = decideGrant(grantOf({ expirationWindow: '25m' }), around);
  assert.equal(status?.code, 'made');
  assert.equal(status?.url, 'https://h:9090/u-1');
  assert.equal(status?.ca, 'PEM');
  assert.equal(status?.expirationTime, '2030-01-01T12:25:00Z');
  assert.deepEqual([status?.status, status?.message], ['Ready', 'OK']);
  assert.deepEqual(
    status?.conditions?.map(({ type, status: state, observedGeneration }) => [
      type,
      state,
      observedGeneration,
    ]),
    [
      ['Processed', 'True', 3],
      ['Resolved', 'True', 3],
      ['Ready', 'True', 3],
      ['Redeemable', 'True', 3],
    ],
  );
});

test('acceptance 32: code and expiration are set once; url and ca follow the server', () => {
  const first = decideGrant(grantOf({ code: 'mine' }), around);
  assert.equal(first.status?.code, 'mine');
  assert.equal(first.status?.expirationTime, '2030-01-01T12:15:00Z');
  const edited = { ...first, spec: { code: 'other', expirationWindow: '5h' } };
  const address = { url: 'https://new:1', caPem: 'NEW' };
  const { status } = decideGrant(edited, { ...around, nowMs: nowMs + 60_000, address });
  assert.equal(status?.code, 'mine');
  assert.equal(status?.expirationTime, '2030-01-01T12:15:00Z');
  assert.deepEqual([status?.url, status?.ca], ['https://new:1/u-1', 'NEW']);
});

test('deciding again changes nothing', () => {
  const once = decideGrant(grantOf({}), around);
  assert.deepEqual(decideGrant(once, { ...around, nowMs: nowMs + 5000 }), once);
});

for (const [window, words] of [
  ['1d', 'Invalid duration "1d": time: unknown unit "d" in duration "1d"'],
  ['25', 'Invalid duration "25": time: missing unit in duration "25"'],
  ['-5m', 'Invalid duration "-5m": it must be longer than nothing'],
  ['0s', 'Invalid duration "0s": it must be longer than nothing'],
] as const) {
  test(`acceptance 33: a window of ${window} is an error and sets no expiration until it is mended`, () => {
    const bad = decideGrant(grantOf({ expirationWindow: window }), around);
    assert.deepEqual([bad.status?.status, bad.status?.message], ['Error', words]);
    assert.equal(bad.status?.expirationTime, undefined);
    const mended = decideGrant({ ...bad, spec: { expirationWindow: '1h' } }, around);
    assert.equal(mended.status?.status, 'Ready');
  });
}

test('a negative number of redemptions is an error until it is mended', () => {
  const bad = decideGrant(grantOf({ redemptionsAllowed: -1 }), around);
  assert.deepEqual(
    [bad.status?.status, bad.status?.message],
    ['Error', 'Invalid redemptionsAllowed -1: it must be at least 1'],
  );
  const mended = decideGrant({ ...bad, spec: { redemptionsAllowed: 2 } }, around);
  assert.equal(mended.status?.status, 'Ready');
});

test('acceptance 34: an edge site cannot grant, and errors are joined', () => {
  const site = siteOf('s', { spec: { edge: true } });
  const edge = 'Edge sites cannot accept incoming links from remote sites';
  const { status } = decideGrant(grantOf({ expirationWindow: 'x' }), { ...around, site });
  assert.equal(status?.status, 'Error');
  assert.match(status?.message ?? '', new RegExp(`^Invalid duration "x": .*, ${edge}$`));
});

test('acceptance 35, 36: without an address the grant is pending; without grants it says so', () => {
  const { status } = decideGrant(grantOf({}), { ...around, address: undefined });
  assert.deepEqual([status?.status, status?.message], ['Pending', 'Pending']);
  const off = decideGrant(grantOf({}), { ...around, enabled: false });
  assert.deepEqual(off.status, { message: 'AccessGrants are not enabled' });
});

test('the configured site is the active one, else the oldest', () => {
  const old = siteOf('b', { metadata: { name: 'b', creationTimestamp: '2030-01-01T00:00:00Z' } });
  const young = siteOf('a', { metadata: { name: 'a', creationTimestamp: '2030-01-02T00:00:00Z' } });
  const configured = { ...young, status: { conditions: [{ type: 'Configured', status: 'True' }] } };
  const leaving = { ...configured, metadata: { ...young.metadata, deletionTimestamp: 'x' } };
  assert.equal(activeSite([young, old]), old);
  assert.equal(activeSite([old, configured]), configured);
  assert.equal(activeSite([old, leaving]), old);
  assert.equal(activeSite([]), undefined);
});

test('who signs: the grant says, else the site, else the default', () => {
  const site = siteOf('s', {
    spec: { defaultIssuer: 'spec' },
    status: { defaultIssuer: 'status' },
  });
  assert.equal(issuerOf('mine', site), 'mine');
  assert.equal(issuerOf('', site), 'spec');
  assert.equal(
    issuerOf(undefined, siteOf('s', { spec: {}, status: { defaultIssuer: 'status' } })),
    'status',
  );
  assert.equal(issuerOf(undefined, siteOf('s')), 'skupper-site-ca');
});

test('endpoints are grouped, and only those that links can use', () => {
  const endpoint = { host: 'h', port: '55671', group: 'skupper-router' };
  const endpoints = [
    { ...endpoint, name: 'edge', group: 'skupper-router-2' },
    { ...endpoint, name: 'inter-router' },
    { ...endpoint, name: 'normal' },
    { ...endpoint, name: 'edge', host: '' },
    { ...endpoint, name: 'edge' },
  ];
  const groups = endpointGroups(siteOf('s', { status: { endpoints } }));
  assert.deepEqual(
    groups.map((group) => group.map(({ name, group: of }) => `${of}/${name}`)),
    [['skupper-router/inter-router', 'skupper-router/edge'], ['skupper-router-2/edge']],
  );
  assert.deepEqual(endpointGroups(siteOf('s')), []);
});
