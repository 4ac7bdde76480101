/**
 * Every request to the gateway: made sure of, routed, answered, recorded. Nothing is sent upstream
 * before all checks have passed.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { unreachable } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import { redacted } from '../audit/redaction.ts';
import { GatewayError, isGuess } from '../errors.ts';
import { causeText, forward } from '../proxy/forward.ts';
import { type ForwardDeps, type ForwardLimits } from '../proxy/forward-limits.ts';
import { protocolAsked, upgrade } from '../proxy/upgrade.ts';
import { checkHandshake, readOffer } from '../proxy/web-socket-offer.ts';
import { type HeaderLines, readInbound } from '../request/inbound-headers.ts';
import type { Access } from '../session/gatekeeper.ts';
import { isUpgradeable } from '../rules/connect-capability.ts';
import type { Admission } from './admission.ts';
import { clientOf, requireHost } from './client-of.ts';
import { KnownRoutes } from './known-routes.ts';
import type { LoginRoutes } from '../login/login-routes.ts';
import { sendLoginFault } from '../login/login-pages.ts';
import type { NativeApi } from './native-api.ts';
import type { PageSource } from './page-source.ts';
import type { Facts, Recorder } from './recorder.ts';
import { refusalOf, sendRefusal, writeRefusal } from './refusal-answer.ts';
import type { Route } from './route.ts';

export interface GatewayHandlerDeps {
  readonly admission: Admission;
  readonly native: NativeApi;
  /** Absent: nobody logs in here. */
  readonly login: LoginRoutes | undefined;
  readonly recorder: Recorder;
  readonly forward: ForwardDeps;
  readonly pages: readonly PageSource[];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface GatewayHandlerOptions {
  /** Host names that are served, lower case, without ports. */
  readonly hosts: ReadonlySet<string>;
  readonly trustedProxies: BlockList;
  readonly forward: ForwardLimits;
}

/** A request whose form has been checked. */
interface Opened {
  readonly lines: HeaderLines;
  readonly route: Route;
}

export class GatewayHandler {
  readonly #deps: GatewayHandlerDeps;
  readonly #options: GatewayHandlerOptions;
  /** Connections on which something came that cannot be trusted: nothing more is read from them. */
  readonly #poisoned = new WeakSet<Socket>();
  readonly #routes = new KnownRoutes();

