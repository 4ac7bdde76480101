/** Two machines talk to each other: opening, sessions, links, deliveries, closing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  accepted,
  type Connection,
  type ConnectionHandler,
  type DeliveryState,
  type EndReason,
  type IncomingDelivery,
  type ReceiverLink,
  received,
  type SenderLink,
  type Session,
  type SessionHandler,
  sym,
} from '#amqp/index.ts';
import { AmqpPair } from '../support/amqp-pair.ts';

interface Seen {
  opened: Connection | undefined;
  closed: EndReason | undefined;
  sessions: Session[];
  messages: Buffer[];
  deliveries: IncomingDelivery[];
  receivers: ReceiverLink[];
  senders: SenderLink[];
  detached: EndReason[];
  ended: EndReason[];
}

/** A user who accepts everything and remembers it. */
function acceptAll(settleHere = true): {
  seen: Seen;
  handler: ConnectionHandler;
  session: SessionHandler;
} {
  const seen: Seen = {
    opened: undefined,
    closed: undefined,
    sessions: [],
    messages: [],
    deliveries: [],
    receivers: [],
    senders: [],
    detached: [],
    ended: [],
  };
  const session: SessionHandler = {
    onBegun: (begun) => seen.sessions.push(begun),
    onEnded: (_session, reason) => seen.ended.push(reason),
    onPeerSender: () => ({
      handler: {
        onAttached: (link) => seen.receivers.push(link),
        onDetached: (_link, reason) => seen.detached.push(reason),
        onDelivery: (_link, delivery) => {
          const parts: Uint8Array[] = [];
          seen.deliveries.push(delivery);
          return {
            onBytes: (_delivery, bytes) => parts.push(bytes),
            onEnd: () => {
              seen.messages.push(Buffer.concat(parts));
              if (settleHere) delivery.update(accepted, true);
            },
          };
        },
      },
    }),
    onPeerReceiver: (_session, attach) => ({
      handler: {
        onAttached: (link) => seen.senders.push(link),
        onDetached: (_link, reason) => seen.detached.push(reason),
      },
      options: attach.source?.dynamic
        ? { source: { ...attach.source, address: 'made-up', dynamic: true } }
        : {},
    }),
  };
  return {
    seen,
    session,
    handler: {
      onOpened: (connection) => {
        seen.opened = connection;
      },
      onSession: () => ({ handler: session }),
      onClosed: (_connection, reason) => {
        seen.closed = reason;
      },
    },
  };
}

function openPair(
  options: Partial<{
    piece: number;
    client: object;
    server: object;
    settleHere: boolean;
  }> = {},
): { pair: AmqpPair; client: ReturnType<typeof acceptAll>; server: ReturnType<typeof acceptAll> } {
  const client = acceptAll();
  const server = acceptAll(options.settleHere ?? true);
  const pair = new AmqpPair(
    { handler: client.handler, options: options.client ?? {} },
    { handler: server.handler, options: options.server ?? {} },
  );
  pair.run(options.piece);
  assert.ok(client.seen.opened);
  assert.ok(server.seen.opened);
  return { pair, client, server };
}

function attachSender(
  pair: AmqpPair,
  name = 'out',
): { session: Session; link: SenderLink; credits: number } {
  const result = { credits: 0 };
  const session = pair.client.driver.connection.beginSession({});
  const link = session.attachSender(
    name,
    { target: { address: 'there' } },
    {
      onCredit: () => {
        result.credits++;
      },
    },
  );
  pair.run();
  return Object.assign(result, { session, link });
}

