/** Servers and clients of TCP services in tests. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface TestServer {
  readonly port: number;
  readonly sockets: Set<Socket>;
  close(): void;
}

/** A TCP server on loopback that ends with the test. */
export async function serve(
  t: TestContext,
  onSocket: (socket: Socket) => void,
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  t.after(close);
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    sockets,
    close,
  };
}

/** Sends back what comes, then half-closes when the client does. */
export function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** Connects, with errors kept for `closed`. */
export async function dial(port: number, t?: TestContext): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  t?.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Everything the socket sends until it ends or fails. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  return Buffer.concat(parts);
}

/** The SHA-256 of what the socket sends until its end, with the number of octets. */
export async function digestAll(socket: Socket): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  socket.on('data', (part: Buffer) => {
    hash.update(part);
    bytes += part.length;
  });
  await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  return { bytes, sha256: hash.digest('hex') };
}

/** Sends `size` random octets and the end, obeying back-pressure. @returns their SHA-256 */
export async function sendRandom(socket: Socket, size: number): Promise<string> {
  const hash = createHash('sha256');
  for (let left = size; left > 0; ) {
    const part = randomBytes(Math.min(left, 262_144));
    left -= part.length;
    hash.update(part);
    if (!socket.write(part)) await once(socket, 'drain');
  }
  socket.end();
  return hash.digest('hex');
}
