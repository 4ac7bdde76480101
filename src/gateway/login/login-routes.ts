/**
 * Logging in and out:
 *
 *   GET  /login?to=VIEW      to the provider, and afterwards to that view of the console
 *   GET  /login/callback     back from it, with a code
 *   GET  /login/logout       asks
 *   POST /login/logout       ends the session here and goes to the provider's logout
 *   POST /login/backchannel  the provider says who has logged out
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError, readBody, sendReply } from '#http/index.ts';
import { GatewayError } from '../errors.ts';
import type { GrantLimits } from '../grant/grant-facts.ts';
import { type OriginOptions, requireOrigin } from '../http/browser-guard.ts';
import { clearedCookie, readSessions, sessionCookie, tagOf } from '../http/cookies.ts';
import { quietHeaders } from '../proxy/response-headers.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';
import { parseTarget, valuesOf } from '../request/target.ts';
import type { Access } from '../session/gatekeeper.ts';
import type { LoginOptions } from './login-options.ts';
import { sendLoggedOut, sendLogoutPage } from './login-pages.ts';
import { LoginSessions, type LoginSessionsDeps } from './login-sessions.ts';
import { LogoutTokens } from './logout-token.ts';
import { beginLogin, clearedPreLogin, isView, resumeLogin } from './pre-login.ts';
import { Provider } from './provider.ts';

export interface LoginCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly lines: HeaderLines;
  /** Below /login. */
  readonly path: readonly string[];
  readonly client: string;
  /** Told of what deserves a record. */
  readonly onSession: (kind: 'redeem' | 'leave', access: Access) => void;
}

const logoutBytesMax = 16 * 1024;

export class LoginRoutes {
  readonly #deps: LoginSessionsDeps;
  readonly #options: LoginOptions;
  readonly #origins: OriginOptions;
  readonly #provider: Provider;
  readonly #sessions: LoginSessions;
  readonly #logoutTokens: LogoutTokens;

  constructor(
    deps: LoginSessionsDeps,
    options: LoginOptions,
    { limits, origins }: { readonly limits: GrantLimits; readonly origins: OriginOptions },
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#origins = origins;
    this.#provider = new Provider(deps.log, options);
    this.#sessions = new LoginSessions(deps, options, limits);
    this.#logoutTokens = new LogoutTokens(options.clientId);
  }

  /** @throws GatewayError */
  async handle(call: LoginCall): Promise<void> {
    switch (`${call.request.method} /${call.path.join('/')}`) {
      case 'GET /':
        return this.#begin(call);
      case 'GET /callback':
        return this.#finish(call);
      case 'GET /logout':
        return sendLogoutPage(call.response, await this.#logoutTargets());
      case 'POST /logout':
        return this.#logOut(call);
      case 'POST /backchannel':
        return this.#backChannel(call);
      default:
        throw new GatewayError('GATEWAY_NOT_FOUND', 'logging in has no such page');
    }
  }

  async #begin({ request, response }: LoginCall): Promise<void> {
    const [view = '', ...more] = valuesOf(parseTarget(request.url ?? '').query, 'to');
    if (more.length > 0 || !isView(view)) {
      throw new GatewayError('GATEWAY_REQUEST', 'to must be a view of the console');
    }
    const { random, clock } = this.#deps;
    const { login, setCookie } = beginLogin(random, clock.nowMs(), view);
    const location = await this.#provider.authorizationUrl(login);
    redirect(response, location.href, [setCookie]);
  }

  async #finish({ request, response, lines, client, onSession }: LoginCall): Promise<void> {
    const { query, search } = parseTarget(request.url ?? '');
    const login = resumeLogin(lines, valuesOf(query, 'state'), this.#deps.clock.nowMs());
    // Whatever comes of it, this login is not tried twice.
    response.setHeader('set-cookie', clearedPreLogin);
    const person = await this.#provider.personOf(search, login);
    const access = await this.#sessions.open(person, login.state, client);
    onSession('redeem', access);
    const seconds = Math.max(0, Math.floor((access.endMs - this.#deps.clock.nowMs()) / 1000));
    const page = `/#${tagOf(access.session.key)}${login.view === '' ? '' : `/${login.view}`}`;
    redirect(response, page, [clearedPreLogin, sessionCookie(access.session, seconds)]);
    await this.#sessions.sweep();
  }

  async #logOut({ response, lines, client, onSession }: LoginCall): Promise<void> {
    requireOrigin(lines, this.#origins);
    const cleared: string[] = [];
    for (const [tag, session] of readSessions(lines)) {
      if (session.key.namespace !== this.#options.namespace) continue;
      const access = await this.#deps.gatekeeper.enter(session, client).catch(unlessKnown);
      if (access !== undefined && access.grant.status?.login === undefined) continue;
      cleared.push(clearedCookie(tag));
      if (access === undefined) continue;
      await this.#sessions.close(access.grant);
      onSession('leave', access);
    }
    const location = await this.#provider.logoutUrl().catch(() => undefined);
    if (location === undefined) sendLoggedOut(response, { 'set-cookie': cleared });
    else redirect(response, location.href, cleared);
  }

  async #logoutTargets(): Promise<readonly string[]> {
    const location = await this.#provider.logoutUrl().catch(() => undefined);
    return location === undefined ? [] : [location.origin];
  }

  async #backChannel({ request, response, lines }: LoginCall): Promise<void> {
    const type = lineOf(lines, 'content-type') ?? '';
    if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/i.test(type)) {
      throw new GatewayError('GATEWAY_REQUEST', 'the body must be a form');
    }
    const form = new URLSearchParams((await body(request)).toString('utf8'));
    const [token, ...more] = form.getAll('logout_token');
    if (token === undefined || more.length > 0) {
      throw new GatewayError('GATEWAY_REQUEST', 'the form needs one logout_token');
    }
    const facts = await this.#provider.facts();
    const over = await this.#logoutTokens.read(token, facts, this.#deps.clock.nowMs());
    await this.#sessions.closeOf(over);
    const headers = { ...quietHeaders, 'cache-control': 'no-store' };
    sendReply(response, { status: 200, contentType: 'text/plain', body: '', headers });
  }
}

function redirect(response: ServerResponse, location: string, cookies: readonly string[]): void {
  sendReply(response, {
    status: 303,
    contentType: 'text/plain',
    body: '',
    headers: {
      ...quietHeaders,
      location,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'set-cookie': [...cookies],
    },
  });
}

/** A session that has ended already needs no ending. */
function unlessKnown(thrown: unknown): undefined {
  if (thrown instanceof GatewayError && thrown.httpStatus < 500) return undefined;
  throw thrown;
}

async function body(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request, logoutBytesMax);
  } catch (cause) {
    if (!(cause instanceof HttpError)) throw cause;
    throw new GatewayError('GATEWAY_TOO_LARGE', 'the form is too large or not complete', {
      cause,
      close: true,
    });
  }
}
