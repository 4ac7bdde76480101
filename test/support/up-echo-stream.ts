/** One connection from east to an echo server of west that lasts for a whole test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { waitUntil } from './process-wait.ts';
import type { Up } from './up-process.ts';
import { exposeInEast } from './up-sites.ts';

/** @returns what sends a kilobyte over the connection, and fails when it was cut or does not answer */
export async function echoStream(t: TestContext, up: Up): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const port = await exposeInEast(up, 'echo', (server.address() as AddressInfo).port);
  const socket = await waitUntil('an echo', async () => {
    const made = connect(port, '127.0.0.1');
    made.on('error', () => undefined);
    made.write('a');
    const outcome = await Promise.race([
      once(made, 'data').then(() => true),
      once(made, 'close').then(() => false),
    ]);
    return outcome && made;
  });
  t.after(() => socket.destroy());
  let received = 0;
  socket.on('data', (chunk: Buffer) => (received += chunk.length));
  return async () => {
    assert.equal(socket.destroyed, false, 'the connection was cut');
    const before = received;
    socket.write('x'.repeat(1000));
    await waitUntil('the echo', () => received === before + 1000 || socket.destroyed);
    assert.equal(received, before + 1000, 'the connection was cut');
  };
}
