import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createAuthority,
  crossSign,
  isSignedBy,
  issueCertificate,
  joinBundle,
  keyMatchesCertificate,
  parseAuthority,
  parseCertificate,
  type PkiError,
  privateKeyPem,
  renewAtMs,
  signText,
  splitBundle,
  verifyChain,
  verifyIssuedBy,
} from '#pki/index.ts';
import { hasOpenssl, openssl, opensslScript } from '../support/openssl.ts';

const nowMs = Date.now();
const day = 24 * 3600 * 1000;
const skip = hasOpenssl ? false : 'openssl is not installed';

test('a server certificate names its hosts, addresses also as texts for peers that only read those', {
  skip,
}, async () => {
  const authority = await createAuthority({ commonName: 'west site CA', nowMs });
  const { certificate, keys } = await issueCertificate(authority, {
    commonName: 'skupper-router',
    hosts: ['Router.West', ' 10.0.0.7 ', '2001:db8:0:0:0:0:0:1', 'router.west', ''],
    server: true,
    client: false,
    nowMs,
  });
  assert.deepEqual(certificate.dnsNames, ['router.west']);
  assert.deepEqual(certificate.ipAddresses, ['10.0.0.7', '2001:db8::1']);
  assert.deepEqual([certificate.serverAuth, certificate.clientAuth], [true, false]);
  assert.equal(certificate.issuerCommonName, 'west site CA');
  assert.equal(certificate.isAuthority, false);
  const text = openssl({ c: certificate.pem }, 'x509', '-in', 'c', '-noout', '-text').output;
  assert.match(
    text,
    /DNS:router\.west, DNS:10\.0\.0\.7, DNS:2001:db8::1, IP Address:10\.0\.0\.7, IP Address:2001:DB8:0:0:0:0:0:1\n/,
  );
  assert.match(text, /TLS Web Server Authentication\n/);
  assert.doesNotMatch(text, /TLS Web Client/);
  assert.match(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/);
  assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/);
  assert.match(text, /ASN1 OID: prime256v1/);
  const files = {
    c: certificate.pem,
    ca: authority.certificate.pem,
    k: privateKeyPem(keys.privateKey),
  };
  const strict = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'router.west'];
  assert.equal(openssl(files, 'verify', ...strict, '-CAfile', 'ca', 'c').output, 'c: OK\n');
  assert.equal(openssl(files, 'verify', '-purpose', 'sslclient', '-CAfile', 'ca', 'c').ok, false);
  assert.equal(openssl(files, 'pkey', '-check', '-noout', '-in', 'k').ok, true);
});

test('a client certificate carries clientAuth only and no hosts', { skip }, async () => {
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const { certificate } = await issueCertificate(authority, {
    commonName: 'f3a1',
    organizations: ['system:masters'],
    hosts: ['not.used'],
    server: false,
    client: true,
    nowMs,
  });
  assert.deepEqual(certificate.dnsNames, []);
  assert.deepEqual(certificate.organizations, ['system:masters']);
  const files = { c: certificate.pem, ca: authority.certificate.pem };
  assert.doesNotMatch(
    openssl(files, 'x509', '-in', 'c', '-noout', '-text').output,
    /Alternative|Server/,
  );
  assert.equal(openssl(files, 'verify', '-purpose', 'sslclient', '-CAfile', 'ca', 'c').ok, true);
  assert.equal(openssl(files, 'verify', '-purpose', 'sslserver', '-CAfile', 'ca', 'c').ok, false);
});

for (const algorithm of ['ecdsa-p256', 'rsa-2048', 'rsa-3072'] as const) {
  test(`an authority with ${algorithm} signs leaves that openssl accepts strictly`, {
    skip,
  }, async () => {
    const authority = await createAuthority({ commonName: 'Zürich CA', nowMs, algorithm });
    const leaf = await issueCertificate(
      authority,
      { commonName: 'both', hosts: ['h'], server: true, client: true, nowMs },
      algorithm,
    );
    const files = { c: leaf.certificate.pem, ca: authority.certificate.pem };
    const result = openssl(files, 'verify', '-x509_strict', '-check_ss_sig', '-CAfile', 'ca', 'c');
    assert.equal(result.output, 'c: OK\n');
    assert.ok(leaf.certificate.serverAuth && leaf.certificate.clientAuth);
    assert.match(
      openssl(files, 'x509', '-in', 'ca', '-noout', '-text').output,
      /CA:TRUE, pathlen:0/,
    );
  });
}

