/**
 * rhea, an independent AMQP 1.0 implementation, as client and as server of our machines over real
 * sockets: outcomes, large messages, credit, draining, dynamic addresses, mutual TLS, endings.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import rhea, {
  type Connection as RheaConnection,
  type EventContext,
  type Receiver,
  type Sender,
} from 'rhea';
import { silentLogger } from '#base/log.ts';
import {
  accepted,
  type Connection,
  type DeliveryState,
  decodeMessage,
  encodeMessage,
  type EndReason,
  type IncomingDelivery,
  type Message,
  MessageCollector,
  modified,
  type ReceiverLink,
  rejected,
  released,
  type SenderLink,
  type SessionHandler,
} from '#amqp/index.ts';
import { type AmqpTransport, connectSocket, runAmqp, socketListener } from '#net/index.ts';
import { realClock } from '../../support/real-clock.ts';
import { makeTlsParts } from '../../support/tls-parts.ts';
import { until } from '../../support/until.ts';

const parts = await makeTlsParts();
const never = new AbortController().signal;
const sizeBytesMax = 64_000_000;

/** What our side of a connection has seen. */
class Ours {
  readonly received: { message: Message; delivery: IncomingDelivery }[] = [];
  readonly senders: SenderLink[] = [];
  readonly receivers: ReceiverLink[] = [];
  readonly closed: EndReason[] = [];
  connection: Connection | undefined = undefined;
  transport: AmqpTransport | undefined = undefined;
  creditWindow = 250;
  /** What becomes of a received message. */
  judge: (message: Message) => DeliveryState = () => accepted;

  readonly session: SessionHandler = {
    onPeerSender: () => ({
      options: { creditWindow: this.creditWindow },
      handler: this.receiverHandler,
    }),
    onPeerReceiver: (_session, attach) => ({
      handler: { onAttached: (link) => this.senders.push(link) },
      options: attach.source?.dynamic
        ? { source: { ...attach.source, address: 'temp.made-up' } }
        : {},
    }),
  };

  readonly receiverHandler = {
    onAttached: (link: ReceiverLink) => this.receivers.push(link),
    onDelivery: () =>
      new MessageCollector(sizeBytesMax, (delivery, bytes) => {
        const message = decodeMessage(bytes);
        this.received.push({ message, delivery });
        delivery.update(this.judge(message), true);
      }),
  };

  readonly handler = {
    onOpened: (connection: Connection) => {
      this.connection = connection;
    },
    onSession: () => ({ handler: this.session }),
    onClosed: (_connection: Connection, reason: EndReason) => this.closed.push(reason),
  };
}

/** rhea as client of ours. */
async function rheaClient(
  t: TestContext,
  useTls = false,
): Promise<{ ours: Ours; client: RheaConnection }> {
  const ours = new Ours();
  const listener = await socketListener(
    {
      log: silentLogger,
      onSocket: (socket, peer) => {
        ours.transport = runAmqp({ clock: realClock, handler: ours.handler }, socket, {
          role: 'server',
          containerId: 'ours',
          saslMechanisms: useTls ? ['EXTERNAL'] : ['ANONYMOUS'],
          externalIdentity: peer.tls?.peerCertificate?.subject,
        });
      },
    },
    {
      host: '127.0.0.1',
      port: 0,
      tls: useTls ? { material: parts.server, mutual: true } : undefined,
    },
  ).start(never);
  const tls = {
    transport: 'tls' as const,
    ca: parts.client.ca,
    cert: parts.client.cert,
    key: parts.client.key,
    servername: 'localhost',
    enable_sasl_external: true,
  };
  const client = rhea.create_container({ id: 'rhea' }).connect({
    host: '127.0.0.1',
    port: listener.address.port,
    reconnect: false,
    ...(useTls ? tls : { username: 'anonymous', password: undefined }),
  } as Parameters<typeof rhea.connect>[0]);
  client.on('disconnected', () => undefined);
  t.after(async () => {
    client.close();
    ours.transport?.abort();
    await ours.transport?.closed;
    await listener.stop({ graceMs: 0 });
  });
  await once(client, 'connection_open');
  return { ours, client };
}