describe('opening', () => {
  for (const piece of [1, 3, 7, 1000]) {
    it(`exchanges SASL and open, bytes arriving in pieces of ${piece}`, () => {
      const { client, server } = openPair({
        piece,
        client: { properties: { product: 'x', 'qd.conn-id': 7 }, offeredCapabilities: ['a', 'b'] },
      });
      assert.equal(server.seen.opened?.peer?.containerId, 'client');
      assert.deepEqual(server.seen.opened?.peer?.offeredCapabilities, ['a', 'b']);
      assert.equal(server.seen.opened?.peer?.properties.get('qd.conn-id'), 7);
      assert.equal(client.seen.opened?.saslMechanism, 'ANONYMOUS');
      assert.equal(client.seen.opened?.peer?.containerId, 'server');
    });
  }

  it('uses EXTERNAL when the driver knows who the peer is', () => {
    const { server } = openPair({
      client: { saslMechanisms: ['EXTERNAL', 'ANONYMOUS'] },
      server: { saslMechanisms: ['EXTERNAL'], externalIdentity: 'CN=west' },
    });
    assert.equal(server.seen.opened?.saslMechanism, 'EXTERNAL');
    assert.equal(server.seen.opened?.externalIdentity, 'CN=west');
  });

  it('does not offer EXTERNAL to a peer without identity', () => {
    const client = acceptAll();
    const server = acceptAll();
    const pair = new AmqpPair(
      { handler: client.handler, options: { saslMechanisms: ['EXTERNAL'] } },
      { handler: server.handler, options: { saslMechanisms: ['EXTERNAL'] } },
    );
    pair.run();
    assert.equal(client.seen.closed?.by, 'protocol');
    assert.ok(pair.client.hasEnded);
  });

  it('works without SASL when neither side wants it', () => {
    openPair({ client: { saslMechanisms: [] }, server: { saslMechanisms: [] } });
  });

  it('takes a peer without SASL only where it may leave it out', () => {
    for (const saslOptional of [true, false]) {
      const client = acceptAll();
      const server = acceptAll();
      const pair = new AmqpPair(
        { handler: client.handler, options: { saslMechanisms: [] } },
        { handler: server.handler, options: { saslMechanisms: ['ANONYMOUS'], saslOptional } },
      );
      pair.run();
      assert.equal(server.seen.closed?.by, saslOptional ? undefined : 'protocol');
      assert.equal(pair.server.driver.connection.saslMechanism, undefined);
    }
  });

  it('answers a wrong protocol with the right header and ends', () => {
    const { seen, handler } = acceptAll();
    const other = acceptAll();
    const pair = new AmqpPair({ handler: other.handler }, { handler });
    pair.server.driver.onBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'), 0);
    assert.equal(seen.closed?.by, 'protocol');
    pair.client.driver.onTransportClosed();
    assert.equal(other.seen.closed?.by, 'transport');
  });
});

