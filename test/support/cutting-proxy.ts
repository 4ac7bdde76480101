/** Stands between a client and a server on loopback and cuts connections when told to. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface CuttingProxy {
  readonly port: number;
  /** Where connections go; set again when the server moves. */
  target: number;
  /** Connections taken so far. */
  readonly taken: number;
  /** Cuts all connections, without a goodbye. */
  cut(): void;
}

export async function cuttingProxy(t: TestContext, target: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const proxy = { port: 0, target, taken: 0, cut: () => undefined as void };
  proxy.cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer((client) => {
    proxy.taken++;
    const upstream = connect(proxy.target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  proxy.port = (server.address() as AddressInfo).port;
  t.after(() => {
    // A reset of a socket that is shutting down can keep the process from ending.
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return proxy;
}
