import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caStateOf, type CertificateWish, decideCertificate } from '#certs/decision.ts';
import { readStoredCertificate, type StoredCertificate } from '#certs/stored-certificate.ts';
import {
  type Authority,
  createAuthority,
  issueCertificate,
  type IssuedCertificate,
  joinBundle,
  privateKeyPem,
  renewAtMs,
} from '#pki/index.ts';

const nowMs = Date.UTC(2030, 0, 1);
const day = 24 * 3600 * 1000;

const leafWish: CertificateWish = {
  namespace: 'west',
  subject: 'skupper-router',
  hosts: ['router.west', '10.0.0.7'],
  server: true,
  client: false,
  signing: false,
  ca: 'skupper-site-ca',
  algorithm: undefined,
};
const caWish: CertificateWish = {
  ...leafWish,
  subject: 'west site CA',
  hosts: [],
  server: false,
  signing: true,
  ca: '',
};

interface Pair {
  readonly certificate: Authority['certificate'];
  readonly keys: Authority['keys'];
}

function stored(pair: Pair, bundle: readonly string[], controlled = true): StoredCertificate {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  return readStoredCertificate({
    metadata: {
      name: 's',
      ...(controlled ? { annotations: { 'internal.skupper.io/controlled': 'true' } } : {}),
    },
    data: {
      'tls.crt': encode(pair.certificate.pem),
      'tls.key': encode(privateKeyPem(pair.keys.privateKey)),
      'ca.crt': encode(bundle.length === 0 ? '' : joinBundle(bundle)),
    },
  });
}

async function world(leaf: Partial<Parameters<typeof issueCertificate>[1]> = {}): Promise<{
  authority: Authority;
  issued: IssuedCertificate;
  leaf: StoredCertificate;
  ca: ReturnType<typeof caStateOf>;
}> {
  const authority = await createAuthority({ commonName: 'west site CA', nowMs });
  const issued = await issueCertificate(authority, {
    commonName: 'skupper-router',
    hosts: ['10.0.0.7', 'ROUTER.west'],
    server: true,
    client: false,
    nowMs,
    lifetimeMs: 90 * day,
    ...leaf,
  });
  const ca = caStateOf(stored(authority, [authority.certificate.pem]), nowMs);
  return { authority, issued, leaf: stored(issued, [authority.certificate.pem]), ca };
}

test('a right Secret is kept until two thirds of its life', async () => {
  const { leaf, ca, issued } = await world();
  const decision = decideCertificate(leafWish, leaf, ca, nowMs);
  assert.equal(decision.kind, 'keep');
  const dueMs = renewAtMs(issued.certificate);
  assert.equal(decision.kind === 'keep' && decision.againMs, dueMs);
  assert.ok(Math.abs(dueMs - (nowMs + 60 * day)) < 10 * 60_000);
  assert.equal(decideCertificate(leafWish, leaf, ca, dueMs - 1).kind, 'keep');
  const due = decideCertificate(leafWish, leaf, ca, dueMs);
  assert.deepEqual([due.kind, due.kind === 'issue' && due.reason], ['issue', 'due']);
});

test('a Secret that differs from what is asked for is issued again, with the reason', async () => {
  const other = await createAuthority({ commonName: 'west site CA', nowMs });
  const cases = [
    [{}, { subject: 'other' }, 'subject differs'],
    [{}, { hosts: ['router.west'] }, 'hosts differ'],
    [{}, { hosts: ['router.west', '10.0.0.8'] }, 'hosts differ'],
    [{}, { client: true }, 'usage differs'],
    [{}, { server: false }, 'usage differs'],
    [{}, { server: false, client: true }, 'hosts differ'],
    [{}, { algorithm: 'rsa-2048' }, 'key algorithm differs'],
    [{ client: true }, {}, 'usage differs'],
  ] as const;
  for (const [leafChange, wishChange, reason] of cases) {
    const { leaf, ca } = await world(leafChange);
    const decision = decideCertificate({ ...leafWish, ...wishChange }, leaf, ca, nowMs);
    const found = decision.kind === 'issue' ? decision.reason : decision.kind;
    assert.equal(found, reason, JSON.stringify(wishChange));
  }
  const { leaf } = await world();
  const reissue = decideCertificate(leafWish, leaf, caStateOf(stored(other, []), nowMs), nowMs);
  assert.equal(reissue.kind === 'issue' && reissue.reason, 'issuer differs');
});

