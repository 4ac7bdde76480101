/**
 * The two paths that kube-gateway leaves open: the root of the API and the discovery of its OAuth
 * server. They are read without any credential, seldom, and whole.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import { type HttpResponse, sendReply } from '#http/index.ts';
import { GatewayError } from '../errors.ts';
import { quietHeaders } from '../proxy/response-headers.ts';

const paths = new Set(['/', '/.well-known/oauth-authorization-server']);
/** An answer is kept this long; milliseconds. */
const keptMs = 10_000;

export class OpenPaths {
  readonly #clock: Clock;
  readonly #ask: (path: string) => Promise<HttpResponse>;
  readonly #kept = new Map<string, { readonly atMs: number; readonly answer: HttpResponse }>();

  /** @param ask asks the API server, without a credential */
  constructor(clock: Clock, ask: (path: string) => Promise<HttpResponse>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  has(path: string): boolean {
    return paths.has(path);
  }

  /** @throws GatewayError GATEWAY_UPSTREAM */
  async serve(path: string, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await this.#answer(path);
    sendReply(response, {
      status,
      contentType: headers['content-type'] ?? 'application/json',
      body,
      headers: quietHeaders,
    });
  }

  async #answer(path: string): Promise<HttpResponse> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#kept.get(path);
    if (known !== undefined && nowMs - known.atMs < keptMs) return known.answer;
    try {
      const answer = await this.#ask(path);
      this.#kept.set(path, { atMs: nowMs, answer });
      return answer;
    } catch (cause) {
      const message = 'the API server does not answer now';
      throw new GatewayError('GATEWAY_UPSTREAM', message, { cause: messageOf(cause) });
    }
  }
}
