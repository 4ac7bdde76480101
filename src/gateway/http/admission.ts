/** The checks between a canonical request and the API server, in their order. */
import type { GatewayToken } from '#apis/index.ts';
import { AttemptLimit, placeOf } from '#base/attempt-limit.ts';
import type { Clock } from '#base/clock.ts';
import { GatewayError, isGuess } from '../errors.ts';
import type { Admitted } from '../proxy/exchange.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { refuseUnrecordable } from '../recording/recording-rule.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';
import { GrantRules, isDiscovery } from '../rules/decide.ts';
import type { HardDenyOptions } from '../rules/hard-deny.ts';
import { LastDecisions } from '../rules/last-decisions.ts';
import type { Access, Gatekeeper } from '../session/gatekeeper.ts';
import {
  type OriginOptions,
  refuseForeignOrigin,
  requireCsrf,
  requireOrigin,
} from './browser-guard.ts';
import { readCredential } from './credential.ts';
import { localCluster, type Route } from './route.ts';

export interface AdmissionDeps {
  readonly gatekeeper: Gatekeeper;
  readonly clock: Clock;
  readonly upstreams: ReadonlyMap<string, Upstream>;
}

export interface AdmissionOptions {
  readonly origins: OriginOptions;
  readonly never: HardDenyOptions;
}

/** A request that asks to be proxied. */
export interface ProxyAsk {
  readonly method: string;
  readonly lines: HeaderLines;
  readonly route: Extract<Route, { kind: 'proxy' }>;
  readonly client: string;
  readonly auditId: string;
  /** Set for upgrades; `bearer` came as a subprotocol. */
  readonly upgrade?: { readonly bearer: string | undefined };
}

/** Wrong handles from one place. */
const wrongHandles = { burst: 30, leakMs: 2000, keysMax: 10_000 };
const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #options: AdmissionOptions;
  readonly #wrong = new AttemptLimit(wrongHandles);
  /** Objects of the cache are replaced when they change, so the object is the key. */
  readonly #rules = new WeakMap<GatewayToken, GrantRules>();

  readonly #decisions = new LastDecisions();

  constructor(deps: AdmissionDeps, options: AdmissionOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /**
   * Who it is, whether it may, and where it goes.
   * @param note told what is known so far, so that refusals are recorded with it
   * @throws GatewayError
   */
  async admit(ask: ProxyAsk, note: (known: Partial<Admitted>) => void): Promise<Admitted> {
    const { route, lines, method, client, auditId } = ask;
    const sinceMs = this.#deps.clock.monotonicMs();
    const { handle, browser } = readCredential(lines, route.tag, ask.upgrade?.bearer);
    if (browser) this.#proveOrigin(ask);
    this.refuseGuesser(client);
    const { gatekeeper } = this.#deps;
    const access = gatekeeper.again(handle, client) ?? (await this.#enter(ask, handle));
    note({ access });
    if (browser && !reading.has(method)) requireCsrf(lines, access.session);
    if ((access.grant.spec.cluster ?? localCluster) !== route.cluster) {
      throw new GatewayError('GATEWAY_DENIED', 'the grant is for another cluster');
    }
    const upstream = this.#deps.upstreams.get(route.cluster);
    if (upstream === undefined) {
      throw new GatewayError('GATEWAY_NOT_FOUND', 'the gateway knows no cluster of this name');
    }
    const type = lineOf(lines, 'content-type');
    const rules = this.#rulesOf(access);
    const decision = this.#decisions.decide(rules, { method, target: route.target, type });
    note({ decision, upstream });
    if (!decision.allowed) {
      throw new GatewayError('GATEWAY_DENIED', decision.reason, { rule: decision.rule });
    }
    refuseUnrecordable(access.grant, decision.capability);
    if (!isDiscovery(method, route.target)) {
      const counted = gatekeeper.count(access, client, 'request');
      if (counted !== undefined) await counted;
    }
    const { target, mount } = route;
    const asked = { method, lines, target, mount, auditId, client, browser, sinceMs };
    return { ...asked, upstream, access, decision };
  }

  /** Somebody brought a handle that is none: the same place may not do so for ever. */
  onWrong(client: string): void {
    this.#wrong.onAttempt(placeOf(client), this.#deps.clock.monotonicMs());
  }

  /** @throws GatewayError GATEWAY_BUSY */
  refuseGuesser(client: string): void {
    const waitMs = this.#wrong.waitMs(placeOf(client), this.#deps.clock.monotonicMs());
    if (waitMs === 0) return;
    throw new GatewayError('GATEWAY_BUSY', 'too many wrong links or tokens from your address', {
      retry: { afterMs: waitMs },
    });
  }

  async #enter(ask: ProxyAsk, handle: Parameters<Gatekeeper['enter']>[0]): Promise<Access> {
    try {
      return await this.#deps.gatekeeper.enter(handle, ask.client);
    } catch (thrown) {
      if (isGuess(thrown)) this.onWrong(ask.client);
      throw thrown;
    }
  }

  /** A cookie needs a page of ours behind it: always for changes and for WebSockets. */
  #proveOrigin({ lines, method, upgrade }: ProxyAsk): void {
    const { origins } = this.#options;
    if (upgrade !== undefined || !reading.has(method)) requireOrigin(lines, origins);
    else refuseForeignOrigin(lines, origins);
  }

  #rulesOf({ grant }: Access): GrantRules {
    const known = this.#rules.get(grant);
    if (known !== undefined) return known;
    const rules = new GrantRules(grant.spec, this.#options.never);
    this.#rules.set(grant, rules);
    return rules;
  }
}
