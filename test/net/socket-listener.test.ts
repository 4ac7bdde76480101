/** Listeners and connectors: addresses, TLS in both roles, limits, reloading, refusals. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, describe, it, type TestContext } from 'node:test';
import { silentLogger } from '#base/log.ts';
import {
  type Connected,
  type ConnectOptions,
  connectSocket,
  NetError,
  type PeerInfo,
  type RunningListener,
  socketListener,
  type SocketListenerOptions,
} from '#net/index.ts';
import { makeTlsParts } from '../support/tls-parts.ts';
import { until } from '../support/until.ts';

const parts = await makeTlsParts();
const never = new AbortController().signal;

interface Accepted {
  readonly socket: Socket;
  readonly peer: PeerInfo;
}

async function listen(
  t: TestContext,
  options: Partial<SocketListenerOptions> = {},
): Promise<{ listener: RunningListener; accepted: Accepted[] }> {
  const accepted: Accepted[] = [];
  const listener = await socketListener(
    {
      log: silentLogger,
      onSocket: (socket, peer) => {
        socket.on('error', () => undefined);
        accepted.push({ socket, peer });
      },
    },
    { host: '127.0.0.1', port: 0, ...options },
  ).start(never);
  t.after(async () => {
    await listener.stop({ graceMs: 0 });
    for (const { socket } of accepted) socket.destroy();
  });
  return { listener, accepted };
}

async function connect(t: TestContext, options: ConnectOptions): Promise<Connected> {
  const connected = await connectSocket(options, never);
  connected.socket.on('error', () => undefined);
  t.after(() => connected.socket.destroy());
  return connected;
}

const mutual = { material: parts.server, mutual: true };

describe('TCP', () => {
  it('listens on a free port and carries bytes', async (t) => {
    const { listener, accepted } = await listen(t);
    assert.ok(listener.address.port > 0);
    const { socket, peer } = await connect(t, { ...listener.address });
    assert.equal(peer.tls, undefined);
    assert.deepEqual(peer.remote, listener.address);
    const [first] = await until(() => accepted.length === 1 && accepted, 'accepted');
    socket.write('hello');
    const [bytes] = (await once(first!.socket, 'data')) as [Buffer];
    assert.equal(bytes.toString(), 'hello');
  });

  it('works over IPv6', async (t) => {
    const { listener } = await listen(t, { host: '::1' });
    const { peer } = await connect(t, { ...listener.address });
    assert.equal(peer.remote.host, '::1');
  });

  it('says which address is taken', async (t) => {
    const { listener } = await listen(t);
    await assert.rejects(listen(t, { port: listener.address.port }), (error: unknown) => {
      assert.ok(error instanceof NetError);
      assert.equal(error.code, 'NET_LISTEN');
      assert.equal(error.facts['port'], listener.address.port);
      return true;
    });
  });

  it('closes connections above the limit at once', async (t) => {
    const { listener, accepted } = await listen(t, { connectionsMax: 1 });
    await connect(t, { ...listener.address });
    await until(() => accepted.length === 1, 'accepted');
    const second = await connect(t, { ...listener.address });
    await once(second.socket.resume(), 'close');
    assert.equal(accepted.length, 1);
  });

  it('gives up connecting with a code, a deadline and on abort', async (t) => {
    const { listener } = await listen(t);
    const { port } = listener.address;
    await listener.stop({ graceMs: 0 });
    await assert.rejects(connect(t, { host: '127.0.0.1', port }), { code: 'NET_CONNECT' });
    const abort = new AbortController();
    abort.abort();
    await assert.rejects(connectSocket({ host: '127.0.0.1', port }, abort.signal), {
      code: 'NET_STOPPED',
    });
  });
});

describe('TLS', () => {
  it('shows who the client is when both sides verify', async (t) => {
    const { listener, accepted } = await listen(t, { tls: mutual });
    const { peer } = await connect(t, {
      ...listener.address,
      tls: { material: parts.client, verifyHostname: true },
    });
    await until(() => accepted.length === 1, 'accepted');
    const seen = accepted[0]?.peer.tls;
    assert.equal(seen?.protocol, 'TLSv1.3');
    assert.equal(seen?.peerCertificate?.commonName, 'west');
    assert.match(seen?.peerCertificate?.fingerprint ?? '', /^[0-9a-f]{64}$/);
    assert.ok((seen?.peerCertificate?.notAfterMs ?? 0) > Date.now());
    assert.equal(peer.tls?.peerCertificate?.commonName, 'server');
    assert.ok((peer.tls?.cipherBits ?? 0) >= 128);
  });

  it('hands over no socket of a client without a certificate or of a foreign authority', async (t) => {
    const { listener, accepted } = await listen(t, { tls: mutual });
    for (const material of [parts.bare, parts.stranger]) {
      // With TLS 1.3 the client may believe to be connected before it hears of the refusal.
      const outcome = await connect(t, {
        ...listener.address,
        tls: { material, verifyHostname: true },
      }).catch((error: unknown) => error);
      if (outcome instanceof Error) assert.ok(outcome instanceof NetError);
      else {
        const { socket } = outcome as Connected;
        await until(() => socket.resume().destroyed, 'refused socket is closed');
      }
    }
    assert.equal(accepted.length, 0);
  });

  it('refuses a server that it can not verify', async (t) => {
    const { listener } = await listen(t, { tls: { material: parts.server, mutual: false } });
    const tls = { material: { ...parts.bare, ca: parts.stranger.cert }, verifyHostname: true };
    await assert.rejects(connect(t, { ...listener.address, tls }), { code: 'NET_TLS' });
  });

  it('checks the name of the server only when asked to', async (t) => {
    const { listener } = await listen(t, { tls: mutual });
    const tls = { material: parts.client, verifyHostname: true, serverName: 'elsewhere.example' };
    await assert.rejects(connect(t, { ...listener.address, tls }), { code: 'NET_TLS' });
    await connect(t, { ...listener.address, tls: { ...tls, verifyHostname: false } });
  });

  it('uses new material for new connections and keeps the old ones', async (t) => {
    const { listener, accepted } = await listen(t, { tls: mutual });
    const tls = { material: parts.client, verifyHostname: true };
    const before = await connect(t, { ...listener.address, tls });
    listener.reload(parts.serverRenewed);
    const later = await connect(t, { ...listener.address, tls });
    assert.equal(before.peer.tls?.peerCertificate?.commonName, 'server');
    assert.equal(later.peer.tls?.peerCertificate?.commonName, 'server-renewed');
    await until(() => accepted.length === 2, 'both accepted');
    accepted[0]?.socket.write('still here');
    const [bytes] = (await once(before.socket, 'data')) as [Buffer];
    assert.equal(bytes.toString(), 'still here');
  });

  it('refuses material whose key does not belong to the certificate', async (t) => {
    const { listener } = await listen(t, { tls: mutual });
    const mixed = { ...parts.server, key: parts.client.key };
    assert.throws(() => listener.reload(mixed), { code: 'NET_MATERIAL' });
    await connect(t, {
      ...listener.address,
      tls: { material: parts.client, verifyHostname: true },
    });
    await assert.rejects(listen(t, { tls: { material: mixed, mutual: true } }), {
      code: 'NET_MATERIAL',
    });
  });

  it('drops a client that never finishes its handshake', async (t) => {
    const { listener, accepted } = await listen(t, { tls: mutual, handshakeTimeoutMs: 50 });
    const silent = await connect(t, { ...listener.address });
    await once(silent.socket.resume(), 'close');
    assert.equal(accepted.length, 0);
  });

  it('gives up on a server that never answers the handshake', async (t) => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    after(() => silent.close());
    await once(silent, 'listening');
    const address = silent.address();
    assert.ok(typeof address === 'object' && address);
    await assert.rejects(
      connect(t, {
        host: '127.0.0.1',
        port: address.port,
        timeoutMs: 50,
        tls: { material: parts.client, verifyHostname: true },
      }),
      { code: 'NET_CONNECT_TIMEOUT' },
    );
  });
});
