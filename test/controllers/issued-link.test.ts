import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IssuedLink } from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import { namesBySerial } from '#controllers/issued-link/names-by-serial.ts';
import { extendedList, listOwners, revokedSerials } from '#controllers/issued-link/revoked-list.ts';
import {
  decideIssuedLinkStatus,
  isAwaited,
  type IssuedLinkFacts,
  unsupportedMessage,
} from '#controllers/issued-link/status.ts';
import { resolveProfiles } from '#controllers/router-config/tls-profiles.ts';
import { type Revocation, RevocationSync } from '#controllers/site-router/revocation-sync.ts';
import type { RouterRevocation } from '#controllers/site-router/site-routers.ts';
import type { RouterConnection } from '#controllers/site-router/router-connection.ts';
import { createAuthority } from '#pki/index.ts';
import { ManagementError } from '../../src/management/errors.ts';

const nowMs = Date.UTC(2026, 0, 1);
const at = { nowMs, generation: 1 };
const later = '2027-01-01T00:00:00Z';
const past = '2025-01-01T00:00:00Z';

function issued(serialNumber: string, spec: object = {}, metadata: object = {}): IssuedLink {
  const frozen = { fingerprint: 'f', commonName: 'id', issuer: 'skupper-site-ca', notAfter: later };
  return {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'IssuedLink',
    metadata: { name: serialNumber, namespace: 'west', ...metadata },
    spec: { serialNumber, ...frozen, siteId: 'id', ...spec },
  };
}

test('revoked are those with the switch, those being deleted and those on the list', () => {
  const leaving = { deletionTimestamp: past };
  const objects = [
    issued('AA'),
    issued('BB', { revoked: true }),
    issued('CC', {}, leaving),
    issued('dd', { revoked: true, notAfter: past }),
  ];
  const list = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x' },
    data: { '11': later, '22': past, bb: later, '33': 'unreadable' },
  };
  assert.deepEqual(revokedSerials(objects, list, nowMs), ['11', '33', 'bb', 'cc']);
  assert.deepEqual(revokedSerials([], undefined, nowMs), []);
  assert.deepEqual(extendedList(list.data, [issued('CC'), issued('')], nowMs), {
    '11': later,
    bb: later,
    '33': 'unreadable',
    cc: later,
  });
});

test('a certificate for no site in particular is named after who shows it', () => {
  const network = [
    { id: '11111111-a', name: 'west' },
    { id: '22222222-b', name: 'west-2' },
    { id: '33333333-c', name: 'far' },
  ];
  const row = (container: unknown, peerSerialNumber: unknown) => ({ container, peerSerialNumber });
  const names = namesBySerial(
    [
      row('west-2-22222222', 'AA'),
      row('west-11111111-2', 'bb'),
      row('west-2-pod', 'cc'),
      row('far-skupper-router-5f', 'dd'),
      row('west-11111111', 'dd'),
      row('nobody', 'ee'),
      row('far-33333333', null),
    ],
    network,
  );
  assert.deepEqual(Object.fromEntries(names), { aa: 'west-2', bb: 'west', dd: 'far, west' });
});

test('the list goes with the sites whose certificates are on it, or stays', () => {
  const owner = (uid: string) => ({ apiVersion: 'v2', kind: 'Site', name: 'west', uid });
  const list = (...ownerReferences: ReturnType<typeof owner>[]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x', ownerReferences },
  });
  assert.deepEqual(listOwners(undefined, [owner('1'), owner('1')]), [owner('1')]);
  assert.deepEqual(listOwners(list(owner('1')), [owner('2')]), [owner('1'), owner('2')]);
  assert.deepEqual(listOwners(list(owner('1')), []), [], 'one that must outlive its site');
  assert.deepEqual(listOwners(list(), [owner('1')]), [], 'once it must stay, it stays');
});