  constructor(deps: GatewayHandlerDeps, options: GatewayHandlerOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#poisoned.has(request.socket)) return;
    const facts = this.#factsOf(request);
    try {
      const { lines, route } = this.#open(request, facts);
      switch (route.kind) {
        case 'page':
          return this.#servePage(route.path, request, response);
        case 'login':
          return await this.#serveLogin(route.path, request, response, lines, facts);
        case 'native':
          return await this.#serveNative(route.path, request, response, lines, facts);
        case 'proxy':
          return await this.#serveProxy(route, request, response, lines, facts);
        default:
          unreachable(route, 'route');
      }
    } catch (thrown) {
      const fault = this.#refused(request, facts, thrown);
      sendRefusal(response, fault, facts.auditId);
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const facts = this.#factsOf(request);
    try {
      if (this.#poisoned.has(request.socket)) throw refused('the connection cannot be trusted');
      const { lines, route } = this.#open(request, facts);
      if (route.kind !== 'proxy') throw refused('nothing here can be upgraded');
      const { method } = facts;
      const protocol = protocolAsked(method, lines);
      const offer = readOffer(lines);
      if (protocol === 'websocket') checkHandshake(lines);
      this.#deps.recorder.refuseUnrecorded();
      const { client, auditId } = facts;
      const admitted = await this.#deps.admission.admit(
        { method, lines, route, client, auditId, upgrade: { bearer: offer.bearer } },
        (known) => {
          Object.assign(facts.admitted, known);
        },
      );
      if (!isUpgradeable(admitted.decision.capability)) {
        throw new GatewayError('GATEWAY_DENIED', 'this cannot be upgraded', { rule: 'upgrade' });
      }
      facts.admitted = admitted;
      this.#deps.recorder.onOpen(facts);
      const asked = { protocol, offer, socket, head };
      const outcome = await upgrade(this.#deps.forward, this.#options.forward, admitted, asked);
      this.#deps.recorder.onDone(facts, outcome);
    } catch (thrown) {
      const fault = this.#refused(request, facts, thrown);
      writeRefusal(socket, fault, facts.auditId);
    }
  }

  #factsOf(request: IncomingMessage): Facts {
    return {
      auditId: randomUUID(),
      method: (request.method ?? '').slice(0, 16),
      target: recordable(request.url ?? ''),
      startMs: this.#deps.clock.monotonicMs(),
      client: request.socket.remoteAddress ?? '',
      admitted: {},
    };
  }

  /** Headers, host and target, all of them before anything else. @throws GatewayError */
  #open(request: IncomingMessage, facts: Facts): Opened {
    const lines = readInbound(request);
    facts.client = clientOf(request.socket.remoteAddress, lines, this.#options.trustedProxies);
    requireHost(lines, this.#options.hosts);
    return { lines, route: this.#routes.read(request.url ?? '') };
  }

  #servePage(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new GatewayError('GATEWAY_METHOD', 'pages are only read');
    }
    if (this.#deps.pages.some((source) => source.serve(path, request, response))) return;
    throw new GatewayError('GATEWAY_NOT_FOUND', 'the gateway serves nothing here');
  }

  async #serveNative(
    path: readonly string[],
    request: IncomingMessage,
    response: ServerResponse,
    lines: HeaderLines,
    facts: Facts,
  ): Promise<void> {
    const { client, auditId } = facts;
    const { admission, native, recorder } = this.#deps;
    admission.refuseGuesser(client);
    if (facts.method === 'POST') recorder.refuseUnrecorded();
    try {
      await native.handle({
        request,
        response,
        lines,
        path,
        client,
        auditId,
        onSession: (kind, access) => recorder.onSession(kind, access, facts),
        onIssued: (grant) => recorder.onIssued(grant, facts),
        onDecided: (decided, decision, reason) =>
          recorder.onDecided(decided, { decision, reason }, facts),
      });
    } catch (thrown) {
      if (isGuess(thrown)) admission.onWrong(client);
      throw thrown;
    }
  }

  /** People look at these with a browser, so that a refusal is a page. */
  async #serveLogin(
    path: readonly string[],
    request: IncomingMessage,
    response: ServerResponse,
    lines: HeaderLines,
    facts: Facts,
  ): Promise<void> {
    const { client, auditId } = facts;
    const { admission, login, recorder } = this.#deps;
    if (login === undefined) {
      throw new GatewayError('GATEWAY_NOT_FOUND', 'the gateway serves nothing here');
    }
    try {
      admission.refuseGuesser(client);
      if (path.length > 0) recorder.refuseUnrecorded();
      const onSession = (kind: 'redeem' | 'leave', access: Access): void =>
        recorder.onSession(kind, access, facts);
      await login.handle({ request, response, lines, path, client, onSession });
    } catch (thrown) {
      if (isGuess(thrown)) admission.onWrong(client);
      sendLoginFault(response, this.#refused(request, facts, thrown), auditId);
    }
  }

  async #serveProxy(
    route: Extract<Route, { kind: 'proxy' }>,
    request: IncomingMessage,
    response: ServerResponse,
    lines: HeaderLines,
    facts: Facts,
  ): Promise<void> {
    this.#deps.recorder.refuseUnrecorded();
    const { method, client, auditId } = facts;
    const admitted = await this.#deps.admission.admit(
      { method, lines, route, client, auditId },
      (known) => Object.assign(facts.admitted, known),
    );
    facts.admitted = admitted;
    if (admitted.decision.isStream) this.#deps.recorder.onOpen(facts);
    const { forward: limits } = this.#options;
    const outcome = await forward(this.#deps.forward, limits, admitted, request, response);
    this.#deps.recorder.onDone(facts, outcome);
  }

  /** Records the refusal, and stops reading when the request was one to be afraid of. */
  #refused(request: IncomingMessage, facts: Facts, thrown: unknown): GatewayError {
    const fault = refusalOf(thrown);
    if (fault.close) this.#poisoned.add(request.socket);
    this.#deps.recorder.onRefused(facts, fault);
    if (fault.httpStatus >= 500) {
      this.#deps.log.warn('request failed', {
        auditId: facts.auditId,
        code: fault.code,
        error: redacted(causeText(fault)),
      });
    }
    return fault;
  }
}

/** A provider's code and state come in the query of a login: they stay out of every record. */
function recordable(target: string): string {
  return target.startsWith('/login') ? (target.split('?', 1)[0] ?? '') : target;
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why, { close: true });
}
