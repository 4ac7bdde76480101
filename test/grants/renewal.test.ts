import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { issuedLink } from '#apis/index.ts';
import { isSealedBy } from '#grants/renewal/envelope.ts';
import { digestOfRequest, openLetter, sealAnswer, sealRequest } from '#grants/renewal/letters.ts';
import { secretText } from '#kube/index.ts';
import {
  createAuthority,
  createKeyPair,
  createSigningRequest,
  issueCertificate,
  parseCertificate,
  parsePrivateKey,
} from '#pki/index.ts';
import { west } from '../support/grant-world.ts';
import { life, linkedWorld } from '../support/linked-world.ts';
import { until } from '../support/until.ts';

test('at two thirds of its life a link certificate is replaced, with a key made here', async (t) => {
  const world = await linkedWorld(t);
  const before = await world.stored();
  await world.poke();
  assert.equal(world.network.sent.length, 0);
  world.clock.offsetMs = (life * 2) / 3;
  const first = await world.serial();
  await world.poke();
  const after = await until(async () => {
    const found = await world.stored();
    return secretText(found, 'tls.crt') === secretText(before, 'tls.crt') ? undefined : found;
  }, 'another certificate');
  assert.notEqual(secretText(after, 'tls.key'), secretText(before, 'tls.key'));
  const summary = parseCertificate(secretText(after, 'tls.crt') ?? '');
  assert.deepEqual([summary.clientAuth, summary.serverAuth], [true, false]);
  const [old, next] = world.records().toSorted((a) => (a.spec?.replaces === undefined ? -1 : 1));
  assert.equal(old?.spec?.serialNumber, first.toLowerCase());
  assert.equal(next?.spec?.replaces, old?.metadata.name);
  assert.equal(next?.spec?.grantUid, old?.spec?.grantUid);
  assert.equal(next?.spec?.siteId, old?.spec?.siteId);
  const keys = world.network.sent.filter(({ text }) => text.includes('PRIVATE KEY'));
  assert.deepEqual(keys, []);
});

test('while nobody answers the old certificate stays, and the answer is taken later', async (t) => {
  const world = await linkedWorld(t);
  const first = await world.serial();
  world.network.cut = true;
  world.clock.offsetMs = (life * 2) / 3;
  await world.poke();
  assert.equal(await world.serial(), first);
  world.network.cut = false;
  world.clock.offsetMs += 10_000;
  await world.poke();
  await until(
    async () => ((await world.serial()) === first ? undefined : true),
    'another certificate',
  );
});

test('who was revoked is not renewed, and is told so', async (t) => {
  const world = await linkedWorld(t);
  const [record] = world.records();
  assert.ok(record?.spec);
  await world.client.update(issuedLink, { ...record, spec: { ...record.spec, revoked: true } });
  await until(() => world.records()[0]?.spec?.revoked || undefined, 'revoked');
  const first = await world.serial();
  world.clock.offsetMs = (life * 2) / 3;
  await world.poke();
  const answer = await until(
    () => world.network.sent.find(({ text }) => text.includes('renewal-answer')),
    'an answer',
  );
  assert.match(answer.text, /access was revoked/);
  const refusal =
    'CertificateNotRenewed: The certificate in Secret "to-west" is not renewed: access was revoked';
  await until(() => world.told.includes(refusal) || undefined, 'told on the Link');
  // It is final: nobody asks again.
  await world.poke();
  assert.equal(world.network.sent.filter(({ text }) => text.includes('renewal-request')).length, 1);
  assert.equal(await world.serial(), first);
  assert.equal(world.records().length, 1);
});

test('a request that was not signed with the key of the certificate is not answered', async (t) => {
  const world = await linkedWorld(t);
  const certificatePem = secretText(await world.stored(), 'tls.crt') ?? '';
  const thief = await createKeyPair();
  const signingRequest = await createSigningRequest(thief, { commonName: 'x' });
  const request = { issuerId: world.siteId, certificatePem, signingRequest };
  world.network.deliver(west, sealRequest(request, thief.privateKey));
  const own = parsePrivateKey(secretText(await world.stored(), 'tls.key') ?? '').privateKey;
  // Meant for another site, and with a certificate that this site never issued.
  world.network.deliver(west, sealRequest({ ...request, issuerId: 'other' }, own));
  const nowMs = Date.now();
  const foreign = await createAuthority({ commonName: 'x', nowMs });
  const leaf = { commonName: 'x', server: false, client: true, nowMs };
  const forged = await issueCertificate(foreign, leaf);
  world.network.deliver(
    west,
    sealRequest({ ...request, certificatePem: forged.certificate.pem }, forged.keys.privateKey),
  );
  // The right one after them is answered: the others were not.
  world.network.deliver(west, sealRequest(request, own));
  await until(() => world.network.sent[0], 'one answer');
  assert.equal(world.network.sent.length, 1);
  // The same request again gets the same certificate and no further record.
  world.network.deliver(west, sealRequest(request, own));
  await until(() => world.network.sent[1], 'the same answer');
  const certificates = world.network.sent.map(({ text }) => {
    const letter = openLetter(text);
    return letter?.kind === 'answer' && letter.answer.result.kind === 'renewed'
      ? letter.answer.result.certificatePem
      : '';
  });
  assert.equal(certificates[0], certificates[1]);
  assert.equal(world.records().length, 2);
});

test('an answer that the authority did not sign changes nothing', async (t) => {
  const world = await linkedWorld(t);
  const first = await world.stored();
  world.network.cut = true;
  world.clock.offsetMs = (life * 2) / 3;
  const requests: string[] = [];
  t.mock.method(world.network, 'send', (_namespace: string, _siteId: string, text: string) => {
    requests.push(text);
    return true;
  });
  await world.poke();
  const [text = ''] = await until(() => (requests.length > 0 ? requests : undefined), 'a request');
  const letter = openLetter(text);
  assert.ok(letter?.kind === 'request');
  const nowMs = Date.now();
  const evil = await createAuthority({ commonName: 'west site CA', nowMs });
  const answer = {
    requestDigest: digestOfRequest(letter.request.signingRequest),
    result: {
      kind: 'renewed',
      certificatePem: letter.request.certificatePem,
      bundlePem: evil.certificate.pem,
    },
  } as const;
  world.network.deliver('east', sealAnswer(answer, evil.keys.privateKey));
  await new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
  const now = await world.stored();
  assert.equal(secretText(now, 'ca.crt'), secretText(first, 'ca.crt'));
  assert.equal(secretText(now, 'tls.crt'), secretText(first, 'tls.crt'));
});

test('letters come back as they were written, and changed ones are not believed', async () => {
  const nowMs = Date.now();
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const { privateKey } = authority.keys;
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (issuerId, certificatePem, pem) => {
      const request = { issuerId, certificatePem, signingRequest: pem };
      const letter = openLetter(sealRequest(request, privateKey));
      assert.ok(letter?.kind === 'request');
      assert.deepEqual(letter.request, request);
      assert.equal(isSealedBy(letter.envelope, authority.certificate.pem), true);
      const changed = { ...letter.envelope, text: `${letter.envelope.text} ` };
      assert.equal(isSealedBy(changed, authority.certificate.pem), false);
    }),
    { numRuns: 30 },
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.equal(openLetter(text), undefined);
    }),
  );
  assert.equal(openLetter('x'.repeat(70_000)), undefined);
});
