import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseCertificate } from '#pki/index.ts';
import type { Attributes } from '#router/index.ts';
import { canonicalSerial } from '#router/endpoint/revoked-certificates.ts';
import { makeCluster, type TestRouter } from '../support/router-cluster.ts';
import { listenerPort, offer, open } from '../support/router-services.ts';
import { dial, echo, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

const serialOf = (file: string): string =>
  parseCertificate(readFileSync(file, 'utf8')).serialNumber;

function shown({ router }: TestRouter, type: string): Attributes[] {
  return [...(router.kinds.get(type)?.entities() ?? [])].map(({ attributes }) => attributes);
}

test('a revoked certificate is cut and kept out, and another one notices nothing', async (t) => {
  const cluster = await makeCluster(t);
  const [hub, good, bad] = await Promise.all(['hub', 'good', 'bad'].map((id) => cluster.add(id)));
  assert.ok(hub && good && bad);
  await bad.create('sslProfile', 'other', { ...cluster.certificates.otherClient });
  await cluster.link(good, hub);
  await cluster.link(bad, hub, { sslProfile: 'other' });
  await cluster.converged();
  const server = await serve(t, echo);
  await offer(hub, 'svc', server.port);
  const client = await dial(await open(good, 'svc'), t);
  const answers = async (text: string): Promise<string> => {
    client.write(text);
    return await new Promise((resolve) => {
      client.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    });
  };
  assert.equal(await answers('before'), 'before');
  const serialNumber = serialOf(cluster.certificates.otherClient.certFile);
  const mine = serialOf(cluster.certificates.client.certFile);
  const serials = (): string[] =>
    shown(hub, 'connection').map(({ peerSerialNumber }) =>
      typeof peerSerialNumber === 'string' ? peerSerialNumber.toUpperCase() : '',
    );
  assert.ok(serials().includes(serialNumber) && serials().includes(mine));

  const startMs = performance.now();
  await hub.create('revokedCertificate', serialNumber, { serialNumber });
  assert.ok(performance.now() - startMs < 1000);
  // One for control and two for data; they are gone when the request is answered.
  assert.equal(shown(hub, 'revokedCertificate')[0]?.['closedConnections'], 3);
  assert.ok(!serials().includes(serialNumber));
  const refused = () => Number(shown(hub, 'revokedCertificate')[0]?.['refusedConnections']);
  await until(() => refused() >= 1, 'a refused attempt');
  assert.ok(!serials().includes(serialNumber));
  assert.equal(serials().filter((serial) => serial === mine).length, 3);
  assert.equal(await answers('after'), 'after');
  assert.ok((await listenerPort(good, 'svc')) > 0);

  await hub.remove('revokedCertificate', serialNumber);
  assert.equal(hub.router.revoked.size, 0);
});

test('a revoked peer that does not answer the goodbye is cut all the same', async (t) => {
  const cluster = await makeCluster(t);
  const [hub, bad] = await Promise.all(['hub', 'bad'].map((id) => cluster.add(id)));
  assert.ok(hub && bad);
  await cluster.link(bad, hub);
  await cluster.converged();
  const sockets = [...bad.router.connections.records()].filter(
    ({ direction }) => direction === 'out',
  );
  assert.equal(sockets.length, 3);
  // The hub's own word is not heard: its peers only see the socket close.
  for (const { connection } of hub.router.connections.records()) {
    assert.ok(connection);
    connection.close = () => undefined;
  }
  const serialNumber = serialOf(cluster.certificates.client.certFile);
  const startMs = performance.now();
  await hub.create('revokedCertificate', 'x', { serialNumber });
  assert.ok(performance.now() - startMs < 1000);
  assert.equal(shown(hub, 'connection').length, 0);
});

test('serial numbers are compared as numbers, and only they are taken', async (t) => {
  const cases: readonly [string, string][] = [
    ['00AB', 'ab'],
    ['aB:cD', 'abcd'],
    ['7f01', '7f01'],
  ];
  for (const [given, canonical] of cases) assert.equal(canonicalSerial(given), canonical);
  const cluster = await makeCluster(t);
  const hub = await cluster.add('hub');
  for (const serialNumber of ['', 'xyz', '1'.repeat(129)]) {
    await assert.rejects(hub.create('revokedCertificate', 'x', { serialNumber }), /serialNumber/);
  }
  await hub.create('revokedCertificate', 'x', { serialNumber: 'ab' });
  await assert.rejects(hub.create('revokedCertificate', 'x', { serialNumber: 'cd' }), /Duplicate/);
});