describe('sessions and links', () => {
  it('mirrors eleven sessions with a receiver and a sender each', () => {
    const { pair, server } = openPair();
    for (let index = 0; index < 11; index++) {
      const session = pair.client.driver.connection.beginSession({});
      const terminus = { capabilities: [index === 0 ? 'qd.router' : 'qd.router-data'] };
      const options = { source: terminus, target: terminus };
      session.attachReceiver(`in${index}`, options, {
        onDelivery: () => ({ onBytes: () => undefined, onEnd: () => undefined }),
      });
      session.attachSender(`out${index}`, options, {});
      assert.equal(session.channel, index);
    }
    pair.run(13);
    assert.equal(server.seen.sessions.length, 11);
    assert.equal(server.seen.receivers.length, 11);
    assert.equal(server.seen.senders.length, 11);
    assert.deepEqual(server.seen.receivers[0]?.source?.capabilities, ['qd.router']);
    assert.equal(server.seen.senders[10]?.credit, 250);
  });

  it('hands out a dynamic address', () => {
    const { pair } = openPair();
    const session = pair.client.driver.connection.beginSession({});
    let address: string | undefined;
    session.attachReceiver(
      'reply',
      { source: { dynamic: true } },
      {
        onAttached: (_link, peer) => {
          address = peer.source?.address;
        },
        onDelivery: () => ({ onBytes: () => undefined, onEnd: () => undefined }),
      },
    );
    pair.run();
    assert.equal(address, 'made-up');
  });

  it('refuses links that nobody accepts, with the condition', () => {
    const client = acceptAll();
    const server = acceptAll();
    const pair = new AmqpPair(
      { handler: client.handler },
      { handler: { ...server.handler, onSession: () => ({ handler: {} }) } },
    );
    pair.run();
    const reasons: EndReason[] = [];
    const attached: string[] = [];
    const session = pair.client.driver.connection.beginSession({});
    session.attachSender(
      'a',
      { target: { address: 'x' } },
      {
        onDetached: (_l, reason) => reasons.push(reason),
        onAttached: (l) => attached.push(l.name),
      },
    );
    session.attachReceiver(
      'b',
      { source: { address: 'x' } },
      {
        onDetached: (_l, reason) => reasons.push(reason),
        onAttached: (l) => attached.push(l.name),
        onDelivery: () => ({ onBytes: () => undefined, onEnd: () => undefined }),
      },
    );
    pair.run();
    assert.deepEqual(attached, []);
    assert.deepEqual(
      reasons.map((reason) => [reason.by, reason.error?.condition]),
      [
        ['peer', 'amqp:not-allowed'],
        ['peer', 'amqp:not-allowed'],
      ],
    );
    assert.equal(session.linkCount, 0);
  });

  it('refuses a session with the condition and frees both channels', () => {
    const client = acceptAll();
    const server = acceptAll();
    const refuse = { condition: 'amqp:resource-limit-exceeded' };
    const pair = new AmqpPair(
      { handler: client.handler },
      { handler: { ...server.handler, onSession: () => ({ refuse }) } },
    );
    pair.run();
    pair.client.driver.connection.beginSession(client.session);
    pair.run();
    assert.equal(client.seen.ended[0]?.error?.condition, refuse.condition);
    assert.equal(pair.client.driver.connection.sessionCount, 0);
    assert.equal(pair.server.driver.connection.sessionCount, 0);
  });

  it('frees names, handles and channels after detach and end', () => {
    const { pair, server } = openPair();
    for (let round = 0; round < 3; round++) {
      const { session, link } = attachSender(pair, 'same');
      link.detach();
      pair.run();
      assert.ok(link.isDetached);
      session.end();
      pair.run();
    }
    assert.equal(server.seen.detached.length, 3);
    assert.equal(server.seen.ended.length, 3);
    assert.equal(pair.client.driver.connection.sessionCount, 0);
    assert.equal(pair.server.driver.connection.sessionCount, 0);
    assert.equal(pair.client.driver.connection.beginSession({}).channel, 0);
  });
});