const facts: IssuedLinkFacts = {
  connected: false,
  siteName: undefined,
  revocations: [],
};
const confirmed = { state: 'confirmed', closed: 3, ms: 12 } as const;
const from = (router: string, said?: Revocation, connected = true): RouterRevocation => ({
  router,
  connected,
  said,
});

test('the status follows use, end and revocation', () => {
  const sentence = 'Refused by router west-1, 3 connections closed in 12 ms';
  const table: readonly (readonly [string, object, Partial<IssuedLinkFacts>, string, string])[] = [
    ['fresh', {}, {}, 'Ready', 'OK'],
    ['ended', { notAfter: past }, {}, 'Expired', 'The certificate has expired'],
    ['no router yet', { revoked: true }, {}, 'Revoked', 'Revocation waits for the router'],
    [
      'confirmed',
      { revoked: true },
      { revocations: [from('west-1', confirmed)] },
      'Revoked',
      sentence,
    ],
    [
      'confirmed by both',
      { revoked: true },
      {
        revocations: [
          from('west-1', confirmed),
          from('west-1-2', { state: 'confirmed', closed: 1, ms: 4 }),
        ],
      },
      'Revoked',
      'Refused by routers west-1 (3 connections closed in 12 ms) and west-1-2 (1 connection closed in 4 ms)',
    ],
    [
      'one of two is away',
      { revoked: true },
      { revocations: [from('west-1', confirmed), from('west-1-2', undefined, false)] },
      'Revoked',
      `Revocation waits for router west-1-2. ${sentence}`,
    ],
    [
      'a router that cannot',
      { revoked: true },
      { revocations: [from('west-1', confirmed), from('west-1-2', { state: 'unsupported' })] },
      'Error',
      unsupportedMessage,
    ],
  ];
  for (const [what, spec, more, status, message] of table) {
    const decided = decideIssuedLinkStatus(issued('aa', spec), { ...facts, ...more }, at);
    assert.deepEqual([decided.status, decided.message], [status, message], what);
    const again = { ...issued('aa', spec), status: decided };
    assert.equal(decideIssuedLinkStatus(again, { ...facts, ...more }, at), decided, what);
  }
});

test('last seen changes when a connection comes or goes, and is kept while nobody can tell', () => {
  const step = (before: IssuedLink, more: Partial<IssuedLinkFacts>, ms: number): IssuedLink => ({
    ...before,
    status: decideIssuedLinkStatus(before, { ...facts, ...more }, { ...at, nowMs: nowMs + ms }),
  });
  const seen = ({ status }: IssuedLink) => [status?.connected, status?.lastSeenTime];
  const fresh = step(issued('aa'), {}, 0);
  assert.deepEqual(seen(fresh), [undefined, undefined]);
  const up = step(fresh, { connected: true, siteName: 'east' }, 1000);
  assert.deepEqual(seen(up), [true, '2026-01-01T00:00:01Z']);
  assert.equal(up.status?.remoteSiteName, 'east');
  assert.equal(step(up, { connected: true, siteName: 'east' }, 2000).status, up.status);
  assert.equal(step(up, { connected: undefined }, 2000).status, up.status);
  const down = step(up, { connected: false }, 3000);
  assert.deepEqual(seen(down), [false, '2026-01-01T00:00:03Z']);
});

test('a confirmed revocation keeps its first confirmation', () => {
  const revoked = issued('aa', { revoked: true });
  const first = decideIssuedLinkStatus(
    revoked,
    { ...facts, revocations: [from('west-1', confirmed)] },
    at,
  );
  assert.equal(first.revokedTime, '2026-01-01T00:00:00Z');
  const again = { state: 'confirmed', closed: 0, ms: 1 } as const;
  const restarted = { ...facts, revocations: [from('west-1', again)] };
  assert.equal(decideIssuedLinkStatus({ ...revoked, status: first }, restarted, at), first);
  assert.equal(decideIssuedLinkStatus({ ...revoked, status: first }, facts, at), first);
});

