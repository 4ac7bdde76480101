/**
 * A whole Site of ours and a real skupper-router, linked over mutual TLS in both roles:
 *
 *   the real one dials our site      with what a foreign client gets from our grant server
 *   our site dials the real one      with a Secret and a Link applied by hand
 *
 * TCP crosses both ways each time.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { accessGrant, link } from '#apis/index.ts';
import { secret } from '#kube/index.ts';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { parseAllDocuments } from 'yaml';
import { waitUntil } from '../support/process-wait.ts';
import { skrouterd, startSkrouterd } from '../support/skrouterd.ts';
import { clientOf } from '../support/up-objects.ts';
import { startUp, type Up } from '../support/up-process.ts';
import { answers, freePort, startHello, succeeded } from '../support/up-sites.ts';

const skip = skrouterd === undefined ? 'SKROUTERD does not name a skupper-router' : false;

/** Type and attributes, as in a router's configuration. */
type Entity = readonly [string, Readonly<Record<string, unknown>>];

interface Material {
  readonly 'ca.crt': string;
  readonly 'tls.crt': string;
  readonly 'tls.key': string;
}

function profile(up: Up, name: string, material: Material): Entity {
  const folder = join(up.home, name);
  mkdirSync(folder);
  const file = (key: keyof Material): string => {
    const path = join(folder, key);
    writeFileSync(path, material[key], { mode: 0o600 });
    return path;
  };
  return [
    'sslProfile',
    {
      name,
      caCertFile: file('ca.crt'),
      certFile: file('tls.crt'),
      privateKeyFile: file('tls.key'),
    },
  ];
}

/** Redeems a code as upstream's client does: name and subject in headers, the code as the body. */
function redeem(url: string, code: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { name: 'real', subject: 'real-site' };
    const asked = request(url, { method: 'POST', ca, headers, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(text);
        else reject(new RangeError(`${answer.statusCode}: ${text}`));
      });
    });
    asked.on('error', reject);
    asked.end(code);
  });
}

/** Site west with a service each way through whatever it is linked to. */
async function services(t: TestContext, up: Up, theirListenerPort: number): Promise<void> {
  const ours = await startHello(t, 'from our site');
  const ourPort = await freePort();
  const at = ['--host', '127.0.0.1', '-n', 'west'];
  succeeded(await up.cli('connector', 'create', 'ours', String(ours.port), ...at));
  succeeded(await up.cli('listener', 'create', 'theirs', String(ourPort), ...at));
  await answers(up, `http://127.0.0.1:${theirListenerPort}`, 'from our site');
  await answers(up, `http://127.0.0.1:${ourPort}`, 'from their site');
}

/** Services of the real router: one it offers, one it opens. */
async function theirServices(t: TestContext): Promise<{ entities: Entity[]; port: number }> {
  const theirs = await startHello(t, 'from their site');
  const port = await freePort();
  const connector = {
    name: 'theirs',
    address: 'theirs',
    host: '127.0.0.1',
    port: `${theirs.port}`,
  };
  const listener = { name: 'ours', address: 'ours', host: '127.0.0.1', port: String(port) };
  return {
    port,
    entities: [
      ['tcpConnector', connector],
      ['tcpListener', listener],
    ],
  };
}

test('a real router links to our site with what our grant server hands out', {
  skip,
}, async (t) => {
  const up = await startUp(t, {});
  const client = await clientOf(t, up);
  const create = ['site', 'create', 'west', '-n', 'west', '--create-namespace'];
  succeeded(await up.cli(...create, '--enable-link-access'));
  await client.create(accessGrant, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: { name: 'grant', namespace: 'west' },
    spec: {},
  });
  const granted = await waitUntil('a grant', async () => {
    const { status } = await client.get(accessGrant, { namespace: 'west', name: 'grant' });
    assert.equal(status?.status, 'Ready');
    return status;
  });
  const text = await redeem(granted.url ?? '', granted.code ?? '', granted.ca ?? '');
  const [received, made] = parseAllDocuments(text).map((each) => each.toJS());
  const decoded = Object.fromEntries(
    Object.entries<string>(received.data).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]),
  );
  const endpoint = made.spec.endpoints.find(
    ({ name }: { name: string }) => name === 'inter-router',
  );
  const theirs = await theirServices(t);
  await startSkrouterd(t, 'REAL', [
    profile(up, 'link', decoded as unknown as Material),
    [
      'connector',
      {
        name: 'west',
        role: 'inter-router',
        host: endpoint.host,
        port: endpoint.port,
        sslProfile: 'link',
        saslMechanisms: 'EXTERNAL',
      },
    ],
    ...theirs.entities,
  ]);
  await services(t, up, theirs.port);
});

test('our site links to a real router with a Secret and a Link', { skip }, async (t) => {
  const up = await startUp(t, {});
  const client = await clientOf(t, up);
  succeeded(await up.cli('site', 'create', 'west', '-n', 'west', '--create-namespace'));
  const nowMs = Date.now();
  const authority = await createAuthority({ commonName: 'their CA', nowMs });
  const material = async (commonName: string, server: boolean): Promise<Material> => {
    const wish = { commonName, hosts: ['127.0.0.1'], server, client: !server, nowMs };
    const { certificate, keys } = await issueCertificate(authority, wish);
    return {
      'ca.crt': authority.certificate.pem,
      'tls.crt': certificate.pem,
      'tls.key': privateKeyPem(keys.privateKey),
    };
  };
  const port = await freePort();
  const theirs = await theirServices(t);
  await startSkrouterd(t, 'REAL', [
    profile(up, 'server', await material('REAL', true)),
    [
      'listener',
      {
        name: 'link',
        role: 'inter-router',
        host: '127.0.0.1',
        port: String(port),
        sslProfile: 'server',
        saslMechanisms: 'EXTERNAL',
        authenticatePeer: true,
      },
    ],
    ...theirs.entities,
  ]);
  const data = Object.fromEntries(
    Object.entries(await material('west', false)).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]),
  );
  await client.create(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'to-real', namespace: 'west' },
    type: 'kubernetes.io/tls',
    data,
  });
  await client.create(link, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Link',
    metadata: { name: 'to-real', namespace: 'west' },
    spec: {
      tlsCredentials: 'to-real',
      endpoints: [{ name: 'inter-router', host: '127.0.0.1', port: String(port) }],
    },
  });
  await waitUntil('the link to be up', async () => {
    const { status } = await client.get(link, { namespace: 'west', name: 'to-real' });
    assert.equal(status?.status, 'Ready', JSON.stringify(status));
    return true;
  });
  await services(t, up, theirs.port);
});
