/** The HTTP listener of the router: `/healthz` and `/metrics`, nothing else. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { RouterError } from '../errors.ts';

export interface HealthListenerOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface HealthListenerDeps {
  readonly healthy: () => boolean;
  /** Metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
}

/** Most connections at one time; probes and scrapers need a few. */
const connectionsMax = 64;
const requestTimeoutMs = 10_000;

export class HealthListener {
  readonly options: HealthListenerOptions;
  readonly #deps: HealthListenerDeps;
  #server: Server | undefined;

  constructor(deps: HealthListenerDeps, options: HealthListenerOptions) {
    this.#deps = deps;
    this.options = options;
  }

  get boundPort(): number | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  /** @throws RouterError ROUTER_LISTEN_FAILED */
  async start(): Promise<void> {
    const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
      this.#answer(request.url ?? '').then(
        ({ status, body }) => {
          response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' });
          response.end(body);
        },
        () => response.writeHead(500).end(),
      );
    });
    server.maxConnections = connectionsMax;
    const { host, port } = this.options;
    server.listen({ port, ...(host === '' ? {} : { host }) });
    try {
      await once(server, 'listening');
    } catch (thrown) {
      throw new RouterError('ROUTER_LISTEN_FAILED', `cannot listen on port ${port}`, {
        cause: thrown,
      });
    }
    this.#server = server;
  }

  stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return Promise.resolve();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  }

  async #answer(url: string): Promise<{ status: number; body: string }> {
    const [path] = url.split('?');
    if (path === '/healthz') {
      return this.#deps.healthy()
        ? { status: 200, body: 'OK\n' }
        : { status: 503, body: 'not ready\n' };
    }
    if (path === '/metrics') return { status: 200, body: await this.#deps.metrics() };
    return { status: 404, body: 'not found\n' };
  }
}