describe('deliveries', () => {
  it('carries a message with its outcome', () => {
    const { pair, server } = openPair();
    const { link } = attachSender(pair);
    const states: [DeliveryState | undefined, boolean][] = [];
    link.send(
      Buffer.from('hello'),
      {},
      {
        onPeerState: (_delivery, state, settled) => states.push([state, settled]),
      },
    );
    pair.run();
    assert.equal(server.seen.messages[0]?.toString(), 'hello');
    assert.deepEqual(states, [[accepted, true]]);
  });

  it('joins the bytes of one turn in one frame, its end included', () => {
    const { pair, server } = openPair();
    const { link } = attachSender(pair);
    const before = pair.server.driver.connection.counters.framesIn;
    const delivery = link.startDelivery({}, { settled: true });
    assert.ok(delivery);
    for (let index = 0; index < 4; index++) delivery.write(Buffer.alloc(16_000, index));
    delivery.end();
    pair.run();
    assert.equal(pair.server.driver.connection.counters.framesIn, before + 1);
    assert.equal(server.seen.messages[0]?.length, 64_000);
    assert.ok(server.seen.deliveries[0]?.settled);
  });

  it('cuts what is larger than the frame size of the peer', () => {
    const { pair, server } = openPair({ server: { maxFrameSizeBytes: 1000 } });
    const { link } = attachSender(pair);
    const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index & 0xff));
    link.send(bytes);
    pair.run(77);
    assert.deepEqual(server.seen.messages[0], bytes);
    assert.equal(server.seen.closed, undefined);
  });

  it('waits for credit and hears when there is some again', () => {
    const { pair } = openPair({ settleHere: false });
    const attached = attachSender(pair);
    const { link } = attached;
    assert.equal(attached.credits, 1);
    assert.equal(link.credit, 250);
    let sent = 0;
    while (link.send(Buffer.from('x'), { settled: true })) sent++;
    assert.equal(sent, 250);
    pair.run();
    assert.equal(attached.credits, 2);
    assert.equal(link.credit, 250);
  });

  it('stops at the session window and goes on after the refresh', () => {
    const client = acceptAll();
    const server = acceptAll();
    const pair = new AmqpPair(
      { handler: client.handler },
      {
        handler: {
          ...server.handler,
          onSession: () => ({ handler: server.session, options: { incomingWindowFrames: 4 } }),
        },
        options: { maxFrameSizeBytes: 512 },
      },
    );
    pair.run();
    const { link } = attachSender(pair);
    server.seen.sessions[0]?.holdWindow(true);
    let drained = 0;
    const delivery = link.startDelivery({ onDrained: () => drained++ });
    assert.ok(delivery);
    const bytes = Buffer.alloc(5000, 7);
    assert.equal(delivery.write(bytes), false);
    pair.run();
    assert.equal(drained, 0);
    const stoppedAt = server.seen.deliveries[0]?.sizeBytes ?? 0;
    assert.ok(stoppedAt > 0 && stoppedAt < 4 * 512);
    assert.equal(delivery.queuedBytes, 5000 - stoppedAt);
    server.seen.sessions[0]?.holdWindow(false);
    pair.run();
    assert.equal(drained, 1);
    delivery.end();
    pair.run();
    assert.deepEqual(server.seen.messages[0], bytes);
  });

  it('stops while the transport is full and goes on when it drained', () => {
    const { pair, server } = openPair();
    const { link } = attachSender(pair);
    let drained = 0;
    const delivery = link.startDelivery({ onDrained: () => drained++ });
    assert.ok(delivery);
    pair.client.isTransportReady = false;
    delivery.write(Buffer.alloc(1000));
    pair.run();
    assert.equal(delivery.write(Buffer.alloc(3000)), false);
    pair.run();
    assert.equal(delivery.queuedBytes, 3000);
    assert.equal(drained, 0);
    pair.client.isTransportReady = true;
    pair.client.driver.onTransportDrained();
    pair.run();
    assert.equal(drained, 1);
    assert.equal(server.seen.deliveries[0]?.sizeBytes, 4000);
  });

  it('lets streams of different sessions take turns', () => {
    const { pair, server } = openPair();
    const one = attachSender(pair, 'one').link.startDelivery({});
    const two = attachSender(pair, 'two').link.startDelivery({});
    pair.client.isTransportReady = false;
    one?.write(Buffer.alloc(10));
    pair.run();
    for (let index = 0; index < 40; index++) one?.write(Buffer.alloc(60_000));
    two?.write(Buffer.alloc(60_000));
    pair.client.isTransportReady = true;
    pair.client.driver.onTransportDrained();
    pair.client.isTransportReady = false;
    pair.client.flush();
    pair.server.driver.onBytes(pair.client.take(), 0);
    assert.equal(server.seen.deliveries[1]?.sizeBytes, 60_000);
    assert.ok((server.seen.deliveries[0]?.sizeBytes ?? 0) < 40 * 60_000);
  });

  it('reports progress of a stream before its end', () => {
    const { pair, server } = openPair();
    const { link } = attachSender(pair);
    const states: (DeliveryState | undefined)[] = [];
    const delivery = link.startDelivery({ onPeerState: (_d, state) => states.push(state) });
    delivery?.write(Buffer.alloc(100));
    pair.run();
    server.seen.deliveries[0]?.update(received(521_216), false);
    pair.run();
    assert.deepEqual(states, [received(521_216)]);
  });

  it('tells the receiver of an abort', () => {
    const { pair, server } = openPair();
    const { link } = attachSender(pair);
    const delivery = link.startDelivery({});
    delivery?.write(Buffer.alloc(100));
    pair.run();
    delivery?.abort();
    pair.run();
    const incoming = server.seen.deliveries[0];
    assert.ok(incoming?.isEnded && incoming.aborted && incoming.settled);
    assert.equal(link.isBusy, false);
  });

  it('takes credit back for a delivery given up before its first byte', () => {
    const { pair, server } = openPair();
    const { link } = attachSender(pair);
    link.startDelivery({})?.abort();
    pair.run();
    assert.equal(link.credit, 250);
    assert.equal(server.seen.deliveries.length, 0);
  });

  it('settles many deliveries of one turn with one range', () => {
    const { pair } = openPair();
    const { link } = attachSender(pair);
    let settledCount = 0;
    for (let index = 0; index < 100; index++) {
      link.send(Buffer.from('x'), {}, { onPeerState: () => settledCount++ });
    }
    const before = pair.client.driver.connection.counters.framesIn;
    pair.run();
    assert.equal(settledCount, 100);
    assert.equal(pair.client.driver.connection.counters.framesIn, before + 1);
  });

  it('settles only what was settled, with gaps and out of order', () => {
    const { pair, server } = openPair({ settleHere: false });
    const { link } = attachSender(pair);
    const settledIds: number[] = [];
    const handler = { onPeerState: ({ id }: { id: number }) => settledIds.push(id) };
    for (let index = 0; index < 6; index++) link.send(Buffer.from('x'), {}, handler);
    pair.run();
    for (const index of [0, 1, 3, 5, 4]) server.seen.deliveries[index]?.update(accepted, true);
    pair.run();
    assert.deepEqual(
      settledIds.toSorted((a, b) => a - b),
      [0, 1, 3, 4, 5],
    );
    server.seen.deliveries[2]?.update(accepted, true);
    pair.run();
    assert.equal(settledIds.length, 6);
  });

  it('settles with the last transfer when asked to, in its frame or in a frame of its own', () => {
    const { pair, server } = openPair({ settleHere: false });
    const { link } = attachSender(pair);
    for (const sameTurn of [true, false]) {
      const delivery = link.startDelivery({});
      delivery?.write(Buffer.from('x'));
      if (!sameTurn) pair.run();
      delivery?.end({ settled: true });
      pair.run();
      assert.ok(delivery?.isSettled);
    }
    assert.deepEqual(
      server.seen.deliveries.map(({ settled }) => settled),
      [true, true],
    );
  });

  it('settles a delivery whose end still waits', () => {
    const { pair, server } = openPair({ settleHere: false });
    const { link } = attachSender(pair);
    link.startDelivery({})?.abort();
    pair.client.isTransportReady = false;
    link.send(Buffer.from('first'), { settled: true });
    pair.run();
    const delivery = link.send(Buffer.from('second'));
    delivery?.settle();
    pair.client.isTransportReady = true;
    pair.client.driver.onTransportDrained();
    pair.run();
    assert.deepEqual(server.seen.messages.map(String), ['first', 'second']);
    assert.ok(server.seen.deliveries[1]?.settled);
  });

  it('uses a streaming link for one delivery after another', () => {
    const { pair, server } = openPair();
    const { link } = attachSender(pair);
    for (let index = 0; index < 5; index++) {
      const delivery = link.startDelivery({});
      delivery?.write(Buffer.from(`part${index}`));
      pair.run();
      delivery?.write(Buffer.from('!'));
      delivery?.end({ settled: index % 2 === 0 });
    }
    pair.run();
    assert.deepEqual(
      server.seen.messages.map(String),
      [0, 1, 2, 3, 4].map((n) => `part${n}!`),
    );
  });
});