/** rhea as server of ours. */
async function rheaServer(
  t: TestContext,
  prepare: (container: ReturnType<typeof rhea.create_container>) => void,
): Promise<Ours> {
  const ours = new Ours();
  const container = rhea.create_container({ id: 'rhea' });
  container.sasl_server_mechanisms.enable_anonymous();
  container.on('disconnected', () => undefined);
  prepare(container);
  const server = container.listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { socket } = await connectSocket({ host: '127.0.0.1', port }, never);
  const transport = runAmqp({ clock: realClock, handler: ours.handler }, socket, {
    role: 'client',
    containerId: 'ours',
    saslMechanisms: ['ANONYMOUS'],
  });
  t.after(async () => {
    transport.abort();
    await transport.closed;
    server.close();
  });
  await until(() => transport.connection.isOpen, 'open');
  ours.transport = transport;
  return ours;
}

describe('rhea as client', () => {
  it('opens, sees our container and closes in good order', async (t) => {
    const { ours, client } = await rheaClient(t);
    assert.equal(client.container_id, 'ours');
    assert.equal(ours.connection?.peer?.containerId, 'rhea');
    client.close();
    await once(client, 'connection_close');
    await until(() => ours.closed.length === 1, 'closed');
    assert.equal(ours.closed[0]?.by, 'peer');
  });

  it('comes in with its certificate by EXTERNAL', async (t) => {
    const { ours } = await rheaClient(t, true);
    await until(() => ours.connection, 'open');
    assert.equal(ours.connection?.saslMechanism, 'EXTERNAL');
    assert.match(ours.connection?.externalIdentity ?? '', /CN=west/);
  });

  it('gets every outcome for what it sends', async (t) => {
    const { ours, client } = await rheaClient(t);
    ours.judge = ({ properties }) => {
      const subject = properties?.subject;
      if (subject === 'reject') return rejected('amqp:not-found', 'nobody there');
      if (subject === 'release') return released;
      return subject === 'modify' ? modified(true, true) : accepted;
    };
    const sender = client.open_sender('there');
    await once(sender, 'sendable');
    const outcomes: string[] = [];
    sender.on('settled', ({ delivery }: EventContext) => {
      const state = delivery?.remote_state as {
        constructor: { composite_type: string };
        error?: { condition: string };
      };
      const name = state.constructor.composite_type;
      outcomes.push(state.error ? `${name} ${state.error.condition}` : name);
    });
    for (const subject of ['accept', 'reject', 'release', 'modify'])
      sender.send({ subject, body: 'x' });
    await until(() => outcomes.length === 4, 'four outcomes');
    assert.deepEqual(outcomes.toSorted(), [
      'accepted',
      'modified',
      'rejected amqp:not-found',
      'released',
    ]);
  });

  it('sends all kinds of values that we understand', async (t) => {
    const { ours, client } = await rheaClient(t);
    const sender = client.open_sender('there');
    await once(sender, 'sendable');
    sender.send({
      to: 'x',
      reply_to: 'y',
      correlation_id: 7,
      content_type: 'text/plain',
      priority: 9,
      durable: true,
      ttl: 1000,
      application_properties: { a: 1, b: 'two', c: true, d: 1.5 },
      message_annotations: { 'x-opt-a': 'b' },
      body: { list: [1, 'a', null], map: { k: rhea.types.wrap_ulong(5) } },
    });
    await until(() => ours.received.length === 1, 'received');
    const { header, properties, applicationProperties, body } = ours.received[0]!.message;
    assert.equal(header?.priority, 9);
    assert.equal(header?.ttlMs, 1000);
    assert.equal(properties?.replyTo, 'y');
    assert.equal(properties?.correlationId, 7);
    assert.equal(properties?.contentType, 'text/plain');
    assert.equal(applicationProperties?.get('d'), 1.5);
    assert.ok(body?.kind === 'value' && body.value instanceof Map);
    assert.deepEqual(body.value.get('list'), [1, 'a', null]);
  });

  it('exchanges large messages in both directions', async (t) => {
    const { ours, client } = await rheaClient(t);
    const sizeBytes = 3_000_000;
    const bytes = Buffer.alloc(sizeBytes, 'large');
    const sender = client.open_sender('there');
    const receiver = client.open_receiver('here');
    await Promise.all([once(sender, 'sendable'), once(receiver, 'receiver_open')]);
    sender.send({ body: rhea.message.data_section(bytes) });
    await until(() => ours.received.length === 1, 'received');
    const { body } = ours.received[0]!.message;
    assert.ok(body?.kind === 'data');
    assert.ok(bytes.equals(body.data[0]!));
    const [context] = (await Promise.all([
      once(receiver, 'message'),
      until(() => (ours.senders[0]?.credit ?? 0) > 0, 'credit').then(() =>
        ours.senders[0]!.send(encodeMessage({ body: { kind: 'data', data: [bytes] } })),
      ),
    ]).then(([[first]]) => [first])) as [EventContext];
    const received = context.message?.body as { content: Buffer } | undefined;
    assert.ok(received && bytes.equals(received.content));
  });

  it('stops at our credit and goes on with more', async (t) => {
    const { ours, client } = await rheaClient(t);
    ours.creditWindow = 0;
    const sender: Sender = client.open_sender('there');
    await once(sender, 'sender_open');
    await until(() => ours.receivers.length === 1, 'attached');
    for (let index = 0; index < 8; index++) sender.send({ body: index });
    ours.receivers[0]!.grant(5);
    await until(() => ours.received.length === 5, 'five');
    assert.equal(sender.sendable(), false);
    ours.receivers[0]!.grant(3);
    await until(() => ours.received.length === 8, 'eight');
    assert.equal(ours.receivers[0]!.credit, 0);
  });

  it('grants credit by hand and drains it', async (t) => {
    const { ours, client } = await rheaClient(t);
    const receiver: Receiver = client.open_receiver({
      source: 'here',
      credit_window: 0,
      autoaccept: true,
    });
    await once(receiver, 'receiver_open');
    const link = await until(() => ours.senders[0], 'attached');
    assert.equal(link.send(encodeMessage({ body: { kind: 'value', value: 'early' } })), undefined);
    receiver.add_credit(10);
    await until(() => link.credit === 10, 'credit');
    const states: string[] = [];
    const message = encodeMessage({ body: { kind: 'value', value: 'now' } });
    link.send(
      message,
      {},
      { onPeerState: (_d, state, settled) => states.push(`${state?.kind} ${settled}`) },
    );
    await once(receiver, 'message');
    await until(() => states.length === 1, 'outcome');
    assert.deepEqual(states, ['accepted true']);
    receiver.drain_credit();
    await once(receiver, 'receiver_drained');
    assert.equal(link.credit, 0);
  });

  it('learns a dynamic address', async (t) => {
    const { client } = await rheaClient(t);
    const receiver = client.open_receiver({ source: { dynamic: true, address: '' } });
    await once(receiver, 'receiver_open');
    assert.equal((receiver.source as { address: string }).address, 'temp.made-up');
  });

  it('hears why we close links, sessions and connections', async (t) => {
    const { ours, client } = await rheaClient(t);
    const sender = client.open_sender('there');
    await once(sender, 'sendable');
    ours.receivers[0]!.detach({ condition: 'amqp:resource-deleted', description: 'gone' });
    await once(sender, 'sender_error');
    assert.equal((sender.error as { condition: string }).condition, 'amqp:resource-deleted');
    client.on('connection_error', () => undefined);
    ours.connection!.close({ condition: 'amqp:connection:forced', description: 'bye' });
    await once(client, 'connection_close');
    assert.equal((client.error as unknown as { description: string }).description, 'bye');
    await until(() => ours.closed.length === 1, 'closed');
    assert.equal(ours.closed[0]?.by, 'local');
  });
});

