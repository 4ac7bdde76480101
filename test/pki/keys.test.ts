import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { test } from 'node:test';
import {
  createKeyPair,
  parsePrivateKey,
  type PkiError,
  privateKeyPem,
  samePublicKey,
} from '#pki/index.ts';
import { publicKeyDer } from '#pki/keys.ts';

test('private keys leave as PKCS#8 and come back the same', async () => {
  for (const algorithm of ['ecdsa-p256', 'rsa-2048'] as const) {
    const keys = await createKeyPair(algorithm);
    const pem = privateKeyPem(keys.privateKey);
    assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n/);
    assert.equal(samePublicKey(parsePrivateKey(pem).publicKey, keys.publicKey), true);
  }
});

test('the short way to the public key of P-256 gives what OpenSSL gives', async () => {
  for (let count = 0; count < 100; count++) {
    const { publicKey } = await createKeyPair();
    assert.deepEqual(publicKeyDer(publicKey), publicKey.export({ type: 'spki', format: 'der' }));
  }
});

test('keys in PKCS#1 and SEC1 are read too', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const texts = [
    [rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }), rsa.publicKey],
    [ec.privateKey.export({ type: 'sec1', format: 'pem' }), ec.publicKey],
  ] as const;
  for (const [pem, publicKey] of texts) {
    assert.equal(samePublicKey(parsePrivateKey(pem.toString()).publicKey, publicKey), true);
  }
});

test('weak and foreign kinds of keys are refused', () => {
  const kinds = [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ed448'),
  ];
  for (const { privateKey } of kinds) {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    assert.throws(() => parsePrivateKey(pem), { code: 'PKI_KEY_UNSUPPORTED' });
  }
});

test('an encrypted or broken key is refused without a word about its bytes', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const sealed = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'p' })
    .toString();
  for (const pem of [sealed, 'no key', sealed.slice(0, 100)]) {
    assert.throws(
      () => parsePrivateKey(pem),
      (thrown: Error) => (thrown as PkiError).code === 'PKI_KEY_INVALID' && !('cause' in thrown),
    );
  }
});

test('a key pair shows nothing of the private key when it is logged', async () => {
  const keys = await createKeyPair();
  const body = privateKeyPem(keys.privateKey).split('\n')[1] ?? '';
  assert.equal((JSON.stringify(keys) + inspect(keys, { depth: 9 })).includes(body), false);
});