test('an authority made elsewhere signs with its subject byte for byte', { skip }, async () => {
  const kinds = [
    ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ];
  for (const kind of kinds) {
    const made = openssl({}, 'genpkey', ...kind).output;
    const keyPem =
      /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----/.exec(made)?.[0] ?? '';
    const subject = ['-utf8', '-subj', '/C=CH/O=Acme/CN=Büro CA'];
    const caPem = openssl({ k: keyPem }, 'req', '-x509', '-key', 'k', ...subject).output;
    const authority = parseAuthority(caPem, keyPem);
    const { certificate } = await issueCertificate(authority, {
      commonName: 'c',
      server: true,
      client: false,
      nowMs,
    });
    assert.equal(
      openssl({ c: certificate.pem, ca: caPem }, 'verify', '-CAfile', 'ca', 'c').output,
      'c: OK\n',
    );
    assert.equal(verifyIssuedBy(certificate.pem, caPem), true);
  }
});

test('issuers are told apart also when they bear the same name', async () => {
  const first = await createAuthority({ commonName: 'site CA', nowMs });
  const second = await createAuthority({ commonName: 'site CA', nowMs });
  const { certificate } = await issueCertificate(first, {
    commonName: 'c',
    server: false,
    client: true,
    nowMs,
  });
  assert.equal(verifyIssuedBy(certificate.pem, first.certificate.pem), true);
  assert.equal(verifyIssuedBy(certificate.pem, second.certificate.pem), false);
  assert.equal(verifyIssuedBy(first.certificate.pem, certificate.pem), false);
  const bundle = joinBundle([
    second.certificate.pem,
    first.certificate.pem,
    second.certificate.pem,
  ]);
  assert.equal(splitBundle(bundle).length, 2);
  assert.equal(verifyChain(certificate.pem, bundle, nowMs), true);
  assert.equal(verifyChain(certificate.pem, second.certificate.pem, nowMs), false);
  assert.equal(verifyChain(certificate.pem, bundle, certificate.notAfterMs + 1000), false);
});

test('validity starts a little in the past and a leaf never outlives its authority', async () => {
  const authority = await createAuthority({ commonName: 'ca', nowMs, lifetimeMs: 10 * day });
  const request = { commonName: 'c', server: false, client: true, nowMs: nowMs + day };
  const { certificate } = await issueCertificate(authority, { ...request, lifetimeMs: 20 * day });
  assert.equal(certificate.notAfterMs, authority.certificate.notAfterMs);
  assert.ok(certificate.notBeforeMs <= request.nowMs - 4 * 60_000);
  assert.ok(certificate.notBeforeMs >= request.nowMs - 16 * 60_000);
  const far = await createAuthority({
    commonName: 'ca',
    nowMs: Date.UTC(2049, 0, 1),
    lifetimeMs: 800 * day,
  });
  assert.equal(far.certificate.notAfterMs, Date.UTC(2049, 0, 1) + 800 * day);
});

test('a certificate is due at two thirds of its life', () => {
  assert.equal(renewAtMs({ notBeforeMs: 1000, notAfterMs: 31_000 }), 21_000);
});

