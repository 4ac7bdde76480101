/** Puts the PROXY protocol in front of a server: its own listeners see a connection when its header is read. */
import type { Server } from 'node:net';
import type { BlockList, Socket } from 'node:net';
import { isInside } from './client-address.ts';
import { readProxyHeader } from './proxy-protocol.ts';

/** For a proxy to send its header; milliseconds. */
const headerMsMax = 5000;

/**
 * Takes connections from `proxies` only with a header, and all others as they are.
 * @returns gives the address that a proxy told for a socket, which may be the TLS one
 */
export function proxiedConnections(
  server: Server,
  proxies: BlockList,
): (socket: Socket) => string | undefined {
  const told = new Map<string, string>();
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const pass = (): void => {
      for (const listener of listeners) Reflect.apply(listener, server, [socket]);
    };
    if (!isInside(proxies, socket.remoteAddress ?? '')) {
      pass();
      return;
    }
    const key = keyOf(socket);
    readHeader(socket, (address) => {
      if (address !== undefined) {
        told.set(key, address);
        socket.once('close', () => told.delete(key));
      }
      pass();
    });
  });
  return (socket) => told.get(keyOf(socket));
}

/** The TLS socket over a connection has the same far end as the connection. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}`;
}

/** Reads the header off the socket and leaves what follows; a wrong one closes the connection. */
function readHeader(socket: Socket, done: (address: string | undefined) => void): void {
  let bytes = Buffer.alloc(0);
  const late = setTimeout(() => socket.destroy(), headerMsMax);
  const fault = (): void => {
    socket.destroy();
  };
  const onReadable = (): void => {
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      bytes = Buffer.concat([bytes, chunk]);
      const header = readProxyHeader(bytes);
      if (header.state === 'incomplete') continue;
      clearTimeout(late);
      socket.off('readable', onReadable);
      socket.off('error', fault);
      if (header.state === 'wrong') {
        socket.destroy();
        return;
      }
      const rest = bytes.subarray(header.length);
      if (rest.length > 0) socket.unshift(rest);
      done(header.source?.address);
      return;
    }
  };
  socket.on('error', fault);
  socket.once('close', () => clearTimeout(late));
  socket.on('readable', onReadable);
}
