import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Attributes } from '#router/index.ts';
import { makeCluster } from '../support/router-cluster.ts';
import {
  checkBulk,
  checkManyEchoes,
  offer,
  open,
  serveDigests,
  untilDialled,
} from '../support/router-services.ts';
import { freePort, skrouterdSkip, startRealRouter } from '../support/router-skrouterd.ts';
import { echo, readAll, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

const megabytes20 = 20 * 1024 * 1024;
const slow = { skip: skrouterdSkip, timeout: 120_000 };

/** Entities of a real router: a connector to a server, a listener, and maybe a link. */
function service(address: string, serverPort: number): readonly [string, Attributes] {
  return ['tcpConnector', { name: address, address, host: '127.0.0.1', port: String(serverPort) }];
}
function opening(address: string, port: number): readonly [string, Attributes] {
  return ['tcpListener', { name: address, address, host: '127.0.0.1', port: String(port) }];
}
function dialling(port: number): readonly [string, Attributes] {
  return [
    'connector',
    {
      name: `to-${port}`,
      role: 'inter-router',
      host: '127.0.0.1',
      port: String(port),
      sslProfile: 'client',
    },
  ];
}

/** One of ours and a real one, linked in the role given, with services both ways. */
async function linked(t: TestContext, weDial: boolean, settings: Attributes = {}) {
  const cluster = await makeCluster(t);
  const ours = await cluster.add('OURS');
  const theirServer = await serveDigests(t, megabytes20);
  const theirEcho = await serve(t, echo);
  const fromTheirs = await freePort();
  const echoFromTheirs = await freePort();
  const dead = await freePort();
  const real = await startRealRouter(
    t,
    'REAL',
    cluster.certificates,
    [
      service('theirs', theirServer.server.port),
      service('theirs-echo', theirEcho.port),
      service('dead', dead),
      opening('ours', fromTheirs),
      opening('ours-echo', echoFromTheirs),
      ...(weDial ? [] : [dialling(ours.linkPort)]),
    ],
    settings,
  );
  if (weDial) {
    await ours.create('connector', 'to-real', {
      role: 'inter-router',
      host: '127.0.0.1',
      port: String(real.linkPort),
      sslProfile: 'client',
      saslMechanisms: 'EXTERNAL',
    });
  }
  const ourServer = await serveDigests(t, megabytes20);
  const ourEcho = await serve(t, echo);
  await offer(ours, 'ours', ourServer.server.port);
  await offer(ours, 'ours-echo', ourEcho.port);
  return { ours, real, theirServer, ourServer, fromTheirs, echoFromTheirs };
}

for (const weDial of [true, false]) {
  const roles = weDial ? 'dialled by us' : 'that dials us';

  test(`bulk crosses unchanged both ways with a real router ${roles}`, slow, async (t) => {
    const { ours, theirServer, ourServer, fromTheirs } = await linked(t, weDial);
    await checkBulk(await untilDialled(await open(ours, 'theirs'), t), theirServer, megabytes20);
    await checkBulk(await untilDialled(fromTheirs, t), ourServer, megabytes20);
  });

  test(`200 connections at once cross a real router ${roles}`, slow, async (t) => {
    const { ours, echoFromTheirs } = await linked(t, weDial);
    await checkManyEchoes(t, await open(ours, 'theirs-echo'), 200);
    (await untilDialled(echoFromTheirs, t)).destroy();
    await checkManyEchoes(t, echoFromTheirs, 200);
    await until(
      () => ours.bridge.connectors.shelf.get('ours-echo')!.item.exchanges.size === 0,
      'our exchanges are gone',
    );
    await until(() => ours.router.addresses.localNames === 0, 'reply addresses are gone');
  });

  test(
    `a server that cannot be reached closes the client, real router ${roles}`,
    slow,
    async (t) => {
      const { ours } = await linked(t, weDial);
      const client = await untilDialled(await open(ours, 'dead'), t);
      assert.equal((await readAll(client)).length, 0);
    },
  );
}

test('a real router without data connections links as well', slow, async (t) => {
  const { ours, theirServer } = await linked(t, false, { dataConnectionCount: '0' });
  await checkBulk(await untilDialled(await open(ours, 'theirs'), t), theirServer, megabytes20);
});

test('resets cross to and from a real router', slow, async (t) => {
  const { ours, echoFromTheirs } = await linked(t, true);
  const client = await untilDialled(await open(ours, 'theirs-echo'), t);
  client.write('hello');
  await once(client, 'data');
  client.resetAndDestroy();
  const other = await untilDialled(echoFromTheirs, t);
  other.write('hello');
  await once(other, 'data');
  other.resetAndDestroy();
  const { exchanges } = ours.bridge.connectors.shelf.get('ours-echo')!.item;
  await until(() => exchanges.size === 0, 'our exchange is gone');
});

test('streams pass through us between two real routers', slow, async (t) => {
  const cluster = await makeCluster(t);
  const middle = await cluster.add('MIDDLE');
  const server = await serveDigests(t, megabytes20);
  const port = await freePort();
  await startRealRouter(t, 'WEST', cluster.certificates, [
    dialling(middle.linkPort),
    opening('svc', port),
  ]);
  await startRealRouter(t, 'EAST', cluster.certificates, [
    dialling(middle.linkPort),
    service('svc', server.server.port),
  ]);
  await checkBulk(await untilDialled(port, t), server, megabytes20);
});

test('streams of ours pass through a real router', slow, async (t) => {
  const cluster = await makeCluster(t);
  const real = await startRealRouter(t, 'MIDDLE', cluster.certificates);
  const a = await cluster.add('A');
  const b = await cluster.add('B');
  for (const each of [a, b]) {
    await each.create('connector', 'to-real', {
      role: 'inter-router',
      host: '127.0.0.1',
      port: String(real.linkPort),
      sslProfile: 'client',
      saslMechanisms: 'EXTERNAL',
    });
  }
  const server = await serveDigests(t, megabytes20);
  await offer(b, 'svc', server.server.port);
  await checkBulk(await untilDialled(await open(a, 'svc'), t), server, megabytes20);
});