test('serial numbers are random, positive and of 128 bits', async () => {
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const serials = new Set([authority.certificate.serialNumber]);
  for (let index = 0; index < 30; index++) {
    const request = { commonName: 'c', server: false, client: true, nowMs };
    serials.add((await issueCertificate(authority, request)).certificate.serialNumber);
  }
  assert.equal(serials.size, 31);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

test('a key is matched with its certificate', async () => {
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const request = { commonName: 'c', server: false, client: true, nowMs };
  const one = await issueCertificate(authority, request);
  const two = await issueCertificate(authority, request);
  assert.equal(
    keyMatchesCertificate(privateKeyPem(one.keys.privateKey), one.certificate.pem),
    true,
  );
  assert.equal(
    keyMatchesCertificate(privateKeyPem(two.keys.privateKey), one.certificate.pem),
    false,
  );
  const swap = (): unknown =>
    parseAuthority(authority.certificate.pem, privateKeyPem(one.keys.privateKey));
  assert.throws(swap, { code: 'PKI_KEY_MISMATCH' });
  const leaf = (): unknown =>
    parseAuthority(one.certificate.pem, privateKeyPem(one.keys.privateKey));
  assert.throws(leaf, { code: 'PKI_NOT_AUTHORITY' });
});

test('names that cannot stand in a certificate are refused', async () => {
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const bad: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['x'.repeat(65), []],
    ['line\nbreak', []],
    ['\ud800', []],
    ['c', ['bad host']],
    ['c', ['a..b']],
    ['c', ['-a.b']],
    ['c', ['*']],
    ['c', ['a'.repeat(64)]],
    ['c', ['1.2.3.4/24']],
    ['c', Array.from({ length: 257 }, (_, index) => `h${index}`)],
  ];
  for (const [commonName, hosts] of bad) {
    await assert.rejects(
      issueCertificate(authority, { commonName, hosts, server: true, client: false, nowMs }),
      (thrown: PkiError) => thrown.code === 'PKI_NAME_INVALID',
      JSON.stringify([commonName, hosts.slice(0, 1)]),
    );
  }
});

test('texts that are no certificate or key are refused with a code', () => {
  const garbage = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  assert.throws(() => parseCertificate('hello'), { code: 'PKI_PEM_INVALID' });
  assert.throws(() => parseCertificate(garbage), { code: 'PKI_CERTIFICATE_INVALID' });
  assert.throws(() => splitBundle(garbage.repeat(33)), { code: 'PKI_PEM_INVALID' });
  assert.throws(() => splitBundle('x'.repeat(300_000)), { code: 'PKI_PEM_INVALID' });
  assert.throws(() => parseAuthority(garbage, 'x'), { code: 'PKI_KEY_INVALID' });
  assert.throws(() => parseAuthority(garbage, 'x'.repeat(20_000)), { code: 'PKI_KEY_INVALID' });
});

test('a site whose clock is ten minutes behind takes what another one has just issued', async () => {
  const authority = await createAuthority({ commonName: 'ca', nowMs });
  const leaf = { commonName: 'l', hosts: ['h'], server: true, client: false, nowMs };
  const { certificate } = await issueCertificate(authority, leaf);
  for (const skewMs of [-10 * 60_000, 0, 10 * 60_000]) {
    assert.equal(verifyChain(certificate.pem, authority.certificate.pem, nowMs + skewMs), true);
  }
});

test('who trusts only the old key verifies what the new one signs, given the cross certificate', {
  skip,
}, async () => {
  const old = await createAuthority({ commonName: 'west site CA', nowMs });
  const next = await createAuthority({ commonName: 'west site CA', nowMs, algorithm: 'rsa-2048' });
  const cross = crossSign(old, next, nowMs);
  const leaf = { commonName: 's', hosts: ['router.west'], server: true, client: false, nowMs };
  const { certificate } = await issueCertificate(next, leaf);
  const files = {
    old: old.certificate.pem,
    next: next.certificate.pem,
    both: joinBundle([next.certificate.pem, old.certificate.pem]),
    cross,
    leaf: certificate.pem,
  };
  const verify = (...rest: string[]): boolean =>
    openssl(files, 'verify', '-x509_strict', '-purpose', 'sslserver', ...rest, 'leaf').ok;
  assert.equal(verify('-CAfile', 'old'), false);
  assert.equal(verify('-CAfile', 'old', '-untrusted', 'cross'), true);
  for (const trust of ['next', 'both']) {
    assert.equal(verify('-CAfile', trust), true);
    assert.equal(verify('-CAfile', trust, '-untrusted', 'cross'), true);
  }
  assert.ok(parseCertificate(cross).notAfterMs <= old.certificate.notAfterMs);
  const stranger = await createAuthority({ commonName: 'other CA', nowMs });
  assert.throws(() => crossSign(stranger, next, nowMs), /bear one name/);
});

test('an authority with an Ed25519 key, as users may bring, signs certificates and texts', {
  skip,
}, async () => {
  const script =
    'openssl genpkey -algorithm ED25519 -out k && openssl req -x509 -new -key k -subj /CN=theirs -days 9 -out c && cat k c';
  const { ok, output } = opensslScript(script);
  assert.ok(ok, output);
  const theirs = parseAuthority(output, output);
  const leaf = { commonName: 's', hosts: ['router.west'], server: true, client: false, nowMs };
  const { certificate } = await issueCertificate(theirs, leaf);
  const files = { ca: theirs.certificate.pem, leaf: certificate.pem };
  assert.equal(openssl(files, 'verify', '-CAfile', 'ca', 'leaf').ok, true);
  const signature = signText('a letter', theirs.keys.privateKey);
  assert.equal(isSignedBy('a letter', signature, theirs.certificate.pem), true);
  assert.equal(isSignedBy('another', signature, theirs.certificate.pem), false);
});
