/**
 * The face of kube-gateway: its routes, JSON keys, cookie and redirects, over this gateway's own
 * data path. Where the original is open or forgiving, this one is not; docs/guide names each place.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Duplex } from 'node:stream';
import { AttemptLimit, placeOf } from '#base/attempt-limit.ts';
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import { HttpError, readBody, sendReply } from '#http/index.ts';
import { redacted } from '../audit/redaction.ts';
import { pageHeaders } from '../console/page-headers.ts';
import { GatewayError } from '../errors.ts';
import { refuseForeignOrigin, requireOrigin } from '../http/browser-guard.ts';
import { clientOf, requireHost } from '../http/client-of.ts';
import type { PageSource } from '../http/page-source.ts';
import type { Facts, Recorder } from '../http/recorder.ts';
import { refusalOf, sendRefusal, writeRefusal } from '../http/refusal-answer.ts';
import type { Admitted } from '../proxy/exchange.ts';
import { causeText, forward } from '../proxy/forward.ts';
import { type ForwardDeps, type ForwardLimits } from '../proxy/forward-limits.ts';
import { quietHeaders } from '../proxy/response-headers.ts';
import { protocolAsked, upgrade } from '../proxy/upgrade.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { checkHandshake, readOffer } from '../proxy/web-socket-offer.ts';
import { type HeaderLines, lineOf, readInbound } from '../request/inbound-headers.ts';
import { below, parseTarget, type Target } from '../request/target.ts';
import { isUpgradeable } from '../rules/connect-capability.ts';
import type { HardDenyOptions } from '../rules/hard-deny.ts';
import {
  linkTokenOf,
  loginPage,
  oauthLoginPage,
  loginPolicy,
  readSetParameters,
  screenLocation,
  setLinkCookie,
} from './compat-pages.ts';
import { LinkAccesses } from './link-accesses.ts';
import type { LinkKeys } from './link-keys.ts';
import { allowByLink } from './link-rules.ts';
import { signLinkToken } from './link-token.ts';
import {
  looseUrls,
  mintAnswer,
  mintBytesMax,
  type MintLimits,
  readMintRequest,
} from './mint-request.ts';
import { isTool, sendOldRefusal } from './old-refusal.ts';
import type { OAuthLogin } from './oauth-login.ts';
import { decideForPerson } from './oauth-sessions.ts';
import type { OpenPaths } from './open-paths.ts';

export interface CompatHandlerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly keys: LinkKeys;
  readonly upstream: Upstream;
  readonly openPaths: OpenPaths;
  /** Set: people log in, and signed tokens count for nothing. */
  readonly oauth: OAuthLogin | undefined;
  readonly recorder: Recorder;
  readonly forward: ForwardDeps;
  readonly pages: readonly PageSource[];
}

export interface CompatHandlerOptions {
  /** Prefix of the API with both slashes, such as `/k8s/`. */
  readonly apiPath: string;
  /** Page that `/auth/jwt/set` leads to. */
  readonly clientPath: string;
  /** Serve `/auth/jwt/request`. */
  readonly mints: boolean;
  readonly mint: MintLimits;
  /** Names by which clients come here; undefined: any. */
  readonly hosts: ReadonlySet<string> | undefined;
  readonly secure: boolean;
  readonly trustedProxies: BlockList;
  readonly never: HardDenyOptions;
  readonly forward: ForwardLimits;
}

/** Mints that one address may ask for. */
const mints = { burst: 30, leakMs: 2000, keysMax: 10_000 };
const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

export class CompatHandler {
  readonly #deps: CompatHandlerDeps;
  readonly #options: CompatHandlerOptions;
  readonly #mints = new AttemptLimit(mints);
  readonly #links = new LinkAccesses();
  readonly #origins = { allowedOrigins: new Set<string>() };

