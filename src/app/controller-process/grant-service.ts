/**
 * The grant server of a replica. Every replica serves, also those that do not lead, because the
 * Service in front of them does not know who leads. It waits for its certificate as long as it takes.
 */
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { GrantsDeps } from '#grants/index.ts';
import { type RunningGrantServer, startGrantServer } from '#grants/index.ts';
import { splitHost } from './host-port.ts';

export interface GrantServiceOptions {
  readonly namespace: string;
  readonly port: number;
  /** `host:port`; empty when the SecuredAccess decides. */
  readonly baseUrl: string;
}

const retryMs = 5_000;

export class GrantService implements Running {
  readonly #deps: GrantsDeps;
  readonly #options: GrantServiceOptions;
  #server: RunningGrantServer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #starting: Promise<void> | undefined;

  constructor(deps: GrantsDeps, options: GrantServiceOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** True when tokens can be redeemed here. */
  get serving(): boolean {
    return this.#server !== undefined;
  }

  start(): void {
    this.#starting = this.#tryStart();
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.race([this.#starting, this.#server?.stop(options)]);
    await this.#server?.stop(options);
  }

  async #tryStart(): Promise<void> {
    const { namespace, port, baseUrl } = this.#options;
    const host = baseUrl === '' ? undefined : splitHost(baseUrl);
    try {
      const server = await startGrantServer(this.#deps, {
        host: '::',
        port,
        namespace,
        ...(host === undefined ? { identity: 'given' } : { advertise: host }),
      });
      if (this.#stopped) await server.stop({ graceMs: 0 });
      else this.#server = server;
    } catch (thrown) {
      if (this.#stopped) return;
      this.#deps.log.warn('the grant server does not serve yet', { reason: messageOf(thrown) });
      this.#timer = setTimeout(() => this.start(), retryMs);
    }
  }
}
