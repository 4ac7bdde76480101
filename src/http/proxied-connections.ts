/** Puts the PROXY protocol in front of a server: its own listeners see a connection when its header is read. */
import type { Logger } from '#base/log.ts';
import type { Server } from 'node:net';
import type { BlockList, Socket } from 'node:net';
import { isInside } from './client-address.ts';
import { readProxyHeader } from './proxy-protocol.ts';

/** For a proxy to send its header; milliseconds. */
const headerMsMax = 5000;
/** Refusals are told this often at most, with their number; milliseconds. */
const toldMsMin = 60_000;

/**
 * Takes connections from `proxies` only with a header, and all others as they are. A connection
 * that ends before its first byte, as health checks make them, is no refusal.
 * @returns gives the address that a proxy told for a socket, which may be the TLS one
 */
export function proxiedConnections(
  server: Server,
  proxies: BlockList,
  log: Pick<Logger, 'warn'>,
): (socket: Socket) => string | undefined {
  const told = new Map<string, string>();
  const refused = refusalTeller(log);
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
    readHeader(
      socket,
      (address) => {
        if (address !== undefined) {
          told.set(key, address);
          socket.once('close', () => told.delete(key));
        }
        pass();
      },
      refused,
    );
  });
  return (socket) => told.get(keyOf(socket));
}

/** A proxy that is not set up for this would send thousands. */
function refusalTeller(log: Pick<Logger, 'warn'>): (proxy: string, reason: string) => void {
  let toldMs = -toldMsMin;
  let connections = 0;
  return (proxy, reason) => {
    connections++;
    const nowMs = performance.now();
    if (nowMs - toldMs < toldMsMin) return;
    log.warn('connections of a proxy are refused: it must begin with the PROXY protocol', {
      proxy,
      reason,
      connections,
    });
    toldMs = nowMs;
    connections = 0;
  };
}

/** The TLS socket over a connection has the same far end as the connection. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}`;
}

/** Reads the header off the socket and leaves what follows; a wrong one closes the connection. */
function readHeader(
  socket: Socket,
  done: (address: string | undefined) => void,
  refused: (proxy: string, reason: string) => void,
): void {
  let bytes = Buffer.alloc(0);
  const proxy = socket.remoteAddress ?? '';
  const late = setTimeout(() => {
    refused(proxy, 'no header in time');
    socket.destroy();
  }, headerMsMax);
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
        refused(proxy, 'no header of the PROXY protocol');
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