describe('rhea as server', () => {
  it('takes our messages and answers to a dynamic address', async (t) => {
    const ours = await rheaServer(t, (container) => {
      const replies = new Map<string, Sender>();
      container.on('sender_open', ({ sender }: EventContext) => {
        if (!sender?.source.dynamic) return;
        sender.set_source({ address: 'reply-1' });
        replies.set('reply-1', sender);
      });
      container.on('message', ({ message }: EventContext) => {
        replies.get(message!.reply_to!)?.send({
          correlation_id: message!.correlation_id!,
          body: `${String(message!.body)}!`,
        });
      });
    });
    const session = ours.transport!.connection.beginSession({});
    const addresses: (string | undefined)[] = [];
    session.attachReceiver(
      'in',
      { source: { dynamic: true } },
      { ...ours.receiverHandler, onAttached: (_l, peer) => addresses.push(peer.source?.address) },
    );
    const sender = session.attachSender('out', { target: { address: 'service' } }, {});
    await until(() => sender.credit > 0 && addresses.length === 1, 'ready');
    assert.equal(addresses[0], 'reply-1');
    sender.send(
      encodeMessage({
        properties: { to: 'service', replyTo: addresses[0], correlationId: 'c1' },
        body: { kind: 'value', value: 'hello' },
      }),
    );
    await until(() => ours.received.length === 1, 'answer');
    const { properties, body } = ours.received[0]!.message;
    assert.equal(properties?.correlationId, 'c1');
    assert.deepEqual(body, { kind: 'value', value: 'hello!' });
  });

  it('takes thousands of messages as fast as it grants credit', async (t) => {
    let count = 0;
    const ours = await rheaServer(t, (container) => {
      container.on('message', () => count++);
    });
    let settledCount = 0;
    let sent = 0;
    const total = 5000;
    const message = encodeMessage({ body: { kind: 'value', value: 'x'.repeat(100) } });
    const pump = (link: SenderLink): void => {
      const handler = { onPeerState: () => settledCount++ };
      while (sent < total && link.send(message, {}, handler)) sent++;
    };
    ours
      .transport!.connection.beginSession({})
      .attachSender('out', { target: { address: 'q' } }, { onCredit: pump });
    await until(() => settledCount === total, 'all settled', 30_000);
    assert.equal(count, total);
  });

  it('tells us why it refuses a link', async (t) => {
    const ours = await rheaServer(t, (container) => {
      container.on('receiver_open', ({ receiver }: EventContext) =>
        receiver?.close({ condition: 'amqp:unauthorized-access', description: 'no' }),
      );
    });
    const reasons: EndReason[] = [];
    ours
      .transport!.connection.beginSession({})
      .attachSender(
        'out',
        { target: { address: 'q' } },
        { onDetached: (_l, reason) => reasons.push(reason) },
      );
    await until(() => reasons.length === 1, 'refused');
    assert.equal(reasons[0]?.by, 'peer');
    assert.equal(reasons[0]?.error?.condition, 'amqp:unauthorized-access');
  });

  it('frees everything when we end a session and open the next', async (t) => {
    const ours = await rheaServer(t, () => undefined);
    const { connection } = ours.transport!;
    for (let round = 0; round < 5; round++) {
      const session = connection.beginSession({});
      const link = session.attachSender('same', { target: { address: 'q' } }, {});
      await until(() => link.credit > 0, 'credit');
      session.end();
      await until(() => connection.sessionCount === 0, 'ended');
    }
    connection.close();
    await ours.transport!.closed;
    assert.equal(ours.closed[0]?.by, 'local');
  });
});
