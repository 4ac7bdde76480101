/** Services across routers in tests: offer one, open it, check what crosses. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { TestRouter } from './router-cluster.ts';
import { dial, digestAll, readAll, sendRandom, serve, type TestServer } from './router-tcp.ts';
import { until } from './until.ts';

/** A connector for `address` at `router` to a server on `port`. */
export async function offer(router: TestRouter, address: string, port: number): Promise<void> {
  await router.create('tcpConnector', address, { address, host: '127.0.0.1', port: String(port) });
}

/** Opens a listener for `address`. @returns its port, once the service is reachable */
export async function open(router: TestRouter, address: string): Promise<number> {
  await router.create('tcpListener', address, { address, host: '127.0.0.1', port: '0' });
  return await listenerPort(router, address);
}

/** The port of a tcpListener, once its service is reachable. */
export function listenerPort(router: TestRouter, name: string): Promise<number> {
  return until(() => {
    const item = router.bridge.listeners.shelf.get(name)?.item;
    return item?.operStatus === 'up' ? item.boundPort : undefined;
  }, `listener ${name} is open`);
}

/** Keeps the digests of what it receives and sends `size` random octets itself. */
export interface DigestServer {
  readonly server: TestServer;
  readonly received: Promise<{ bytes: number; sha256: string }>[];
  readonly sent: Promise<string>[];
}

export async function serveDigests(t: TestContext, size: number): Promise<DigestServer> {
  const received: Promise<{ bytes: number; sha256: string }>[] = [];
  const sent: Promise<string>[] = [];
  const server = await serve(t, (socket) => {
    received.push(digestAll(socket));
    const sending = sendRandom(socket, size);
    // A client that goes early makes it fail, which shows where its digest is compared.
    sending.catch(() => undefined);
    sent.push(sending);
  });
  return { server, received, sent };
}

/** Sends `size` octets each way at the same time and compares SHA-256 at both ends. */
export async function checkBulk(
  client: Socket,
  { received, sent }: DigestServer,
  size: number,
): Promise<void> {
  const fromServer = digestAll(client);
  const own = await sendRandom(client, size);
  assert.deepEqual(await received.at(-1), { bytes: size, sha256: own });
  assert.deepEqual(await fromServer, { bytes: size, sha256: await sent.at(-1) });
}

/** Many echo connections at one time, each with its own text. */
export async function checkManyEchoes(t: TestContext, port: number, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const client = await dial(port, t);
      const text = `client ${index} `.repeat(50);
      client.end(text);
      assert.equal((await readAll(client)).toString(), text);
    }),
  );
}

/** A connection to a port that somebody else opens and closes. */
export function untilDialled(port: number, t: TestContext): Promise<Socket> {
  return until(() => dial(port, t), `port ${port} is open`);
}
