/**
 * Decides about one request and lets it through, or refuses it with a Status. In this order: who
 * calls, what they ask for, how often, with which credential, for which token.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Counter } from '#base/metrics.ts';
import { clientAddress, HttpError, type HttpResponse, readBody, sendReply } from '#http/index.ts';
import {
  badRequest,
  internalError,
  serviceUnavailable,
  StatusError,
  tooLarge,
  tooManyRequests,
} from '#kube/index.ts';
import { readBearerClaims } from './bearer-claims.ts';
import { TokenRequestError } from './errors.ts';
import { type InboundHeaders, onlyGetAndPost, readInboundHeaders, tokenOf } from './headers.ts';
import { readsBody, refuseCaller, refuseSpec, type TokenRequestPolicy } from './policy.ts';
import { checkBodyType, encodeTokenRequest, readTokenRequestSpec } from './request-body.ts';
import type { RequestLimits } from './request-limits.ts';
import { readTokenTarget, type TokenTarget } from './target.ts';
import type { Upstream } from './upstream.ts';

export interface HandlerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly requests: Counter;
  readonly limits: RequestLimits;
  readonly upstream: Upstream;
  readonly trustedProxies: BlockList;
}

export interface HandlerOptions {
  /** Public prefix without its last slash. */
  readonly prefix: string;
  readonly policy: TokenRequestPolicy;
  /** Origins whose pages may call. */
  readonly corsOrigins: readonly string[];
}

/** Longest body; a TokenRequest has a few hundred bytes. */
export const bodyBytesMax = 16 * 1024;

/** Headers of the API server's answer that are passed on. */
const answerHeaders = ['content-encoding', 'retry-after', 'warning'] as const;

/** What the log line of a request says. */
interface Facts {
  readonly auditId: string;
  readonly client: string;
  readonly method: string;
  target?: TokenTarget;
  token?: string;
}

export class TokenRequestHandler {
  readonly #deps: HandlerDeps;
  readonly #options: HandlerOptions;

  constructor(deps: HandlerDeps, options: HandlerOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startMs = this.#deps.clock.monotonicMs();
    const forwardedFor = request.headersDistinct['x-forwarded-for']?.join(',');
    const socketAddress = request.socket.remoteAddress ?? '';
    const facts: Facts = {
      auditId: randomUUID(),
      client: clientAddress(socketAddress, forwardedFor, this.#deps.trustedProxies),
      method: request.method ?? '',
    };
    response.setHeader('audit-id', facts.auditId);
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    let status: number;
    try {
      status = await this.#answer(request, response, facts);
    } catch (thrown) {
      status = this.#refuse(response, thrown);
    }
    this.#deps.requests.add(1, { status: String(status) });
    this.#deps.log.info('token request', {
      auditId: facts.auditId,
      client: facts.client,
      method: facts.method.slice(0, 16),
      namespace: facts.target?.namespace,
      account: facts.target?.account,
      token: facts.token?.slice(0, 8),
      status,
      ms: Math.round(this.#deps.clock.monotonicMs() - startMs),
    });
  }

