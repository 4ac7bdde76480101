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
import { dial, echo, readAll, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

const megabytes20 = 20 * 1024 * 1024;
const slow = { skip: skrouterdSkip, timeout: 120_000 };

const uplink = {
  role: 'edge',
  host: '127.0.0.1',
  sslProfile: 'client',
  saslMechanisms: 'EXTERNAL',
} as const;

/** One of ours and a real one, one of them the edge of the other, with services both ways. */
async function attached(t: TestContext, ourEdge: boolean) {
  const cluster = await makeCluster(t);
  const ours = await cluster.add('OURS', ourEdge ? { mode: 'edge' } : {});
  const theirServer = await serveDigests(t, megabytes20);
  const theirEcho = await serve(t, echo);
  const [bulkPort, echoPort, dead] = [await freePort(), await freePort(), await freePort()];
  const at = (address: string, port: number): Attributes => ({
    name: address,
    address,
    host: '127.0.0.1',
    port: String(port),
  });
  const real = await startRealRouter(
    t,
    'REAL',
    cluster.certificates,
    [
      ['tcpConnector', at('theirs', theirServer.server.port)],
      ['tcpConnector', at('theirs-echo', theirEcho.port)],
      ['tcpConnector', at('dead', dead)],
      ['tcpListener', at('ours', bulkPort)],
      ['tcpListener', at('ours-echo', echoPort)],
      ...(ourEdge
        ? []
        : [['connector', { ...uplink, name: 'up', port: String(ours.edgePort) }] as const]),
    ],
    ourEdge ? {} : { mode: 'edge' },
  );
  if (ourEdge) {
    await ours.create('connector', 'up', { ...uplink, port: String(real.edgePort) });
  }
  const ourServer = await serveDigests(t, megabytes20);
  const ourEcho = await serve(t, echo);
  await offer(ours, 'ours', ourServer.server.port);
  await offer(ours, 'ours-echo', ourEcho.port);
  return { cluster, ours, real, theirServer, ourServer, bulkPort, echoPort };
}

for (const ourEdge of [true, false]) {
  const who = ourEdge ? 'our edge, a real interior router' : 'a real edge, our interior router';

  test(`${who}: 20 MB each way through both kinds of service`, slow, async (t) => {
    const { ours, theirServer, ourServer, bulkPort } = await attached(t, ourEdge);
    await checkBulk(await dial(await open(ours, 'theirs'), t), theirServer, megabytes20);
    await checkBulk(await untilDialled(bulkPort, t), ourServer, megabytes20);
  });

  test(`${who}: 100 connections at once in each direction`, slow, async (t) => {
    const { ours, echoPort } = await attached(t, ourEdge);
    await checkManyEchoes(t, await open(ours, 'theirs-echo'), 100);
    (await untilDialled(echoPort, t)).destroy();
    await checkManyEchoes(t, echoPort, 100);
    const { exchanges } = ours.bridge.listeners.shelf.get('theirs-echo')!.item;
    await until(() => exchanges.size === 0, 'all exchanges are gone');
  });

  test(`${who}: a server that cannot be reached, a reset`, slow, async (t) => {
    const { ours, theirServer } = await attached(t, ourEdge);
    const client = await dial(await open(ours, 'dead'), t);
    assert.equal((await readAll(client)).length, 0);
    const reset = await dial(await open(ours, 'theirs'), t);
    await once(reset, 'data');
    reset.resetAndDestroy();
    await until(() => theirServer.server.sockets.size === 0, 'the server socket is closed');
  });

  test(`${who}: a third router beyond the interior one`, slow, async (t) => {
    const { cluster, ours, real, echoPort } = await attached(t, ourEdge);
    const beyond = await cluster.add('BEYOND');
    if (ourEdge) {
      await beyond.create('connector', 'to-real', {
        role: 'inter-router',
        host: '127.0.0.1',
        port: String(real.linkPort),
        sslProfile: 'client',
        saslMechanisms: 'EXTERNAL',
      });
      await checkManyEchoes(t, await open(beyond, 'ours-echo'), 5);
      const server = await serve(t, echo);
      await offer(beyond, 'beyond', server.port);
      await checkManyEchoes(t, await open(ours, 'beyond'), 5);
      return;
    }
    await cluster.link(beyond, ours);
    await checkManyEchoes(t, await open(beyond, 'theirs-echo'), 5);
    await untilDialled(echoPort, t);
  });
}
