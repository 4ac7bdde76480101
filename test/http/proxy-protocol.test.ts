/** The PROXY protocol before TLS: who is believed, and what is refused. */
import assert from 'node:assert/strict';
import { BlockList, connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { property, assert as check, uint8Array } from 'fast-check';
import { type Logger, silentLogger } from '#base/log.ts';
import { type RunningHttpServer, startHttpServer } from '#http/index.ts';
import { readProxyHeader } from '#http/proxy-protocol.ts';
import { makeTlsParts } from '../support/tls-parts.ts';

const signature = '0d0a0d0a000d0a515549540a';
const version2 = {
  v4: Buffer.from(`${signature}2111000cc0000207c0000201303901bb`, 'hex'),
  v6: Buffer.from(
    `${signature}2121002420010db8${'0'.repeat(23)}7${'0'.repeat(31)}1303901bb`,
    'hex',
  ),
  local: Buffer.from(`${signature}20000000`, 'hex'),
};

test('headers of both versions tell address and length', () => {
  const text = Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 12345 443\r\nGET /');
  assert.deepEqual(readProxyHeader(text), {
    state: 'complete',
    length: text.length - 5,
    source: { address: '192.0.2.7', port: 12_345 },
  });
  const source = (bytes: Buffer): unknown => {
    const header = readProxyHeader(bytes);
    return header.state === 'complete' && header.source?.address;
  };
  assert.equal(source(version2.v4), '192.0.2.7');
  assert.equal(source(version2.v6), '2001:db8:0:0:0:0:0:7');
  assert.equal(source(version2.local), undefined);
  assert.equal(source(Buffer.from('PROXY UNKNOWN\r\n')), undefined);
  for (const whole of [text.subarray(0, -5), version2.v4, version2.v6, version2.local]) {
    for (let cut = 0; cut < whole.length; cut++) {
      assert.equal(readProxyHeader(whole.subarray(0, cut)).state, 'incomplete', String(cut));
    }
  }
});

test('anything else is wrong, and nothing throws', () => {
  for (const line of [
    'GET / HTTP/1.1\r\n',
    'PROXY TCP4 2001:db8::7 192.0.2.1 1 2\r\n',
    'PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n',
    'PROXY TCP4 192.0.2.7 192.0.2.1 99999 2\r\n',
    'PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n',
    'PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n',
    `PROXY TCP4 ${'1'.repeat(120)}`,
  ]) {
    assert.equal(readProxyHeader(Buffer.from(line)).state, 'wrong', line);
  }
  const long = Buffer.from(version2.v4);
  long.writeUInt16BE(5000, 14);
  assert.equal(readProxyHeader(long).state, 'wrong');
  check(
    property(uint8Array({ maxLength: 200 }), (bytes) => {
      const header = readProxyHeader(Buffer.from(bytes));
      assert.ok(header.state !== 'complete' || header.length <= bytes.length);
    }),
  );
});

async function addressServer(
  t: TestContext,
  trusted: string,
  logger: Logger = silentLogger,
): Promise<[RunningHttpServer, string]> {
  const { server: identity } = await makeTlsParts();
  const proxies = new BlockList();
  proxies.addAddress(trusted);
  const server = await startHttpServer(
    {
      logger,
      handle: async (request, response) => {
        response.end(request.socket.remoteAddress);
      },
    },
    {
      host: '127.0.0.1',
      port: 0,
      tls: { cert: identity.cert ?? '', key: identity.key ?? '' },
      proxies,
    },
  );
  t.after(() => server.stop({ graceMs: 0 }));
  return [server, identity.ca ?? ''];
}

/** Sends bytes, then speaks TLS and asks. @returns the body of the answer, empty when it was cut */
function askThrough(port: number, ca: string, first: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    const raw = connect(port, '127.0.0.1', () => {
      if (first.length > 0) raw.write(first);
      const socket = connectTls({ socket: raw, ca, servername: 'localhost' }, () => {
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      });
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text.split('\r\n\r\n')[1] ?? ''));
    });
    raw.on('error', () => undefined);
  });
}

test('a trusted proxy tells the address, and must', async (t) => {
  const [server, ca] = await addressServer(t, '127.0.0.1');
  const { port } = server;
  const line = 'PROXY TCP4 192.0.2.7 192.0.2.1 12345 443\r\n';
  assert.equal(await askThrough(port, ca, line), '192.0.2.7');
  assert.equal(await askThrough(port, ca, version2.v4), '192.0.2.7');
  assert.equal(await askThrough(port, ca, version2.local), '127.0.0.1');
  assert.equal(await askThrough(port, ca, ''), '');
  assert.equal(await askThrough(port, ca, 'PROXY TCP4 nobody\r\n'), '');
});

test('a proxy that is not set up for it is told in the log, once and not each time', async (t) => {
  const told: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message, facts) => void told.push([message, facts]),
    child: () => logger,
  };
  const [{ port }, ca] = await addressServer(t, '127.0.0.1', logger);
  await new Promise<void>((resolve) => {
    // A health check.
    const look = connect(port, '127.0.0.1', () => look.end());
    look.on('close', () => resolve());
    look.resume();
  });
  assert.deepEqual(told, []);
  for (let at = 0; at < 3; at++) assert.equal(await askThrough(port, ca, ''), '');
  assert.deepEqual(told, [
    [
      'connections of a proxy are refused: it must begin with the PROXY protocol',
      { proxy: '127.0.0.1', reason: 'no header of the PROXY protocol', connections: 1 },
    ],
  ]);
});

test('who is not a trusted proxy cannot tell an address', async (t) => {
  const [server, ca] = await addressServer(t, '192.0.2.99');
  assert.equal(await askThrough(server.port, ca, ''), '127.0.0.1');
  const line = 'PROXY TCP4 192.0.2.7 192.0.2.1 12345 443\r\n';
  assert.equal(await askThrough(server.port, ca, line), '');
});
