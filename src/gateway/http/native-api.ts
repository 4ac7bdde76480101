/**
 * The gateway's own API, under /gateway/v1: look at a code, redeem it, see what a session allows,
 * leave it. Redeeming is a POST with a body, so that nothing that only follows links spends a use.
 */
import type { Clock } from '#base/clock.ts';
import { sendJson, sendText } from '#http/index.ts';
import { formatTime } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import { decisionsOf, type GrantLimits, personOf } from '../grant/grant-facts.ts';
import { type Handle, parseHandle, revealHandle } from '../grant/handle.ts';
import { quietHeaders } from '../proxy/response-headers.ts';
import type { Issuer } from '../issue/issuer.ts';
import { linkPath } from '../console/console-pages.ts';
import { lineOf } from '../request/inbound-headers.ts';
import type { Access, Gatekeeper } from '../session/gatekeeper.ts';
import type { StreamRegistry } from '../stream/stream-registry.ts';
import {
  type OriginOptions,
  refuseForeignOrigin,
  requireCsrf,
  requireOrigin,
} from './browser-guard.ts';
import type { ApprovalRoutes } from './approval-routes.ts';
import { clearedCookie, readSessions, sessionCookie, tagOf } from './cookies.ts';
import { readCredential } from './credential.ts';
import { viewGrant, viewSession } from './grant-view.ts';
import { type OpenableOptions, readIssue } from './issue-body.ts';
import { readJson } from './json-body.ts';
import type { NativeCall } from './native-call.ts';

export interface NativeApiDeps {
  readonly gatekeeper: Gatekeeper;
  readonly streams: StreamRegistry;
  readonly clock: Clock;
  /** Absent: grants are made with kubectl and the command line only. */
  readonly issuer: Issuer | undefined;
  /** Absent: nothing is approved here. */
  readonly approvals: ApprovalRoutes | undefined;
  /** People can log in. */
  readonly canLogIn: boolean;
  /** Undefined when all is well. */
  readonly unhealthy: () => string | undefined;
}

export class NativeApi {
  readonly #deps: NativeApiDeps;
  readonly #openable: OpenableOptions;
  readonly #limits: GrantLimits;
  readonly #origins: OriginOptions;

  constructor(deps: NativeApiDeps, openable: OpenableOptions, origins: OriginOptions) {
    this.#deps = deps;
    this.#openable = openable;
    this.#limits = openable.limits;
    this.#origins = origins;
  }

  /** @throws GatewayError */
  async handle(call: NativeCall): Promise<void> {
    const method = call.request.method === 'HEAD' ? 'GET' : (call.request.method ?? '');
    const [version = '', noun = '', tag] = call.path;
    if (call.path.length === 1 && (version === 'healthz' || version === 'readyz')) {
      // Starting anew mends no API that is away.
      const problem = version === 'healthz' ? undefined : this.#deps.unhealthy();
      sendText(call.response, problem === undefined ? 200 : 503, `${problem ?? 'ok'}\n`);
      return;
    }
    if (version !== 'v1' || call.path.length > 3) throw notFound();
    switch (`${method} ${noun}${tag === undefined ? '' : '/TAG'}`) {
      case 'POST look':
        return this.#look(call);
      case 'POST grants':
        return this.#issue(call);
      case 'POST approvals':
        return this.#approvals(call, 'decide');
      case 'GET approvals':
        return this.#approvals(call, 'list');
      case 'POST redeem':
        return this.#redeem(call);
      case 'GET self':
        return this.#showBearer(call);
      case 'DELETE self':
        return this.#leaveBearer(call);
      case 'GET sessions':
        return this.#showSessions(call);
      case 'GET sessions/TAG':
        return this.#showSession(call, tag ?? '');
      case 'DELETE sessions/TAG':
        return this.#leaveSession(call, tag ?? '');
      default:
        throw known.has(noun) ? wrongMethod() : notFound();
    }
  }

  async #look(call: NativeCall): Promise<void> {
    refuseForeignOrigin(call.lines, this.#origins);
    const { code } = await readJson(call.request, call.lines, ['code']);
    const grant = await this.#deps.gatekeeper.look(this.#codeOf(code), call.client);
    this.#send(call, 200, { grant: viewGrant(grant, this.#limits) });
  }

  /** With a bearer of the API server: nothing of a browser proves who may give away what. */
  async #issue(call: NativeCall): Promise<void> {
    const { issuer } = this.#deps;
    if (issuer === undefined) throw notFound();
    refuseForeignOrigin(call.lines, this.#origins);
    const nowMs = this.#deps.clock.nowMs();
    const { bearer, wish } = await readIssue(call.request, call.lines, this.#openable, nowMs);
    const { grant, code } = await issuer.issue(bearer, wish);
    call.onIssued(grant);
    const link = `https://${lineOf(call.lines, 'host') ?? ''}${linkPath}#${code}`;
    this.#send(call, 201, { code, link, grant: viewGrant(grant, this.#limits) });
  }

  async #approvals(call: NativeCall, deed: 'list' | 'decide'): Promise<void> {
    const { approvals } = this.#deps;
    if (approvals === undefined) throw notFound();
    const { status, value } = await approvals[deed](call);
    this.#send(call, status, value);
  }

