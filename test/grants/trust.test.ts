/** A CA that rotates at one end of a link, followed at the other end over the link itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Certificate, certificate, issuedLink, rotateAnnotation } from '#apis/index.ts';
import { isSealedByAuthority, openEnvelope } from '#grants/renewal/envelope.ts';
import { readTrustTaken, sealTrustNotice, sealTrustTaken } from '#grants/renewal/trust-letters.ts';
import { findCondition, type Secret, secret, secretText } from '#kube/index.ts';
import {
  createAuthority,
  crossSign,
  joinBundle,
  parseCertificate,
  parsePrivateKey,
  splitBundle,
  verifyIssuedBy,
} from '#pki/index.ts';
import { west } from '../support/grant-world.ts';
import { linkedWorld } from '../support/linked-world.ts';
import { until } from '../support/until.ts';

type World = Awaited<ReturnType<typeof linkedWorld>>;

const caKey = { namespace: west, name: 'skupper-site-ca' };
const text = (object: Secret, entry: string): string => secretText(object, entry) ?? '';

async function authority(world: World): Promise<Secret> {
  return await until(() => world.client.find(secret, caKey), 'the CA');
}

async function changeCa(world: World, change: (found: Certificate) => Certificate): Promise<void> {
  const found = await until(() => world.client.find(certificate, caKey), 'the CA');
  await world.client.update(certificate, change(found));
}

async function rotate(world: World): Promise<void> {
  await changeCa(world, (found) => ({
    ...found,
    metadata: {
      ...found.metadata,
      annotations: { ...found.metadata.annotations, [rotateAnnotation]: crypto.randomUUID() },
    },
  }));
}

async function phase(world: World): Promise<string | undefined> {
  const found = await world.client.find(certificate, caKey);
  return findCondition(found?.status?.conditions, 'Rotating')?.reason;
}

async function connect(world: World): Promise<void> {
  const [record] = world.records();
  assert.ok(record);
  await world.client.updateStatus(issuedLink, {
    ...record,
    status: { ...record.status, connected: true, remoteSiteName: 'east' },
  });
  await until(() => world.records()[0]?.status?.connected || undefined, 'connected');
}

test('a linked site trusts the new CA before it signs, renews from it, and forgets the old one', async (t) => {
  const world = await linkedWorld(t, 365 * 24 * 3600 * 1000);
  await connect(world);
  const old = text(await authority(world), 'tls.crt');
  const before = await world.stored();
  world.network.cut = true;
  await rotate(world);
  await until(async () => (await phase(world)) === 'Introducing' || undefined, 'introducing');
  // Who cannot be reached is waited for: the old CA signs.
  assert.equal(text(await authority(world), 'tls.crt'), old);
  world.network.cut = false;
  world.clock.offsetMs += 5_000;
  await rotate(world);
  await until(async () => (await phase(world)) === 'Overlapping' || undefined, 'switched');
  const now = text(await authority(world), 'tls.crt');
  const followed = await until(async () => {
    const held = await world.stored();
    return verifyIssuedBy(text(held, 'tls.crt'), now) ? held : undefined;
  }, 'renewed from the new CA');
  assert.notEqual(text(followed, 'tls.key'), text(before, 'tls.key'));
  assert.deepEqual(splitBundle(text(followed, 'ca.crt')), [now, old]);
  await until(
    () =>
      world
        .records()
        .some(({ spec, status }) => spec?.replaces && status?.authorities?.length === 2) ||
      undefined,
    'the new certificate says that it trusts both',
  );
  world.clock.offsetMs += 3600 * 1000 + 1000;
  await rotate(world);
  await until(async () => {
    const held = await world.stored();
    return splitBundle(text(held, 'ca.crt')).includes(old) ? undefined : true;
  }, 'the old CA is forgotten');
  const letters = world.network.sent.map((sent) => sent.text);
  assert.deepEqual(
    letters.filter((each) => each.includes('PRIVATE KEY')),
    [],
  );
});

test('who was away while the CA was made known follows when it returns, led by the cross certificate', async (t) => {
  const world = await linkedWorld(t);
  const old = text(await authority(world), 'tls.crt');
  world.network.cut = true;
  await rotate(world);
  await until(async () => (await phase(world)) === 'Overlapping' || undefined, 'switched');
  const now = text(await authority(world), 'tls.crt');
  const held = await world.stored();
  assert.deepEqual(splitBundle(text(held, 'ca.crt')), [old]);
  world.network.cut = false;
  await connect(world);
  await until(async () => {
    const found = await world.stored();
    return verifyIssuedBy(text(found, 'tls.crt'), now) || undefined;
  }, 'renewed from the new CA');
});

test('a change of trust that the authority did not seal, or that is older, changes nothing', async (t) => {
  const world = await linkedWorld(t);
  await connect(world);
  const nowMs = world.clock.nowMs();
  const evil = await createAuthority({ commonName: 'west site CA', nowMs });
  const real = await authority(world);
  const realKey = parsePrivateKey(text(real, 'tls.key')).privateKey;
  const bundlePem = evil.certificate.pem;
  const notice = { issuerId: world.siteId, stepMs: nowMs + 1_000_000, bundlePem };
  const before = text(await world.stored(), 'ca.crt');
  // Sealed by a stranger, by a stranger who certified itself, and meant for another link.
  world.network.deliver('east', sealTrustNotice(notice, evil.keys.privateKey));
  world.network.deliver(
    'east',
    sealTrustNotice(notice, evil.keys.privateKey, evil.certificate.pem),
  );
  world.network.deliver('east', sealTrustNotice({ ...notice, issuerId: 'other' }, realKey));
  // The certificate of the link is no authority, though the authority signed it.
  const held = await world.stored();
  const leafKey = parsePrivateKey(text(held, 'tls.key')).privateKey;
  world.network.deliver('east', sealTrustNotice(notice, leafKey, text(held, 'tls.crt')));
  // A leaf among the authorities.
  const mixed = joinBundle([text(real, 'tls.crt'), text(held, 'tls.crt')]);
  world.network.deliver('east', sealTrustNotice({ ...notice, bundlePem: mixed }, realKey));
  const both = joinBundle([text(real, 'tls.crt'), bundlePem]);
  world.network.deliver('east', sealTrustNotice({ ...notice, bundlePem: both }, realKey));
  await until(
    async () => text(await world.stored(), 'ca.crt') === both || undefined,
    'the right one',
  );
  assert.notEqual(before, both);
  assert.equal(world.network.sent.length, 1, 'one answer');
  const older = { ...notice, stepMs: 1, bundlePem: text(real, 'tls.crt') };
  world.network.deliver('east', sealTrustNotice(older, realKey));
  // The same one again is answered again, and it comes after the older one.
  world.network.deliver('east', sealTrustNotice({ ...notice, bundlePem: both }, realKey));
  await until(() => world.network.sent.length === 2 || undefined, 'the second answer');
  assert.equal(text(await world.stored(), 'ca.crt'), both);
});

test('only the holder of a certificate can say what it trusts', async (t) => {
  const world = await linkedWorld(t);
  const held = await world.stored();
  const certificatePem = parseCertificate(text(held, 'tls.crt')).pem;
  const nowMs = world.clock.nowMs();
  const thief = await createAuthority({ commonName: 'x', nowMs });
  const authorities = [thief.certificate.fingerprint];
  const taken = { issuerId: world.siteId, certificatePem, authorities };
  world.network.deliver(west, sealTrustTaken(taken, thief.keys.privateKey));
  const own = parsePrivateKey(text(held, 'tls.key')).privateKey;
  world.network.deliver(west, sealTrustTaken({ ...taken, issuerId: 'other' }, own));
  const right = [parseCertificate(text(held, 'ca.crt')).fingerprint];
  world.network.deliver(west, sealTrustTaken({ ...taken, authorities: right }, own));
  const said = await until(() => world.records()[0]?.status?.authorities, 'said');
  assert.deepEqual(said, right);
  const hostile = { issuerId: 'a', certificatePem: 'b' };
  assert.equal(readTrustTaken({ ...hostile, authorities: ['x'] }), undefined);
  assert.equal(readTrustTaken({ ...hostile, authorities: Array(9).fill(right[0]) }), undefined);
  assert.equal(readTrustTaken({ ...hostile, authorities: 'x' }), undefined);
});

test('a seal counts while its authority is valid, by clocks that differ by ten minutes', async () => {
  const nowMs = Date.now();
  const lifetimeMs = 30 * 24 * 3600 * 1000;
  const wish = { commonName: 'west site CA', nowMs, lifetimeMs };
  const [old, next] = [await createAuthority(wish), await createAuthority(wish)];
  const notice = { issuerId: 'west', stepMs: nowMs, bundlePem: next.certificate.pem };
  const cross = crossSign(old, next, nowMs);
  const opened = openEnvelope(sealTrustNotice(notice, next.keys.privateKey, cross));
  assert.ok(opened);
  const at = (offsetMs: number, bundle: string): boolean =>
    isSealedByAuthority(opened.envelope, bundle, nowMs + offsetMs);
  for (const bundle of [old.certificate.pem, next.certificate.pem]) {
    assert.deepEqual(
      [-600_000, 0, 600_000].map((offsetMs) => at(offsetMs, bundle)),
      [true, true, true],
    );
    assert.equal(at(lifetimeMs + 1000, bundle), false);
    assert.equal(at(-3600 * 1000, bundle), false);
  }
});