test('no Secret, an unreadable one or a key of another certificate are issued anew', async () => {
  const { leaf, ca, authority, issued } = await world();
  assert.equal(decideCertificate(leafWish, undefined, ca, nowMs).kind, 'issue');
  const broken = stored({ certificate: issued.certificate, keys: authority.keys }, []);
  const decision = decideCertificate(leafWish, broken, ca, nowMs);
  assert.equal(decision.kind === 'issue' && decision.reason, 'secret cannot be read');
  assert.equal(decideCertificate(leafWish, leaf, ca, nowMs).kind, 'keep');
  const empty = readStoredCertificate({
    metadata: { name: 's', annotations: { 'internal.skupper.io/controlled': '' } },
  });
  assert.equal(decideCertificate(leafWish, empty, ca, nowMs).kind, 'issue');
});

test('a Certificate that names neither use gets both', async () => {
  const { leaf, ca } = await world({ client: true });
  assert.equal(decideCertificate({ ...leafWish, server: false }, leaf, ca, nowMs).kind, 'keep');
});

test('a missing or unusable CA is told by name', async () => {
  const { leaf, issued } = await world();
  assert.deepEqual(decideCertificate(leafWish, leaf, caStateOf(undefined, nowMs), nowMs), {
    kind: 'refuse',
    message: 'CA "west/skupper-site-ca" not found',
  });
  const noCa = decideCertificate(leafWish, leaf, caStateOf(stored(issued, []), nowMs), nowMs);
  assert.match(
    noCa.kind === 'refuse' ? noCa.message : '',
    /^CA "west\/skupper-site-ca" has no usable/,
  );
});

test('a Secret of the user is never overwritten, right or wrong', async () => {
  const { authority, ca } = await world();
  const request = {
    commonName: 'skupper-router',
    server: true,
    client: true,
    nowMs,
    lifetimeMs: day,
  };
  const right = await issueCertificate(authority, { ...request, hosts: leafWish.hosts });
  const wrong = await issueCertificate(authority, { ...request, hosts: ['elsewhere'] });
  const kept = decideCertificate(
    leafWish,
    stored(right, [authority.certificate.pem], false),
    ca,
    nowMs,
  );
  assert.equal(kept.kind, 'keep');
  const message = (found: StoredCertificate, atMs = nowMs, wish = leafWish): string => {
    const decision = decideCertificate(wish, found, ca, atMs);
    return decision.kind === 'refuse' ? decision.message : decision.kind;
  };
  const start = 'secret exists but is not controlled by skupper: ';
  const bundle = [authority.certificate.pem];
  assert.equal(
    message(stored(wrong, bundle, false)),
    `${start}tls.crt does not name 10.0.0.7, router.west; it names elsewhere`,
  );
  assert.equal(message(stored(right, [], false)), `${start}ca.crt is missing`);
  assert.equal(
    message(stored(right, bundle, false), nowMs + 2 * day),
    `${start}tls.crt expired on 2030-01-02T00:00:00Z`,
  );
  const mixed = { certificate: right.certificate, keys: wrong.keys };
  assert.equal(message(stored(mixed, bundle, false)), `${start}tls.key does not belong to tls.crt`);
  assert.equal(
    message(stored(right, bundle, false), nowMs, caWish),
    `${start}tls.crt is not an authority (CA:TRUE is missing)`,
  );
  // Expired, due or without a CA: still the user's.
  assert.equal(
    decideCertificate(leafWish, stored(right, [], false), ca, nowMs + 2 * day).kind,
    'refuse',
  );
  assert.equal(
    decideCertificate(
      leafWish,
      stored(right, [authority.certificate.pem], false),
      caStateOf(undefined, nowMs),
      nowMs,
    ).kind,
    'keep',
  );
  assert.equal(
    decideCertificate(caWish, stored(wrong, [], false), caStateOf(undefined, nowMs), nowMs).kind,
    'refuse',
  );
});

