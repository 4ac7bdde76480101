/**
 * Every request's way: who, what, may they, then the handler of the place.
 *
 *   authenticate -> path -> authorize -> limits -> health | version | discovery | OpenAPI | objects
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { readBody, sendReply, sendText } from '#http/index.ts';
import {
  badRequest,
  methodNotAllowed,
  notFoundPath,
  type Registry,
  serviceUnavailable,
} from '#kube/index.ts';
import {
  type Attributes,
  type PathRequest,
  requestInfo,
  type ResourceRequest,
  type User,
} from '#rbac/index.ts';
import type { Access } from './access/access.ts';
import type { AuditLevel } from './access/audit/audit-event.ts';
import { type AuditDeps, AuditTrail } from './access/audit/audit-trail.ts';
import { authenticate } from './access/authentication/authenticator.ts';
import { actingUser } from './access/authentication/impersonation.ts';
import { forbiddenError } from './access/authorization/authorizer.ts';
import type { Answer } from './access/reviews/review.ts';
import type { Discovery } from './discovery/discovery.ts';
import { emptyOpenApiV2, type OpenApi } from './discovery/openapi.ts';
import { RequestGates } from './fairness/request-gates.ts';
import type { ApiServerLimits } from './limits.ts';
import { faultOf, sendFault, sendValue, setWarnings, takesGzip } from './request/answer.ts';
import { decodeObjectBody } from './request/object-body.ts';
import { parseWriteOptions } from './request/query-options.ts';
import { placeOf, resolveTarget, verbOf } from './request/request-path.ts';
import type { ResourceHandler } from './resource-handler.ts';

export interface RequestHandlerDeps {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly access: Access;
  readonly audit?: (AuditDeps & { readonly level: AuditLevel }) | undefined;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly resources: ResourceHandler;
  /** The document of `/version`. */
  readonly version: unknown;
  /** Why the server is not healthy; undefined when it is. */
  unhealthy(): string | undefined;
}

interface Arrived {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stopping: AbortSignal;
  /** Writes down what happens, when somebody wants that. */
  readonly trail: AuditTrail | undefined;
}

/** One request on its way. */
interface Exchange extends Arrived {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: User;
}

const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

export class RequestHandler {
  readonly #deps: RequestHandlerDeps;
  readonly #limits: ApiServerLimits;
  readonly #gates: RequestGates;

  constructor(deps: RequestHandlerDeps, limits: ApiServerLimits) {
    this.#deps = deps;
    this.#limits = limits;
    this.#gates = new RequestGates(limits);
  }

