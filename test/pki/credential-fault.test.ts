import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateUse,
  createAuthority,
  faultOfForm,
  faultOfTime,
  faultOfUse,
  issueCertificate,
  parseCertificate,
  privateKeyPem,
} from '#pki/index.ts';
import { hasOpenssl, opensslScript } from '../support/openssl.ts';

const nowMs = Date.UTC(2030, 0, 1);
const day = 24 * 3600 * 1000;
const both = { certificate: true, authority: true };
const use: CertificateUse = { hosts: [], server: true, client: false, signing: false };

async function material(hosts: readonly string[] = ['h.example']) {
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const leaf = { commonName: 'c', hosts, server: true, client: false, nowMs, lifetimeMs: day };
  const { certificate, keys } = await issueCertificate(authority, leaf);
  return {
    certificate,
    authority,
    texts: {
      'tls.crt': certificate.pem,
      'tls.key': privateKeyPem(keys.privateKey),
      'ca.crt': authority.certificate.pem,
    },
  };
}

test('each fault of form is told by its part', async () => {
  const { texts, authority } = await material();
  assert.equal(faultOfForm(texts, both), undefined);
  const told = (change: Partial<typeof texts>): string | undefined =>
    faultOfForm({ ...texts, ...change }, both);
  assert.equal(told({ 'tls.crt': '' }), 'tls.crt is missing');
  assert.equal(told({ 'tls.key': ' \n' }), 'tls.key is missing');
  assert.equal(told({ 'ca.crt': '' }), 'ca.crt is missing');
  assert.match(told({ 'tls.crt': 'garbage' }) ?? '', /^tls\.crt: bundle holds no certificate/);
  assert.match(told({ 'tls.key': 'garbage' }) ?? '', /^tls\.key: private key cannot be read/);
  assert.match(told({ 'ca.crt': 'garbage' }) ?? '', /^ca\.crt: bundle holds no certificate/);
  const foreign = { 'tls.key': privateKeyPem(authority.keys.privateKey) };
  assert.equal(told(foreign), 'tls.key does not belong to tls.crt');
  assert.equal(
    faultOfForm({ ...texts, 'ca.crt': '' }, { certificate: true, authority: false }),
    undefined,
  );
});

test('a certificate before its time or past it is told with the date', async () => {
  const { certificate } = await material();
  assert.equal(faultOfTime(certificate, nowMs), undefined);
  assert.equal(faultOfTime(certificate, nowMs + day), 'tls.crt expired on 2030-01-02T00:00:00Z');
  assert.match(faultOfTime(certificate, nowMs - day) ?? '', /^tls\.crt is not valid before 2029/);
});

test('hosts, uses and authority that do not fit are told by name', async () => {
  const { certificate, authority } = await material(['*.west.example', '10.0.0.7', 'Router']);
  const told = (change: Partial<typeof use>): string | undefined =>
    faultOfUse(certificate, { ...use, ...change });
  assert.equal(told({ hosts: ['a.west.example', '10.0.0.7', 'router'] }), undefined);
  assert.match(told({ hosts: ['a.b.west.example'] }) ?? '', /does not name a\.b\.west\.example;/);
  assert.match(told({ hosts: ['west.example'] }) ?? '', /does not name west\.example;/);
  assert.match(told({ hosts: ['10.0.0.8'] }) ?? '', /it names .*10\.0\.0\.7/);
  assert.equal(
    told({ server: false, client: true }),
    'tls.crt is not meant for clients (clientAuth)',
  );
  assert.equal(told({ signing: true }), 'tls.crt is not an authority (CA:TRUE is missing)');
  const root = authority.certificate;
  assert.equal(faultOfUse(root, { ...use, server: false, signing: true }), undefined);
});

test('keys in PKCS#1, SEC1 and PKCS#8 and chains of a foreign authority are taken', {
  skip: hasOpenssl ? false : 'there is no openssl',
}, () => {
  const kinds = [
    ['genrsa', '-traditional', '-out', 'k', '2048'],
    ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072', '-out', 'k'],
    ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'k'],
    ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384', '-out', 'k'],
  ];
  for (const [index, make] of kinds.entries()) {
    const script = [
      `openssl ${make.join(' ')} 2>/dev/null`,
      'openssl req -x509 -newkey rsa:2048 -nodes -keyout rk -out root -subj /CN=root -days 9 2>/dev/null',
      'openssl req -newkey rsa:2048 -nodes -keyout ik -out ir -subj /CN=between 2>/dev/null',
      "printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign' > ie",
      'openssl x509 -req -in ir -CA root -CAkey rk -days 8 -extfile ie -out between 2>/dev/null',
      'openssl req -new -key k -out r -subj / 2>/dev/null',
      "printf 'subjectAltName=DNS:h.example' > e",
      'openssl x509 -req -in r -CA between -CAkey ik -days 7 -extfile e -out leaf 2>/dev/null',
      'cat k; echo @; cat leaf between; echo @; cat root',
    ].join(' && ');
    const { ok, output } = opensslScript(script);
    assert.ok(ok, output);
    const [key = '', chain = '', root = ''] = output.split('@');
    const texts = { 'tls.crt': chain, 'tls.key': key, 'ca.crt': root };
    assert.equal(faultOfForm(texts, both), undefined, `kind ${index}`);
    const found = parseCertificate(chain);
    assert.equal(found.commonName, '');
    // It names no use, so it serves for all.
    const asked = { hosts: ['h.example'], server: true, client: true, signing: false };
    assert.equal(faultOfUse(found, asked), undefined);
    assert.equal(faultOfTime(found, Date.now()), undefined);
  }
});