test('a deleted one is held while a router that can be asked has not answered', () => {
  assert.equal(isAwaited([]), false);
  assert.equal(isAwaited([from('a', confirmed), from('b', undefined, false)]), false);
  assert.equal(isAwaited([from('a', confirmed), from('b')]), true);
});

interface FakeRouter extends RouterConnection {
  readonly made: string[];
}

function fakeRouter(known: boolean): FakeRouter {
  const made: string[] = [];
  return {
    made,
    connected: true,
    network: undefined,
    query: async (type) => {
      assert.equal(type, 'revokedCertificate');
      if (!known) throw new ManagementError('MANAGEMENT_NOT_FOUND', 'No such entity type');
      return made.map((name) => ({ name, closedConnections: 2 }));
    },
    create: async (_type, name) => {
      if (name === 'bad') throw new ManagementError('MANAGEMENT_BAD_REQUEST', 'not a serial');
      made.push(name);
    },
    update: async () => undefined,
    delete: async () => assert.fail('nothing is ever taken back'),
    send: () => false,
    close: async () => undefined,
  };
}

test('a router is told once, again when it may be another one, and never taken back', async () => {
  const router = fakeRouter(true);
  const sync = new RevocationSync(router, silentLogger);
  assert.equal(await sync.apply([]), false);
  assert.equal(await sync.apply(['aa', 'bb']), true);
  assert.equal(await sync.apply(['aa', 'bb']), false);
  const told = sync.revocationOf('aa');
  assert.ok(told?.state === 'confirmed' && told.closed === 2);
  assert.equal(await sync.apply(['bb']), true);
  assert.deepEqual(router.made, ['aa', 'bb']);
  router.made.length = 0;
  sync.forget();
  assert.equal(sync.revocationOf('aa'), undefined);
  assert.equal(await sync.apply(['bb']), true);
  assert.deepEqual(router.made, ['bb']);
  assert.equal(await sync.apply(['bad', 'bb']), true);
  assert.equal(sync.revocationOf('bad'), undefined);
  assert.equal(sync.revocationOf('bb')?.state, 'confirmed');
});

test('a router without such entities is found out, and asked again after a reconnect', async () => {
  const sync = new RevocationSync(fakeRouter(false), silentLogger);
  assert.equal(sync.revocationOf('aa'), undefined);
  assert.equal(await sync.apply(['aa']), true);
  assert.deepEqual(sync.revocationOf('aa'), { state: 'unsupported' });
  assert.equal(await sync.apply(['aa']), false);
  sync.forget();
  assert.equal(sync.revocationOf('aa'), undefined);
});

test('a listener whose authority was replaced cuts what came in under the old one', async () => {
  const [one, two] = await Promise.all(
    ['one', 'two'].map(
      async (commonName) => (await createAuthority({ commonName, nowMs })).certificate.pem,
    ),
  );
  const resolve = (ca: string, isAccess: boolean, before: Parameters<typeof resolveProfiles>[2]) =>
    resolveProfiles(
      [{ profile: 's', secret: 's', caOnly: false, isAccess }],
      () => ({
        files: new Map([['ca.crt', Buffer.from(ca)]]),
        priorValidRevisions: undefined,
        isKeptByUs: true,
      }),
      before,
      2,
    )[0] ?? assert.fail('no profile');
  const first = resolve(one ?? '', true, new Map());
  assert.equal(first.oldestValidOrdinal, 0);
  const known = new Map([['s', first]]);
  // Both are trusted while one replaces the other: nobody is cut.
  assert.equal(resolve(`${two}${one}`, true, known).oldestValidOrdinal, 0);
  assert.equal(resolve(two ?? '', false, known).oldestValidOrdinal, 0);
  const cut = resolve(two ?? '', true, known);
  assert.deepEqual([cut.ordinal, cut.oldestValidOrdinal], [2, 2]);
  // And it stays so.
  assert.equal(resolve(two ?? '', true, new Map([['s', cut]])).oldestValidOrdinal, 2);
});