  /** Answers one request; what goes wrong becomes a Status. Never rejects. */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    stopping: AbortSignal,
  ): Promise<void> {
    const auditId = randomUUID();
    response.setHeader('audit-id', auditId);
    const { audit } = this.#deps;
    const trail = audit && new AuditTrail(audit, audit.level, { auditId, request, response });
    try {
      await this.#answer({ request, response, stopping, trail });
    } catch (thrown) {
      const fault = faultOf(thrown, this.#limits.bodyBytesMax);
      if (fault.httpStatus >= 500) {
        const error = messageOf(fault.cause ?? fault);
        this.#deps.logger.warn('request failed', { method: request.method, auditId, error });
      }
      if (response.headersSent) response.destroy();
      else sendFault(response, fault);
    }
  }

  async #answer(arrived: Arrived): Promise<void> {
    const { access } = this.#deps;
    const { request, trail } = arrived;
    const info = requestInfo(request.method ?? '', request.url ?? '');
    if (info) trail?.onInfo(info);
    const caller = await authenticate(request, access.authenticators);
    trail?.onUsers(caller, caller);
    const user = actingUser(caller, request, access.authorizer);
    trail?.onUsers(caller, user);
    if (!info) throw badRequest('the path or the query of the request cannot be read');
    const { path, query } = info;
    const exchange: Exchange = { ...arrived, path, query, user };
    if (info.type === 'resource') await this.#answerResource(exchange, info);
    else await this.#answerPath(exchange, info);
  }

  async #answerResource(exchange: Exchange, info: ResourceRequest): Promise<void> {
    const { request, response, stopping, query, user, trail } = exchange;
    this.#authorize(exchange, info);
    const verb = verbOf(info);
    if (!verb) throw methodNotAllowed();
    const review = this.#deps.access.reviews.find(info);
    if (review) {
      await this.#gates.pass(user, info, exchange, () =>
        this.#answerReview(exchange, info, review),
      );
      return;
    }
    const target = resolveTarget(this.#deps.registry, placeOf(info));
    if (!target) {
      const known = this.#deps.registry.inGroupVersion(info.group, info.version).length > 0;
      if (known) throw notFoundPath();
      sendText(response, 404, '404 page not found\n');
      return;
    }
    const onBody = trail && ((body: unknown) => trail.onBody(body));
    const mayCreate = (): void => this.#authorize(exchange, { ...info, verb: 'create' });
    const call = { verb, target, user, query, request, response, stopping, mayCreate, onBody };
    if (verb === 'watch') {
      const watching = this.#deps.resources.handle(call);
      if (response.headersSent) trail?.onStream(response);
      await watching;
    } else {
      await this.#gates.pass(user, info, exchange, () => this.#deps.resources.handle(call));
    }
  }

  async #answerReview(exchange: Exchange, info: ResourceRequest, answer: Answer): Promise<void> {
    const { request, response, user, query } = exchange;
    if (request.method !== 'POST') throw methodNotAllowed();
    const { dryRun } = parseWriteOptions('CreateOptions', query, request.headers['user-agent']);
    const bytes = await readBody(request, this.#limits.bodyBytesMax);
    const { value: body } = decodeObjectBody(bytes, request.headers['content-type'], false);
    const warnings: string[] = [];
    const answered = await answer({ user, info, body, dryRun, warnings });
    setWarnings(response, warnings);
    sendValue(response, 201, answered);
  }

  async #answerPath(exchange: Exchange, info: PathRequest): Promise<void> {
    const { response, path } = exchange;
    this.#authorize(exchange, info);
    if (info.verb !== 'get' && info.verb !== 'head') throw methodNotAllowed();
    if (healthPaths.has(path)) this.#answerHealth(response);
    else if (path === '/version' || path === '/version/')
      sendValue(response, 200, this.#deps.version);
    else if (path.startsWith('/openapi/')) this.#answerOpenApi(exchange);
    else if (!this.#answerIssuer(exchange)) this.#answerDiscovery(exchange);
  }

  #answerHealth(response: ServerResponse): void {
    const why = this.#deps.unhealthy();
    if (why !== undefined) throw serviceUnavailable(why);
    sendText(response, 200, 'ok');
  }

  /** By what others check tokens. */
  #answerIssuer({ response, path }: Exchange): boolean {
    const found = this.#deps.access.document(path);
    if (!found) return false;
    const { contentType, body } = found;
    const headers = { 'cache-control': 'public, max-age=3600' };
    sendReply(response, { status: 200, contentType, body: JSON.stringify(body), headers });
    return true;
  }

  #answerDiscovery({ request, response, path }: Exchange): void {
    const found = this.#deps.discovery.find(path, request.headers.accept);
    if (!found) {
      sendText(response, 404, '404 page not found\n');
      return;
    }
    const headers = { etag: found.etag, vary: 'Accept' };
    if (request.headers['if-none-match'] === found.etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const { contentType, body } = found;
    sendReply(response, { status: 200, contentType, body, headers });
  }

  #answerOpenApi({ request, response, path, query }: Exchange): void {
    if (path === '/openapi/v2' && request.headers.accept?.includes(emptyOpenApiV2.accept)) {
      const { contentType, body } = emptyOpenApiV2;
      sendReply(response, { status: 200, contentType, body });
      return;
    }
    const found = this.#deps.openApi.find(path.replace(/\/$/u, ''));
    if (!found) {
      sendText(response, 404, '404 page not found\n');
      return;
    }
    const etag = `"${found.hash}"`;
    const immutable = query.get('hash') === found.hash;
    const headers = {
      etag,
      vary: 'Accept, Accept-Encoding',
      'cache-control': immutable ? 'public, immutable' : 'no-cache, private',
    };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const gzip = takesGzip(request.headers['accept-encoding']);
    sendReply(response, {
      status: 200,
      contentType: 'application/json',
      body: gzip ? found.gzip : found.body,
      headers: gzip ? { ...headers, 'content-encoding': 'gzip' } : headers,
    });
  }

  #authorize({ user, trail }: Exchange, attributes: Attributes): void {
    const decision = this.#deps.access.authorizer.decide(user, attributes);
    trail?.onDecision(decision);
    if (!decision.allowed) throw forbiddenError(user, attributes, decision.reason);
  }
}
