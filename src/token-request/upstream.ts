/**
 * The API server that answers. This side has no credential of its own: what goes there is the
 * caller's bearer or nothing.
 */
import { Agent } from 'node:https';
import { messageOf } from '#base/errors.ts';
import { HttpError, type HttpResponse, httpsRequest } from '#http/index.ts';
import { TokenRequestError } from './errors.ts';

export interface UpstreamOptions {
  /** `https://host:port`, with a path when the API server is behind one. */
  readonly url: URL;
  /** PEM bundle read anew for each call, so that a replaced file is used; absent: system roots. */
  readonly ca?: () => Promise<string>;
  /** Name in the API server's certificate, when it is not the URL's host. */
  readonly serverName?: string;
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Canonical path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Sockets to the API server; more requests wait for a free one. */
const socketsMax = 64;
/** Longer than the 60 s an API server gives itself; milliseconds. */
const timeoutMs = 65_000;
/** A TokenRequest with its token has a few kilobytes. */
const answerBytesMax = 256 * 1024;
/** What an API server answers here: nothing that a browser would run. */
const answerTypes = new Set([
  'application/json',
  'application/vnd.kubernetes.protobuf',
  'application/yaml',
  'text/plain',
]);

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: socketsMax, timeout: timeoutMs });

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /** @throws TokenRequestError TOKENREQUEST_UPSTREAM when there is no whole answer of an API server */
  async send(request: UpstreamRequest): Promise<HttpResponse> {
    const answer = await this.#ask(request).catch((cause: unknown) => {
      throw new TokenRequestError('TOKENREQUEST_UPSTREAM', messageOf(cause), { cause });
    });
    const { status, headers } = answer;
    const type = (headers['content-type'] ?? 'application/json').split(';', 1)[0] ?? '';
    if ((status >= 300 && status < 400) || !answerTypes.has(type.trim().toLowerCase())) {
      const message = `${this.#options.url.origin} is no API server: it answers ${status} ${type}`;
      throw new TokenRequestError('TOKENREQUEST_UPSTREAM', message);
    }
    return answer;
  }

  async #ask(request: UpstreamRequest): Promise<HttpResponse> {
    const { url, ca, serverName } = this.#options;
    const target = `${url.pathname.replace(/\/$/, '')}${request.target}`;
    const whole = new URL(target, url.origin);
    // The target was checked to mean itself; a URL that changes it would send something else.
    if (`${whole.pathname}${whole.search}` !== target || whole.origin !== url.origin) {
      throw new HttpError('HTTP_URL_INVALID', 'the target would change on its way');
    }
    return httpsRequest({
      url: whole,
      method: request.method,
      headers: request.headers,
      agent: this.#agent,
      minVersion: 'TLSv1.2',
      timeoutMs,
      bodyBytesMax: answerBytesMax,
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(ca === undefined ? {} : { ca: await ca() }),
      ...(serverName === undefined ? {} : { serverName }),
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
