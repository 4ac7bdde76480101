/**
 * Certificates as cert-manager and openssl make them: every kind of key and chain, in a real
 * handshake between two routers, both ways.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { faultOfForm } from '#pki/index.ts';
import { hasOpenssl } from '../support/openssl.ts';
import type { TestProfile } from '../support/router-certificates.ts';
import { makeCluster } from '../support/router-cluster.ts';
import { offer, open } from '../support/router-services.ts';
import { dial, echo, serve } from '../support/router-tcp.ts';

const skip = hasOpenssl ? false : 'there is no openssl';

/** How each kind of key is made, in the form that its Secret would have. */
const keys: Readonly<Record<string, string>> = {
  'rsa-pkcs1': 'openssl genrsa -traditional -out $1 2048',
  'rsa-pkcs8': 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out $1',
  'p256-sec1': 'openssl ecparam -name prime256v1 -genkey -noout -out $1',
  'p256-pkcs8': 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1',
  'p384-sec1': 'openssl ecparam -name secp384r1 -genkey -noout -out $1',
  'p384-pkcs8': 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out $1',
  ed25519: 'openssl genpkey -algorithm ED25519 -out $1',
};

/** Root, intermediate, and a server and a client certificate that the intermediate signed. */
function script(makeKey: string): string {
  return `set -e
key() { ${makeKey}; }
ext() { printf "$1" > ext; }
key root.key; key between.key; key server.key; key client.key
openssl req -x509 -new -key root.key -subj /CN=root -days 9 -out root
openssl req -new -key between.key -subj /CN=between -out r
ext 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign'
openssl x509 -req -in r -CA root -CAkey root.key -days 8 -extfile ext -out between
openssl req -new -key server.key -subj / -out r
ext 'subjectAltName=critical,IP:127.0.0.1,DNS:localhost\\nextendedKeyUsage=serverAuth,clientAuth'
openssl x509 -req -in r -CA between -CAkey between.key -days 7 -extfile ext -out server.leaf
openssl req -new -key client.key -subj / -out r
ext 'subjectAltName=critical,DNS:east\\nextendedKeyUsage=clientAuth'
openssl x509 -req -in r -CA between -CAkey between.key -days 7 -extfile ext -out client.leaf
cat server.leaf between > server.chain
cat client.leaf between > client.chain
cat between root > both`;
}

/** What stands in tls.crt (leaf, or chain) and in ca.crt. */
const forms = [
  ['chain', 'root'],
  ['leaf', 'both'],
] as const;
const need = { certificate: true, authority: true };

for (const [kind, makeKey] of Object.entries(keys)) {
  test(`routers link with ${kind} keys and an intermediate, wherever that stands`, {
    skip,
  }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'drawbridge-foreign-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const made = spawnSync('sh', ['-c', script(makeKey)], { cwd: directory, encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    const profile = (side: string, form: string, ca: string): TestProfile => ({
      caCertFile: join(directory, ca),
      certFile: join(directory, `${side}.${form}`),
      privateKeyFile: join(directory, `${side}.key`),
    });
    const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
    for (const [form, ca] of forms) {
      for (const side of ['server', 'client']) {
        const texts = {
          'tls.crt': read(`${side}.${form}`),
          'tls.key': read(`${side}.key`),
          'ca.crt': read(ca),
        };
        assert.equal(faultOfForm(texts, need), undefined);
      }
      await t.test(`${form} in tls.crt, ${ca} in ca.crt`, async (inner) => {
        const cluster = await makeCluster(inner);
        const [hub, spoke] = [await cluster.add('hub'), await cluster.add('spoke')];
        await hub.create('sslProfile', 'theirs', { ...profile('server', form, ca) });
        await spoke.create('sslProfile', 'theirs', { ...profile('client', form, ca) });
        const listener = { role: 'inter-router', host: '127.0.0.1', port: '0' };
        const tls = { sslProfile: 'theirs', saslMechanisms: 'EXTERNAL' };
        await hub.create('listener', 'l', { ...listener, ...tls, authenticatePeer: true });
        const port = String(hub.router.listeners.shelf.get('l')?.item.boundPort);
        await cluster.link(spoke, hub, { sslProfile: 'theirs', port });
        await cluster.converged();
        const server = await serve(inner, echo);
        await offer(hub, 'svc', server.port);
        const socket = await dial(await open(spoke, 'svc'), inner);
        const answer = new Promise((resolve) => {
          socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
        });
        socket.write('over the link');
        assert.equal(await answer, 'over the link');
      });
    }
  });
}

test('an intermediate alone in ca.crt is told, as routers would not take it', { skip }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-foreign-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const made = spawnSync('sh', ['-c', script(keys['p256-sec1'] ?? '')], { cwd: directory });
  assert.equal(made.status, 0);
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const texts = { 'tls.crt': read('server.chain'), 'tls.key': read('server.key') };
  assert.equal(
    faultOfForm({ ...texts, 'ca.crt': read('between') }, need),
    'ca.crt has no root: "between" comes from "root", which is not in it',
  );
  assert.equal(faultOfForm({ ...texts, 'ca.crt': '' }, need), 'ca.crt is missing');
  // Where nobody's certificate is looked at it may be missing, as with a public authority.
  assert.equal(faultOfForm({ ...texts, 'ca.crt': '' }, { ...need, authority: false }), undefined);
});