describe('endings', () => {
  it('closes in good order and tells everyone once', () => {
    const { pair, client, server } = openPair();
    const { link } = attachSender(pair);
    let lost = 0;
    link.startDelivery({ onLost: () => lost++ })?.write(Buffer.from('x'));
    pair.run();
    pair.client.driver.connection.close({ condition: 'amqp:connection:forced' });
    pair.run();
    assert.equal(lost, 1);
    assert.equal(client.seen.closed?.by, 'local');
    assert.equal(server.seen.closed?.by, 'peer');
    assert.equal(server.seen.closed?.error?.condition, 'amqp:connection:forced');
    assert.equal(server.seen.detached.length, 1);
    assert.ok(pair.client.hasEnded && pair.server.hasEnded);
  });

  it('tells sessions, links and deliveries when the transport goes away', () => {
    const { pair, server } = openPair();
    attachSender(pair).link.startDelivery({})?.write(Buffer.from('x'));
    pair.run();
    pair.server.driver.onTransportClosed(new Error('reset'));
    assert.equal(server.seen.closed?.by, 'transport');
    assert.equal(server.seen.ended[0]?.by, 'transport');
    assert.equal(server.seen.detached[0]?.by, 'transport');
  });

  it('drops the connection when a handler throws, and nothing else', () => {
    const client = acceptAll();
    const server = acceptAll();
    const pair = new AmqpPair(
      { handler: client.handler },
      {
        handler: {
          ...server.handler,
          onSession: () => {
            throw new TypeError('bug');
          },
        },
      },
    );
    pair.run();
    pair.client.driver.connection.beginSession(client.session);
    pair.run();
    assert.equal(server.seen.closed?.by, 'fault');
    assert.ok(server.seen.closed?.cause instanceof TypeError);
    assert.equal(client.seen.closed?.error?.condition, 'amqp:internal-error');
    assert.equal(client.seen.closed?.error?.description, undefined);
  });

  it('refuses values that AMQP can not carry and stays usable', () => {
    const { pair } = openPair();
    const session = pair.client.driver.connection.beginSession({});
    assert.throws(() => session.attachSender('é', { properties: { x: sym('é') } }, {}), {
      code: 'AMQP_ENCODE',
    });
    assert.equal(session.linkCount, 0);
    pair.run();
    const { link } = attachSender(pair);
    assert.ok(link.isAttached);
  });
});

