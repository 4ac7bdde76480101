/** A gigabyte each way through Connector and Listener of two linked sites, compared by SHA-256. */
import assert from 'node:assert/strict';
import { createHash, createCipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { waitUntil } from '../support/process-wait.ts';
import { startUp } from '../support/up-process.ts';
import { exposeInEast, linkWestAndEast } from '../support/up-sites.ts';

const totalBytes = 1_000_000_000;
const chunkBytes = 256 * 1024;

interface Sum {
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes `totalBytes` that do not compress or repeat, honouring back-pressure, then half-closes. */
async function send(socket: Socket): Promise<Sum> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = Buffer.alloc(chunkBytes);
  const hash = createHash('sha256');
  for (let sent = 0; sent < totalBytes; sent += chunkBytes) {
    const chunk = cipher.update(zeros.subarray(0, Math.min(chunkBytes, totalBytes - sent)));
    hash.update(chunk);
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
  return { bytes: totalBytes, sha256: hash.digest('hex') };
}

/** Reads to the end of the stream. */
async function receive(socket: Socket): Promise<Sum> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Connects as soon as the listener does. */
async function dial(port: number): Promise<Socket> {
  return waitUntil(`port ${port} to open`, async () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  });
}

/** A server that handles one connection with `work`. */
async function serveOnce(
  t: TestContext,
  work: (socket: Socket) => Promise<Sum>,
): Promise<{ readonly port: number; readonly sum: Promise<Sum> }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const sum = once(server, 'connection').then(async ([socket]: Socket[]) => {
    assert.ok(socket);
    const done = await work(socket);
    socket.end();
    return done;
  });
  return { port: (server.address() as AddressInfo).port, sum };
}

test('a gigabyte each way arrives whole', async (t) => {
  const up = await startUp(t, {});
  await linkWestAndEast(up);

  await t.test('from west to east', async () => {
    const server = await serveOnce(t, send);
    const port = await exposeInEast(up, 'download', server.port);
    const socket = await dial(port);
    const [sent, received] = await Promise.all([server.sum, receive(socket)]);
    assert.deepEqual(received, sent);
  });

  await t.test('from east to west', async () => {
    const server = await serveOnce(t, receive);
    const port = await exposeInEast(up, 'upload', server.port);
    const socket = await dial(port);
    const [sent, received] = await Promise.all([send(socket), server.sum]);
    assert.deepEqual(received, sent);
    socket.destroy();
  });
});