  constructor(deps: CompatHandlerDeps, options: CompatHandlerOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const facts = this.#factsOf(request);
    try {
      const { lines, target } = this.#open(request, facts);
      if (await this.#answerOwn(request, response, lines, target, facts)) return;
      const under = this.#underApi(target);
      if (under === undefined) return this.#servePage(target.path, request, response);
      if (this.#deps.openPaths.has(under.path) && reading.has(facts.method)) {
        return await this.#deps.openPaths.serve(under.path, response);
      }
      this.#deps.recorder.refuseUnrecorded();
      const admitted = await this.#admit(facts, lines, under, false);
      if (admitted.decision.isStream) this.#deps.recorder.onOpen(facts);
      const { forward: limits } = this.#options;
      const outcome = await forward(this.#deps.forward, limits, admitted, request, response);
      this.#deps.recorder.onDone(facts, outcome);
    } catch (thrown) {
      const fault = this.#refused(facts, thrown);
      if (isTool(request)) sendRefusal(response, fault, facts.auditId);
      else sendOldRefusal(response, fault, facts.auditId, request.url ?? '');
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const facts = this.#factsOf(request);
    try {
      const { lines, target } = this.#open(request, facts);
      const under = this.#underApi(target);
      if (under === undefined) throw refused('nothing here can be upgraded');
      const protocol = protocolAsked(facts.method, lines);
      const offer = readOffer(lines);
      if (protocol === 'websocket') checkHandshake(lines);
      this.#deps.recorder.refuseUnrecorded();
      const admitted = await this.#admit(facts, lines, under, true);
      if (!isUpgradeable(admitted.decision.capability)) throw refused('this cannot be upgraded');
      this.#deps.recorder.onOpen(facts);
      const asked = { protocol, offer, socket, head };
      const outcome = await upgrade(this.#deps.forward, this.#options.forward, admitted, asked);
      this.#deps.recorder.onDone(facts, outcome);
    } catch (thrown) {
      writeRefusal(socket, this.#refused(facts, thrown), facts.auditId);
    }
  }

  #factsOf(request: IncomingMessage): Facts {
    return {
      auditId: randomUUID(),
      method: (request.method ?? '').slice(0, 16),
      // A token in the query stays out of every record.
      target: (request.url ?? '').split('?', 1)[0] ?? '',
      startMs: this.#deps.clock.monotonicMs(),
      client: request.socket.remoteAddress ?? '',
      admitted: {},
    };
  }

  #open(request: IncomingMessage, facts: Facts): { lines: HeaderLines; target: Target } {
    const lines = readInbound(request);
    facts.client = clientOf(request.socket.remoteAddress, lines, this.#options.trustedProxies);
    const target = parseTarget(request.url ?? '');
    const { hosts } = this.#options;
    if (hosts !== undefined) requireHost(lines, hosts);
    return { lines, target };
  }

  #underApi(target: Target): Target | undefined {
    return below(target, this.#options.apiPath.slice(0, -1));
  }

  /** @returns true when it was one of our own routes */
  async #answerOwn(
    request: IncomingMessage,
    response: ServerResponse,
    lines: HeaderLines,
    target: Target,
    facts: Facts,
  ): Promise<boolean> {
    switch (target.path) {
      case '/auth/jwt/request':
        if (!this.#options.mints || this.#deps.oauth !== undefined) return false;
        await this.#mint(request, response, lines, facts);
        return true;
      case '/auth/jwt/set':
        await this.#setCookie(request, response, lines, target);
        return true;
      case this.#options.apiPath.slice(0, -1):
        response.writeHead(301, { ...quietHeaders, location: this.#options.apiPath }).end();
        return true;
      default:
        return (await this.#deps.oauth?.answer(target, lines, request, response)) ?? false;
    }
  }

  async #mint(
    request: IncomingMessage,
    response: ServerResponse,
    lines: HeaderLines,
    facts: Facts,
  ): Promise<void> {
    if (request.method !== 'POST') throw denied('tokens are asked for with POST');
    const [, bearer] =
      /^Bearer ([A-Za-z0-9._~+/=-]+)$/.exec(lineOf(lines, 'authorization') ?? '') ?? [];
    if (bearer === undefined) throw denied('a bearer token of the API is needed');
    this.#spendMint(facts.client);
    const nowMs = this.#deps.clock.nowMs();
    const body = await bodyOf(request);
    const asked = readMintRequest(body, nowMs, this.#options.mint);
    const key = await this.#deps.keys.signing(bearer);
    const token = await signLinkToken(asked, key);
    const loose = looseUrls(asked);
    this.#deps.log.info('link token signed', {
      auditId: facts.auditId,
      client: facts.client,
      id: asked.id.slice(0, 64),
      verbs: asked.verbs.join(','),
      urls: asked.urls.length,
      until: asked.expires,
    });
    const warning = `299 - "${loose.length} pattern(s) end within a name and match longer names too"`;
    sendReply(response, {
      status: 200,
      contentType: 'application/json',
      body: mintAnswer(asked, token),
      headers: {
        ...quietHeaders,
        'cache-control': 'no-store',
        'audit-id': facts.auditId,
        ...(loose.length === 0 ? {} : { warning }),
      },
    });
  }

  #spendMint(client: string): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const place = placeOf(client);
    const waitMs = this.#mints.waitMs(place, nowMs);
    if (waitMs > 0) {
      throw new GatewayError('GATEWAY_BUSY', 'too many tokens are asked for', {
        retry: { afterMs: waitMs },
      });
    }
    this.#mints.onAttempt(place, nowMs);
  }

  async #setCookie(
    request: IncomingMessage,
    response: ServerResponse,
    lines: HeaderLines,
    target: Target,
  ): Promise<void> {
    let { query } = target;
    if (request.method === 'POST') {
      requireOrigin(lines, this.#origins);
      const form = new URLSearchParams((await bodyOf(request)).toString('utf8'));
      query = [...form, ...query];
    } else if (request.method !== 'GET') throw refused('this path takes GET and POST');
    const parameters = readSetParameters(query);
    const { apiPath, clientPath, secure } = this.#options;
    response.writeHead(302, {
      ...pageHeaders,
      'set-cookie': setLinkCookie(parameters.token, secure),
      location: screenLocation(clientPath, apiPath, parameters),
    });
    response.end();
  }

  #servePage(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new GatewayError('GATEWAY_METHOD', 'pages are only read');
    }
    if (this.#deps.pages.some((source) => source.serve(path, request, response))) return;
    if (path !== '/login') throw new GatewayError('GATEWAY_NOT_FOUND', 'there is no such page');
    sendReply(response, {
      status: 200,
      contentType: 'text/html; charset=utf-8',
      body: this.#deps.oauth === undefined ? loginPage : oauthLoginPage,
      headers: { ...pageHeaders, 'content-security-policy': loginPolicy },
    });
  }

  async #admit(
    facts: Facts,
    lines: HeaderLines,
    target: Target,
    upgrades: boolean,
  ): Promise<Admitted> {
    const { oauth } = this.#deps;
    if (oauth !== undefined) return this.#admitPerson(oauth, facts, lines, target, upgrades);
    const token = linkTokenOf(lineOf(lines, 'cookie'));
    if (token === undefined) throw denied('the request comes without a token');
    this.#proveOrigin(facts.method, lines, upgrades);
    const keys = this.#deps.keys.verification;
    if (keys.length === 0) {
      throw new GatewayError('GATEWAY_STORE', 'the verification key cannot be read now');
    }
    const { claims, access } = await this.#links.enter(token, keys, this.#deps.clock.nowMs());
    facts.admitted = { access };
    const decision = allowByLink(claims, facts.method, target, this.#options.never);
    return this.#admitted(facts, lines, target, {
      upstream: this.#deps.upstream,
      access,
      decision,
    });
  }

  #admitPerson(
    oauth: OAuthLogin,
    facts: Facts,
    lines: HeaderLines,
    target: Target,
    upgrades: boolean,
  ): Admitted {
    const { access, upstream } = oauth.enter(lines);
    facts.admitted = { access };
    this.#proveOrigin(facts.method, lines, upgrades);
    const decision = decideForPerson(facts.method, target, this.#options.never);
    return this.#admitted(facts, lines, target, { upstream, access, decision });
  }

  #proveOrigin(method: string, lines: HeaderLines, upgrades: boolean): void {
    if (upgrades || !reading.has(method)) requireOrigin(lines, this.#origins);
    else refuseForeignOrigin(lines, this.#origins);
  }

  #admitted(
    facts: Facts,
    lines: HeaderLines,
    target: Target,
    found: Pick<Admitted, 'upstream' | 'access' | 'decision'>,
  ): Admitted {
    const { method, client, auditId, startMs: sinceMs } = facts;
    const mount = this.#options.apiPath.slice(0, -1);
    const admitted = { method, lines, target, mount, client, auditId, browser: true, sinceMs };
    facts.admitted = { ...admitted, ...found };
    return { ...admitted, ...found };
  }

  #refused(facts: Facts, thrown: unknown): GatewayError {
    const fault = refusalOf(thrown);
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

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request, mintBytesMax);
  } catch (cause) {
    if (cause instanceof HttpError && cause.code === 'HTTP_BODY_TOO_LARGE') {
      const message = `the body is larger than ${mintBytesMax} bytes`;
      throw new GatewayError('GATEWAY_TOO_LARGE', message, { cause, close: true });
    }
    throw refused('the body is not complete');
  }
}

function denied(why: string): GatewayError {
  return new GatewayError('GATEWAY_DENIED', why, { rule: 'token' });
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why);
}
