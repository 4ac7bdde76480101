import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { type TestContext, test } from 'node:test';
import { connector, listener, site } from '#apis/index.ts';
import { configMap, secret, service } from '#kube/index.ts';
import { hasOwnNetwork, testInOwnNetwork } from '../support/own-network.ts';
import { startRouterPod } from '../support/router-pod.ts';
import { testAuthority } from '../support/service-tls.ts';
import { until } from '../support/until.ts';
import { clusterWorld } from './cluster-world.ts';
import {
  echoes,
  echoServer,
  newConnector,
  newListener,
  newSite,
  tlsSecretOf,
} from './site-objects.ts';

const inWest = (name: string) => ({ namespace: 'west', name });

if (hasOwnNetwork) test('a router pod', servesAndRenews);
else {
  testInOwnNetwork(
    'acceptance 2, 60, 85: a router pod serves, and takes new credentials while it runs',
    import.meta.url,
  );
}

async function servesAndRenews(t: TestContext): Promise<void> {
  const world = await clusterWorld(t);
  const { client } = world;
  await world.namespace('west');
  await client.create(site, newSite('west', 'west', { linkAccess: 'local' }));
  const pod = await startRouterPod(t, world, 'west');
  await world.eventually(
    site,
    'west',
    'west',
    ({ status }) => status?.status === 'Ready' && status.sitesInNetwork === 1,
  );
  const keyFile = join(pod.root, 'etc/skupper-router-certs/skupper-local-server/tls.key');
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);

  const port = await echoServer(t);
  const authority = await testAuthority('services');
  const first = await authority.server('first.example', ['first.example']);
  await client.create(secret, tlsSecretOf('tls', first, 'west'));
  await client.create(
    listener,
    newListener('west', 'plain', { routingKey: 'echo', host: 'plain', port: 8080 }),
  );
  await client.create(
    listener,
    newListener('west', 'secure', {
      routingKey: 'echo',
      host: 'secure',
      port: 8443,
      tlsCredentials: 'tls',
    }),
  );
  await client.create(
    connector,
    newConnector('west', 'echo', { routingKey: 'echo', host: '127.0.0.1', port }),
  );
  for (const name of ['plain', 'secure']) {
    const ready = await world.eventually(
      listener,
      'west',
      name,
      ({ status }) => status?.status === 'Ready',
    );
    assert.equal(ready.status?.hasMatchingConnector, true);
  }
  await world.eventually(
    connector,
    'west',
    'echo',
    ({ status }) => status?.hasMatchingListener === true && status.status === 'Ready',
  );
  const targetPort = async (name: string): Promise<number> => {
    const front = await client.get(service, inWest(name));
    return Number(front.spec?.ports?.[0]?.targetPort);
  };
  const plainPort = await targetPort('plain');
  await until(async () => echoes('127.0.0.1', plainPort), 'bytes come back');

  const served = await until(
    async () => nameServedAt(await targetPort('secure'), authority.ca),
    'TLS',
  );
  assert.equal(served, 'first.example');
  const second = await authority.server('second.example', ['second.example']);
  const { data } = tlsSecretOf('tls', second, 'west');
  await client.patch(secret, inWest('tls'), { data });
  await until(
    async () => (await nameServedAt(await targetPort('secure'), authority.ca)) === 'second.example',
    'the new certificate is served',
  );
  const annotated = await world.eventually(secret, 'west', 'tls', ({ metadata }) =>
    metadata.annotations?.['internal.skupper.io/tls-profile-context']?.includes('"ordinal":2'),
  );
  assert.ok(annotated);
  const config = await client.get(configMap, inWest('skupper-router'));
  assert.match(config.data?.['skrouterd.json'] ?? '', /"ordinal": 2/);
  assert.equal(pod.process.exit, undefined, 'the same process');
  assert.ok(readFileSync(join(pod.root, 'etc/skupper-router-certs/tls/tls.crt'), 'utf8'));
  assert.deepEqual(await pod.process.stop(), { code: 0, signal: null });
}

/** Common name in the certificate that is served on a port of loopback. */
async function nameServedAt(port: number, ca: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, checkServerIdentity: () => undefined });
    socket.on('secureConnect', () => {
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      resolve(String(subject.CN));
    });
    socket.on('error', reject);
  });
}
