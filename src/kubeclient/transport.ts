/**
 * Bytes to and from the API server over node:https: whole answers with a limit on time and size,
 * and line streams (watches) that end when the server falls silent.
 */
import { Agent as PlainAgent, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, type RequestOptions, request as tlsRequest } from 'node:https';
import { messageOf } from '#base/errors.ts';
import type { KubeConnection } from './connection.ts';
import { KubeClientError } from './errors.ts';
import { LineSplitter } from './line-splitter.ts';

export interface TransportLimits {
  /** A whole request and its answer; milliseconds. */
  readonly requestMsMax: number;
  /** Body of one answer; bytes. */
  readonly answerBytesMax: number;
  /** One line of a watch; bytes. */
  readonly lineBytesMax: number;
  /** A watch without any byte for this long is given up; milliseconds. */
  readonly silenceMsMax: number;
}

export const defaultTransportLimits: TransportLimits = {
  requestMsMax: 30_000,
  answerBytesMax: 128 * 1024 * 1024,
  lineBytesMax: 8 * 1024 * 1024,
  silenceMsMax: 90_000,
};

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, beginning with a slash. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: string;
  /** Values of `Warning` headers, their text only. */
  readonly warnings: readonly string[];
  /** What `Retry-After` asks for; undefined when it is absent or a date. */
  readonly retryAfterSeconds: number | undefined;
}

export class KubeTransport {
  readonly #connection: KubeConnection;
  readonly #limits: TransportLimits;
  readonly #agent: Agent | PlainAgent;
  readonly #secure: boolean;

  constructor(connection: KubeConnection, limits: TransportLimits) {
    this.#connection = connection;
    this.#limits = limits;
    this.#secure = connection.server.startsWith('https:');
    this.#agent = this.#secure
      ? new Agent({ keepAlive: true })
      : new PlainAgent({ keepAlive: true });
  }

  /** @throws KubeClientError KUBE_UNREACHABLE, KUBE_TIMEOUT or KUBE_PROTOCOL; any status is an answer */
  async request(request: KubeRequest): Promise<KubeAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<KubeAnswer>();
    const what = `${request.method} ${request.path}`;
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const outgoing = await this.#open(request, body?.length);
    const limit = setTimeout(() => {
      outgoing.destroy(timeoutError(what, this.#limits.requestMsMax));
    }, this.#limits.requestMsMax);
    const abort = (): void => {
      outgoing.destroy(
        new KubeClientError('KUBE_TIMEOUT', `${what} was cut`, { retry: 'backoff' }),
      );
    };
    request.signal?.addEventListener('abort', abort, { once: true });
    outgoing.on('error', (error) => reject(unreachable(error, this.#connection.server)));
    outgoing.on('response', (answer: IncomingMessage) => {
      collect(answer, this.#limits.answerBytesMax, what).then(
        (text) => resolve(answerOf(answer, text)),
        (error: unknown) => reject(unreachable(error, this.#connection.server)),
      );
    });
    outgoing.end(body);
    try {
      if (request.signal?.aborted === true) abort();
      return await promise;
    } finally {
      clearTimeout(limit);
      request.signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Reads a stream of lines until it ends.
   * @param onLine called for each line; a throw ends the stream with that error
   * @returns undefined when it ended well; the answer when its status is not 200
   */
  async stream(
    path: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<KubeAnswer | undefined> {
    const what = `GET ${path}`;
    const { promise, resolve, reject } = Promise.withResolvers<KubeAnswer | undefined>();
    const outgoing = await this.#open({ method: 'GET', path });
    const { silenceMsMax } = this.#limits;
    const silence = setTimeout(
      () => outgoing.destroy(timeoutError(what, silenceMsMax)),
      silenceMsMax,
    );
    const abort = (): void => {
      resolve(undefined);
      outgoing.destroy();
    };
    signal.addEventListener('abort', abort, { once: true });
    outgoing.on('error', (error) => reject(unreachable(error, this.#connection.server)));
    outgoing.on('response', (answer: IncomingMessage) => {
      if (answer.statusCode !== 200) {
        collect(answer, this.#limits.answerBytesMax, what).then(
          (text) => resolve(answerOf(answer, text)),
          reject,
        );
        return;
      }
      const lines = new LineSplitter(this.#limits.lineBytesMax, onLine);
      answer.on('data', (chunk: Buffer) => {
        silence.refresh();
        try {
          lines.push(chunk);
        } catch (thrown) {
          reject(thrown);
          outgoing.destroy();
        }
      });
      answer.on('error', (error) => reject(unreachable(error, this.#connection.server)));
      answer.on('close', () => resolve(undefined));
    });
    outgoing.end();
    try {
      if (signal.aborted) abort();
      return await promise;
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Closes idle connections; requests under way go on. */
  close(): void {
    this.#agent.destroy();
  }

  async #open(request: KubeRequest, bodyBytes?: number): Promise<ReturnType<typeof tlsRequest>> {
    const credentials = await this.#connection.credentials();
    const url = new URL(this.#connection.server + request.path);
    const options: RequestOptions = {
      ...credentials.tls,
      method: request.method,
      agent: credentials.agent ?? this.#agent,
      headers: {
        ...credentials.headers,
        Accept: request.accept ?? 'application/json',
        'User-Agent': 'drawbridge',
        // Node leaves the length out of a DELETE, and servers then miss the body.
        ...(bodyBytes === undefined
          ? {}
          : {
              'Content-Type': request.contentType ?? 'application/json',
              'Content-Length': bodyBytes,
            }),
      },
    };
    return this.#secure ? tlsRequest(url, options) : plainRequest(url, options);
  }
}

async function collect(answer: IncomingMessage, bytesMax: number, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) {
      throw new KubeClientError('KUBE_PROTOCOL', `the answer to ${what} exceeds ${bytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function answerOf(answer: IncomingMessage, body: string): KubeAnswer {
  const after = answer.headers['retry-after'] ?? '';
  return {
    status: answer.statusCode ?? 0,
    body,
    warnings: warningsOf(answer),
    retryAfterSeconds: /^\d{1,6}$/.test(after) ? Number(after) : undefined,
  };
}

/** `299 - "text"` to `text`. */
function warningsOf(answer: IncomingMessage): string[] {
  const header = answer.headers['warning'];
  if (header === undefined) return [];
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replace(/\\(.)/g, '$1'),
  );
}

function timeoutError(what: string, limitMs: number): KubeClientError {
  const message = `${what}: no answer within ${limitMs} ms`;
  return new KubeClientError('KUBE_TIMEOUT', message, { retry: 'backoff' });
}

function unreachable(thrown: unknown, server: string): KubeClientError {
  if (thrown instanceof KubeClientError) return thrown;
  const message = `cannot reach the API server ${server}: ${messageOf(thrown)}`;
  return new KubeClientError('KUBE_UNREACHABLE', message, { retry: 'backoff', cause: thrown });
}