test('an authority is made once and kept', async () => {
  const first = decideCertificate(caWish, undefined, { kind: 'absent' }, nowMs);
  assert.deepEqual(first, { kind: 'authority', reason: 'no secret' });
  const { authority } = await world();
  const there = stored(authority, [authority.certificate.pem]);
  assert.equal(decideCertificate(caWish, there, { kind: 'absent' }, nowMs).kind, 'keep');
});

test('an authority that is due gets a next one; older certificates go when they end', async () => {
  const { authority } = await world();
  const dueMs = renewAtMs(authority.certificate);
  const there = stored(authority, [authority.certificate.pem]);
  const due = decideCertificate(caWish, there, { kind: 'absent' }, dueMs);
  assert.deepEqual(due, { kind: 'introduce', reason: 'due', others: [] });
  // A rotation that earlier versions made: the key stayed, both certificates are trusted.
  const renewed = await createAuthority({
    commonName: 'west site CA',
    nowMs: dueMs,
    keys: authority.keys,
  });
  const both = [renewed.certificate.pem, authority.certificate.pem];
  const kept = decideCertificate(caWish, stored(renewed, both), { kind: 'absent' }, dueMs);
  assert.equal(kept.kind, 'keep');
  const endMs = authority.certificate.notAfterMs;
  assert.ok(kept.kind === 'keep' && kept.againMs > endMs && kept.againMs <= endMs + 1000);
  const later = decideCertificate(caWish, stored(renewed, both), { kind: 'absent' }, endMs + 1000);
  assert.deepEqual(later.kind === 'bundle' && later.bundle, [renewed.certificate.pem]);
});

test('leaves take over a changed bundle without being issued again', async () => {
  const { authority, leaf } = await world();
  const renewed = await createAuthority({
    commonName: 'west site CA',
    nowMs,
    keys: authority.keys,
  });
  const ca = caStateOf(
    stored(renewed, [renewed.certificate.pem, authority.certificate.pem]),
    nowMs,
  );
  const decision = decideCertificate(leafWish, leaf, ca, nowMs);
  assert.equal(decision.kind, 'bundle');
  const bundle = [renewed.certificate.pem, authority.certificate.pem];
  assert.deepEqual(decision.kind === 'bundle' && decision.bundle, bundle);
});

test('a subject that changed, a leaf in its place or its end make a new authority at once', async () => {
  const { authority, leaf } = await world();
  const there = stored(authority, [authority.certificate.pem]);
  const endMs = authority.certificate.notAfterMs;
  for (const [wish, found, atMs, reason] of [
    [{ ...caWish, subject: 'another CA' }, there, nowMs, 'subject differs'],
    [{ ...caWish, subject: 'skupper-router' }, leaf, nowMs, 'not an authority'],
    [caWish, there, endMs, 'expired'],
  ] as const) {
    const decision = decideCertificate(wish, found, { kind: 'absent' }, atMs);
    assert.deepEqual(decision, { kind: 'authority', reason });
  }
  const rsa = { ...caWish, algorithm: 'rsa-3072' as const };
  const rotated = decideCertificate(rsa, there, { kind: 'absent' }, nowMs);
  assert.equal(rotated.kind === 'introduce' && rotated.reason, 'key algorithm differs');
});

test('hosts that are no names are refused', async () => {
  const { leaf, ca } = await world();
  const decision = decideCertificate({ ...leafWish, hosts: ['a b'] }, leaf, ca, nowMs);
  assert.match(decision.kind === 'refuse' ? decision.message : '', /hosts are not valid/);
});

test('a leaf that ends with its CA is not issued over and over, and an expired CA signs nothing', async () => {
  const { authority, leaf } = await world({ lifetimeMs: 10 * 365 * day });
  const endMs = authority.certificate.notAfterMs;
  const held = stored(authority, []);
  const kept = decideCertificate(leafWish, leaf, caStateOf(held, nowMs), endMs - 1000);
  assert.equal(kept.kind === 'keep' && kept.againMs, endMs);
  assert.deepEqual(decideCertificate(leafWish, leaf, caStateOf(held, endMs), endMs), {
    kind: 'refuse',
    message: 'CA "west/skupper-site-ca" has expired',
  });
});
