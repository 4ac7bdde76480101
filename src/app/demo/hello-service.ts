/** The demo's service: a small HTTP server that knows nothing of sites and links. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HelloService {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Serves `hello from west` on a free loopback port. */
export async function startHelloService(): Promise<HelloService> {
  const host = '127.0.0.1';
  let answered = 0;
  const server = createServer((request, response) => {
    request.resume();
    answered++;
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`hello from west (request ${answered})\n`);
  });
  server.requestTimeout = 30_000;
  server.maxConnections = 1000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    host,
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
