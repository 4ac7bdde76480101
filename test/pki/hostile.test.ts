import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createAuthority,
  issueCertificate,
  keyMatchesCertificate,
  parseAuthority,
  parseCertificate,
  parsePrivateKey,
  PkiError,
  privateKeyPem,
  verifyChain,
  verifyIssuedBy,
} from '#pki/index.ts';

const nowMs = Date.now();

function pemOf(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
}

/** Every truncation of `der`, and every single byte changed by each of the flips. */
function* variants(der: Buffer, flips: readonly number[]): Generator<Buffer> {
  for (let at = 0; at < der.length; at++) {
    yield der.subarray(0, at);
    for (const flip of flips) {
      const changed = Buffer.from(der);
      changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
      yield changed;
    }
  }
}

function valueOrFault<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}

test('every cut or changed certificate is read or refused with a code, and verifies for nobody', async () => {
  for (const [algorithm, flips] of [
    ['ecdsa-p256', [0x01, 0x80]],
    ['rsa-2048', [0xff]],
  ] as const) {
    const authority = await createAuthority({ commonName: 'ca', nowMs, algorithm });
    const request = { commonName: 'c', hosts: ['h', '1.2.3.4'], server: true, client: true, nowMs };
    const { certificate, keys } = await issueCertificate(authority, request, algorithm);
    const keyPem = privateKeyPem(keys.privateKey);
    let readable = 0;
    for (const der of variants(derOf(certificate.pem), flips)) {
      const pem = pemOf('CERTIFICATE', der);
      if (valueOrFault(() => parseCertificate(pem)) !== undefined) readable++;
      valueOrFault(() => keyMatchesCertificate(keyPem, pem));
      assert.notEqual(
        valueOrFault(() => verifyIssuedBy(pem, authority.certificate.pem)),
        true,
      );
      assert.notEqual(
        valueOrFault(() => verifyChain(certificate.pem, pem, nowMs)),
        true,
      );
    }
    assert.ok(readable > 10, 'some changes only touch the content');
    const caKeyPem = privateKeyPem(authority.keys.privateKey);
    for (const der of variants(derOf(authority.certificate.pem), flips)) {
      valueOrFault(() => parseAuthority(pemOf('CERTIFICATE', der), caKeyPem));
    }
  }
});

test('every cut or changed private key is read or refused with a code', async () => {
  const { keys } = await createAuthority({ commonName: 'ca', nowMs });
  for (const der of variants(derOf(privateKeyPem(keys.privateKey)), [0x01, 0x80, 0xff])) {
    valueOrFault(() => parsePrivateKey(pemOf('PRIVATE KEY', der)));
  }
});

test('no text whatever breaks the readers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, text) => {
      for (const given of [
        text,
        pemOf('CERTIFICATE', Buffer.from(bytes)),
        pemOf('PRIVATE KEY', Buffer.from(bytes)),
      ]) {
        valueOrFault(() => parseCertificate(given));
        valueOrFault(() => parsePrivateKey(given));
        valueOrFault(() => parseAuthority(given, given));
      }
    }),
  );
});