  /** @returns the HTTP status that was sent @throws StatusError to be sent instead */
  async #answer(request: IncomingMessage, response: ServerResponse, facts: Facts): Promise<number> {
    const target = readTokenTarget(request.url ?? '', this.#options.prefix);
    facts.target = target;
    const headers = readInboundHeaders(request.rawHeaders);
    const shared = this.#crossOrigin(headers.origin, response);
    if (request.method === 'OPTIONS' && shared) return preflight(response);
    const { method } = request;
    if (method !== 'GET' && method !== 'POST') {
      response.setHeader('allow', 'GET, POST');
      throw onlyGetAndPost();
    }
    const { authorization } = headers;
    const token = authorization === undefined ? undefined : tokenOf(authorization);
    if (token !== undefined) facts.token = createHash('sha256').update(token).digest('hex');
    this.#spend(facts);
    const claims = token === undefined ? undefined : readBearerClaims(token);
    const refusal = refuseCaller(this.#options.policy, target, claims);
    if (refusal) throw refusal;
    const sent = await this.#body(request, method, target, headers);
    const answer = await this.#deps.upstream.send({
      method,
      target: target.upstream,
      headers: {
        ...headers.forwarded,
        ...(sent === undefined ? {} : { 'content-type': sent.contentType }),
        ...(authorization === undefined ? {} : { authorization }),
        'audit-id': facts.auditId,
      },
      ...(sent === undefined ? {} : { body: sent.body }),
    });
    sendAnswer(response, answer);
    return answer.status;
  }

  #spend(facts: Facts): void {
    const waitMs = this.#deps.limits.take(
      facts.client,
      facts.token,
      this.#deps.clock.monotonicMs(),
    );
    if (waitMs > 0) throw tooManyRequests(Math.ceil(waitMs / 1000));
  }

  /** What goes on as the body: the very bytes, or with a policy what was decided about. */
  async #body(
    request: IncomingMessage,
    method: 'GET' | 'POST',
    target: TokenTarget,
    headers: InboundHeaders,
  ): Promise<{ readonly body: Buffer; readonly contentType: string } | undefined> {
    const { policy } = this.#options;
    const body = await readBody(request, bodyBytesMax);
    if (method === 'GET') {
      if (body.length > 0) throw badRequest('a GET has no body');
      return undefined;
    }
    checkBodyType(headers.contentType);
    if (body.length === 0) throw badRequest('the body must be a TokenRequest');
    if (!readsBody(policy)) return { body, contentType: headers.contentType };
    const spec = readTokenRequestSpec(body);
    const refusal = refuseSpec(policy, target.account, spec);
    if (refusal) throw refusal;
    return { body: encodeTokenRequest(spec), contentType: 'application/json' };
  }

  /** True when a page of this origin may read the answer. */
  #crossOrigin(origin: string | undefined, response: ServerResponse): boolean {
    if (this.#options.corsOrigins.length > 0) response.setHeader('vary', 'Origin');
    if (origin === undefined || !this.#options.corsOrigins.includes(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    return true;
  }

  #refuse(response: ServerResponse, thrown: unknown): number {
    const fault = this.#faultOf(thrown);
    const { retryAfterSeconds } = fault.status.details ?? {};
    const headers: OutgoingHttpHeaders = {
      // A request that could be read in two ways must not have a second one behind it.
      ...(fault.httpStatus === 400 || fault.httpStatus === 413 ? { connection: 'close' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    };
    sendReply(response, {
      status: fault.httpStatus,
      contentType: 'application/json',
      body: escapeHtml(JSON.stringify(fault.status)),
      headers,
    });
    return fault.httpStatus;
  }

  #faultOf(thrown: unknown): StatusError {
    if (thrown instanceof StatusError) return thrown;
    if (thrown instanceof HttpError) {
      if (thrown.code === 'HTTP_BODY_TOO_LARGE') return tooLarge(bodyBytesMax);
      if (thrown.code === 'HTTP_BODY_INCOMPLETE') return badRequest('the body ended early');
    }
    this.#deps.log.warn('no answer of the API server', { reason: messageOf(thrown) });
    if (thrown instanceof TokenRequestError) {
      return serviceUnavailable('the API server does not answer now, try again in a moment');
    }
    return internalError('the request could not be finished', thrown);
  }
}

/** As the API server writes JSON, so that no browser can take a message for markup. */
function escapeHtml(json: string): string {
  return json.replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
}

function preflight(response: ServerResponse): number {
  response.setHeader('access-control-allow-methods', 'GET, POST');
  response.setHeader('access-control-allow-headers', 'authorization, content-type');
  response.setHeader('access-control-max-age', '600');
  response.writeHead(204).end();
  return 204;
}

function sendAnswer(response: ServerResponse, answer: HttpResponse): void {
  const headers: OutgoingHttpHeaders = {};
  for (const name of answerHeaders) {
    const value = answer.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  sendReply(response, {
    status: answer.status,
    contentType: answer.headers['content-type'] ?? 'application/json',
    body: answer.body,
    headers,
  });
}