describe('time', () => {
  it('sends heartbeats in time and cuts off a silent peer', () => {
    const { pair, server } = openPair({
      client: { idleTimeoutMs: 900 },
      server: { idleTimeoutMs: 0 },
    });
    // The client asked for signs of life every 900 ms: the server gives them.
    let heartbeats = 0;
    for (let ms = 0; ms <= 3000; ms += 10) {
      pair.nowMs = ms;
      pair.server.driver.tick(ms);
      if (pair.server.wants) pair.server.flush();
      if (pair.server.written.length > 0) heartbeats++;
      pair.run();
    }
    assert.ok(heartbeats >= 4, `${heartbeats} heartbeats`);
    assert.equal(server.seen.closed, undefined);
    pair.client.driver.tick(3000 + 1799);
    assert.equal(pair.client.driver.connection.isClosed, false);
    pair.client.driver.tick(3000 + 1801);
    assert.ok(pair.client.driver.connection.isClosed);
  });

  it('gives up a handshake that takes too long', () => {
    const { seen, handler } = acceptAll();
    const pair = new AmqpPair({ handler }, { handler: acceptAll().handler });
    assert.equal(pair.client.driver.nextDeadlineMs(), 10_000);
    pair.client.driver.tick(10_000);
    assert.equal(seen.closed?.by, 'timeout');
  });

  it('does not wait for ever for the close of the peer', () => {
    const { pair, client } = openPair();
    pair.client.driver.connection.close();
    pair.client.driver.tick(2000);
    assert.equal(client.seen.closed?.by, 'local');
    assert.ok(pair.client.hasEnded);
  });
});
