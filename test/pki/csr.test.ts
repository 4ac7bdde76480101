import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createAuthority,
  createKeyPair,
  createSigningRequest,
  issueForRequest,
  keyMatchesCertificate,
  parseSigningRequest,
  privateKeyPem,
  PkiError,
} from '#pki/index.ts';
import { hasOpenssl, openssl } from '../support/openssl.ts';

const nowMs = Date.now();
const skip = hasOpenssl ? false : 'openssl is not installed';

test('a request is made, checked by openssl, read and signed for its key', { skip }, async () => {
  for (const algorithm of ['ecdsa-p256', 'rsa-2048'] as const) {
    const keys = await createKeyPair(algorithm);
    const pem = await createSigningRequest(keys, {
      commonName: 'east',
      organizations: ['a, b'],
      hosts: ['x.example', '10.1.2.3'],
    });
    const shown = openssl({ r: pem }, 'req', '-in', 'r', '-verify', '-noout', '-text').output;
    assert.match(shown, /verify OK/);
    assert.match(shown, /DNS:x\.example, IP Address:10\.1\.2\.3/);
    const request = await parseSigningRequest(pem);
    assert.equal(request.commonName, 'east');
    assert.deepEqual(request.organizations, ['a, b']);
    assert.deepEqual(request.hosts, ['x.example', '10.1.2.3']);
    const authority = await createAuthority({ commonName: 'ca', nowMs });
    const leaf = { commonName: 'decided here', server: false, client: true, nowMs };
    const certificate = issueForRequest(authority, request, leaf);
    assert.equal(certificate.commonName, 'decided here');
    assert.equal(keyMatchesCertificate(privateKeyPem(keys.privateKey), certificate.pem), true);
  }
});

test('a request made by openssl is read', { skip }, async () => {
  const made = openssl(
    {},
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/O=o/CN=theirs',
    '-keyout',
    '/dev/null',
  );
  const pem =
    /-----BEGIN CERTIFICATE REQUEST-----[^]*-----END CERTIFICATE REQUEST-----/.exec(
      made.output,
    )?.[0] ?? '';
  assert.equal((await parseSigningRequest(pem)).commonName, 'theirs');
});

test('a changed request never passes as another one', async () => {
  const pem = await createSigningRequest(await createKeyPair(), { commonName: 'c' });
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const original = await parseSigningRequest(pem);
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = Buffer.from(der);
      changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
      const text = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
      const read = await parseSigningRequest(text).catch((thrown: unknown) => thrown);
      if (read instanceof PkiError) return;
      // Only what the signature does not cover may differ, for example an unused-bits byte.
      assert.deepEqual(
        { ...(read as typeof original), publicKey: 0 },
        { ...original, publicKey: 0 },
      );
    }),
    { numRuns: 300 },
  );
});

test('texts that are no request are refused', async () => {
  const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  for (const text of ['', 'zz', '3082', certificate, 'x'.repeat(20_000)]) {
    await assert.rejects(parseSigningRequest(text), { code: 'PKI_REQUEST_INVALID' });
  }
});
