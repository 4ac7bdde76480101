/** AMQP machines over real sockets: bulk both ways, back-pressure, endings. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { silentLogger } from '#base/log.ts';
import type { Connection, EndReason, ReceiverHandler, SenderLink } from '#amqp/index.ts';
import { type AmqpTransport, connectSocket, runAmqp, socketListener } from '#net/index.ts';
import { realClock } from '../support/real-clock.ts';
import { makeTlsParts } from '../support/tls-parts.ts';
import { until } from '../support/until.ts';

const parts = await makeTlsParts();
const never = new AbortController().signal;

interface Joined {
  readonly client: AmqpTransport;
  readonly clientClosed: EndReason[];
  readonly serverClosed: EndReason[];
  readonly server: Connection;
}

/** Two machines over loopback, with or without TLS; the server receives with `receiver`. */
async function join(t: TestContext, useTls: boolean, receiver: ReceiverHandler): Promise<Joined> {
  const serverClosed: EndReason[] = [];
  const clientClosed: EndReason[] = [];
  const transports: AmqpTransport[] = [];
  const listener = await socketListener(
    {
      log: silentLogger,
      onSocket: (socket, peer) => {
        transports.push(
          runAmqp(
            {
              clock: realClock,
              handler: {
                onOpened: () => undefined,
                onSession: () => ({ handler: { onPeerSender: () => ({ handler: receiver }) } }),
                onClosed: (_connection, reason) => serverClosed.push(reason),
              },
            },
            socket,
            {
              role: 'server',
              containerId: 'server',
              saslMechanisms: [useTls ? 'EXTERNAL' : 'ANONYMOUS'],
              externalIdentity: peer.tls?.peerCertificate?.subject,
            },
          ),
        );
      },
    },
    {
      host: '127.0.0.1',
      port: 0,
      tls: useTls ? { material: parts.server, mutual: true } : undefined,
    },
  ).start(never);
  const { socket } = await connectSocket(
    {
      ...listener.address,
      tls: useTls ? { material: parts.client, verifyHostname: true } : undefined,
    },
    never,
  );
  const client = runAmqp(
    {
      clock: realClock,
      handler: {
        onOpened: () => undefined,
        onSession: () => ({ refuse: { condition: 'amqp:not-allowed' } }),
        onClosed: (_connection, reason) => clientClosed.push(reason),
      },
    },
    socket,
    { role: 'client', containerId: 'client', saslMechanisms: ['EXTERNAL', 'ANONYMOUS'] },
  );
  t.after(async () => {
    client.abort();
    for (const transport of transports) transport.abort();
    await Promise.all([client.closed, ...transports.map(({ closed }) => closed)]);
    await listener.stop({ graceMs: 0 });
  });
  await until(() => client.connection.isOpen, 'open');
  return { client, clientClosed, serverClosed, server: transports[0]!.connection };
}

async function sender(client: AmqpTransport): Promise<SenderLink> {
  const session = client.connection.beginSession({});
  const link = session.attachSender('bulk', { target: { address: 'x' } }, {});
  await until(() => link.credit > 0, 'credit');
  return link;
}

/** Writes `sizeBytes` in pieces, pausing whenever asked to. Returns the hash and the pauses. */
async function pour(
  link: SenderLink,
  sizeBytes: number,
): Promise<{ hash: string; pauses: number }> {
  const hash = createHash('sha256');
  let pauses = 0;
  let wake = (): void => undefined;
  const delivery = link.startDelivery({ onDrained: () => wake() });
  assert.ok(delivery);
  for (let sent = 0, round = 0; sent < sizeBytes; round++) {
    const piece = Buffer.alloc(Math.min(60_000 + (round % 7), sizeBytes - sent), round);
    hash.update(piece);
    sent += piece.length;
    if (delivery.write(piece)) continue;
    pauses++;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  delivery.end();
  return { hash: hash.digest('hex'), pauses };
}

describe('AMQP over sockets', () => {
  for (const useTls of [false, true]) {
    it(`carries 64 MB unchanged, ${useTls ? 'mutual TLS' : 'plain'}`, async (t) => {
      const hash = createHash('sha256');
      let ended = false;
      const { client } = await join(t, useTls, {
        onDelivery: () => ({
          onBytes: (_delivery, bytes) => hash.update(bytes),
          onEnd: () => {
            ended = true;
          },
        }),
      });
      const poured = await pour(await sender(client), 64_000_000);
      await until(() => ended, 'all bytes arrived', 30_000);
      assert.equal(hash.digest('hex'), poured.hash);
      assert.ok(poured.pauses > 0, 'the sender was never asked to pause');
    });
  }

  for (const useTls of [false, true]) {
    it(`holds the sender back while the receiver does not read, ${useTls ? 'mutual TLS' : 'plain'}`, async (t) => {
      let receivedBytes = 0;
      let ended = false;
      const { client, server } = await join(t, useTls, {
        onDelivery: () => ({
          onBytes: (_delivery, bytes) => {
            receivedBytes += bytes.length;
          },
          onEnd: () => {
            ended = true;
          },
        }),
      });
      const link = await sender(client);
      server.setReading(false);
      let isDone = false;
      const pouring = pour(link, 40_000_000).then(() => {
        isDone = true;
      });
      let sentBefore = -1;
      let polls = 0;
      await until(() => {
        const { bytesOut } = client.connection.counters;
        polls = bytesOut === sentBefore && bytesOut > 100_000 ? polls + 1 : 0;
        sentBefore = bytesOut;
        return polls === 20;
      }, 'nothing leaves any more');
      assert.equal(isDone, false);
      server.setReading(true);
      await pouring;
      await until(() => ended, 'all bytes arrived');
      assert.equal(receivedBytes, 40_000_000);
      assert.ok(sentBefore < 30_000_000, `${sentBefore} bytes had left`);
    });
  }

  it('closes in good order on both sides', async (t) => {
    const { client, clientClosed, serverClosed } = await join(t, true, {
      onDelivery: () => ({ onBytes: () => undefined, onEnd: () => undefined }),
    });
    client.connection.close({ condition: 'amqp:connection:forced', description: 'bye' });
    await client.closed;
    await until(() => serverClosed.length === 1, 'server heard');
    assert.equal(serverClosed[0]?.by, 'peer');
    assert.equal(serverClosed[0]?.error?.description, 'bye');
    assert.equal(clientClosed[0]?.by, 'local');
  });

  it('tells both sides when the socket is cut', async (t) => {
    const { client, clientClosed, serverClosed } = await join(t, false, {
      onDelivery: () => ({ onBytes: () => undefined, onEnd: () => undefined }),
    });
    client.abort();
    await client.closed;
    assert.equal(clientClosed[0]?.by, 'transport');
    await until(() => serverClosed.length === 1, 'server heard');
    assert.equal(serverClosed[0]?.by, 'transport');
  });
});