  async #redeem(call: NativeCall): Promise<void> {
    const { lines, client } = call;
    const members = ['code', 'nonce', 'as'] as const;
    const { code, nonce, as = 'cookie' } = await readJson(call.request, lines, members);
    if (as !== 'cookie' && as !== 'bearer') {
      throw new GatewayError('GATEWAY_REQUEST', 'as must be cookie or bearer');
    }
    if (as === 'cookie') requireOrigin(lines, this.#origins);
    else refuseForeignOrigin(lines, this.#origins);
    if (typeof nonce !== 'string') {
      throw new GatewayError('GATEWAY_REQUEST', 'nonce must be a text of 22 to 128 characters');
    }
    const handle = this.#codeOf(code);
    if (as === 'cookie') await this.#refuseApprover(call, handle);
    const access = await this.#deps.gatekeeper.redeem(handle, nonce, client);
    call.onSession('redeem', access);
    if (as === 'bearer') {
      const token = revealHandle(access.session);
      const expirationTimestamp = formatTime(access.endMs);
      this.#send(call, 201, {
        token,
        expirationTimestamp,
        ...viewSession(access, false, this.#limits),
      });
      return;
    }
    const seconds = Math.floor((access.endMs - this.#deps.clock.nowMs()) / 1000);
    call.response.setHeader('set-cookie', sessionCookie(access.session, Math.max(0, seconds)));
    this.#send(call, 201, viewSession(access, true, this.#limits));
  }

  /** Four eyes: who approved a grant does not use it in the same browser. @throws GatewayError */
  async #refuseApprover(call: NativeCall, code: Handle): Promise<void> {
    const person = await this.#deps.approvals?.person(call);
    if (person === undefined) return;
    const grant = await this.#deps.gatekeeper.look(code, call.client);
    if (!decisionsOf(grant, this.#limits).some((each) => personOf(each) === person.user)) return;
    const message = 'you approved this grant, so that somebody else can use it';
    throw new GatewayError('GATEWAY_DENIED', message, { rule: 'approver' });
  }

  async #showBearer(call: NativeCall): Promise<void> {
    const { handle, browser } = readCredential(call.lines, undefined);
    const access = await this.#deps.gatekeeper.enter(handle, call.client);
    this.#send(call, 200, viewSession(access, browser, this.#limits));
  }

  async #leaveBearer(call: NativeCall): Promise<void> {
    const { handle, browser } = readCredential(call.lines, undefined);
    if (browser) throw new GatewayError('GATEWAY_CREDENTIAL', 'this needs a bearer');
    await this.#leave(call, await this.#deps.gatekeeper.enter(handle, call.client));
    this.#send(call, 200, { left: true });
  }

  /** Sessions that have ended are left out; their cookies go by themselves. */
  async #showSessions(call: NativeCall): Promise<void> {
    const sessions = [];
    for (const handle of readSessions(call.lines).values()) {
      try {
        const access = await this.#deps.gatekeeper.enter(handle, call.client);
        sessions.push(viewSession(access, true, this.#limits));
      } catch (thrown) {
        if (!(thrown instanceof GatewayError) || thrown.httpStatus === 503) throw thrown;
      }
    }
    this.#send(call, 200, { sessions, canLogIn: this.#deps.canLogIn });
  }

  async #showSession(call: NativeCall, tag: string): Promise<void> {
    const access = await this.#deps.gatekeeper.enter(this.#sessionOf(call, tag), call.client);
    this.#send(call, 200, viewSession(access, true, this.#limits));
  }

  async #leaveSession(call: NativeCall, tag: string): Promise<void> {
    const session = this.#sessionOf(call, tag);
    requireOrigin(call.lines, this.#origins);
    requireCsrf(call.lines, session);
    call.response.setHeader('set-cookie', clearedCookie(tagOf(session.key)));
    await this.#leave(call, await this.#deps.gatekeeper.enter(session, call.client));
    this.#send(call, 200, { left: true });
  }

  async #leave(call: NativeCall, access: Access): Promise<void> {
    await this.#deps.gatekeeper.leave(access.session);
    this.#deps.streams.endOf(access.grant.metadata.uid ?? '', 'left', access.sessionId);
    call.onSession('leave', access);
  }

  #sessionOf(call: NativeCall, tag: string): Handle {
    const session = readSessions(call.lines).get(tag);
    if (session !== undefined) return session;
    throw new GatewayError('GATEWAY_CREDENTIAL', 'there is no session of this name');
  }

  #codeOf(code: unknown): Handle {
    const handle = typeof code === 'string' ? parseHandle(code) : undefined;
    if (handle?.kind === 'code') return handle;
    throw new GatewayError('GATEWAY_CREDENTIAL', 'the code is not one of this gateway');
  }

  #send(call: NativeCall, status: number, value: unknown): void {
    const headers = { ...quietHeaders, 'cache-control': 'no-store', 'audit-id': call.auditId };
    sendJson(call.response, status, value, headers);
  }
}

const known = new Set(['approvals', 'grants', 'look', 'redeem', 'self', 'sessions']);

function notFound(): GatewayError {
  return new GatewayError('GATEWAY_NOT_FOUND', 'the gateway serves nothing here');
}

function wrongMethod(): GatewayError {
  return new GatewayError('GATEWAY_METHOD', 'this path takes another method');
}
