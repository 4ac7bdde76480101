/**
 * Approving, under /gateway/v1/approvals: with a bearer of the API server, or from the console by a
 * person who has logged in.
 *
 *   GET   what waits for the person of this browser
 *   POST  a decision, with a bearer or with the session of a person
 */
import { keyOf } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import { approvalsMissing, decisionsOf, type GrantLimits, personOf } from '../grant/grant-facts.ts';
import type { Handle } from '../grant/handle.ts';
import type { Approvals } from '../oversight/approvals.ts';
import type { Approver } from '../oversight/decide-approval.ts';
import { type Identity, loginOf } from '../proxy/identity.ts';
import { lineOf } from '../request/inbound-headers.ts';
import type { Gatekeeper } from '../session/gatekeeper.ts';
import { readApproval } from './approval-body.ts';
import {
  type OriginOptions,
  refuseForeignOrigin,
  requireCsrf,
  requireOrigin,
} from './browser-guard.ts';
import { readSessions } from './cookies.ts';
import { viewGrant } from './grant-view.ts';
import { serverBearer } from './issue-body.ts';
import type { NativeCall } from './native-call.ts';

export interface ApprovalRoutesDeps {
  readonly gatekeeper: Gatekeeper;
  readonly approvals: Approvals;
  readonly identity: Identity;
}

export interface Answer {
  readonly status: number;
  readonly value: unknown;
}

export class ApprovalRoutes {
  readonly #deps: ApprovalRoutesDeps;
  readonly #limits: GrantLimits;
  readonly #origins: OriginOptions;

  constructor(deps: ApprovalRoutesDeps, limits: GrantLimits, origins: OriginOptions) {
    this.#deps = deps;
    this.#limits = limits;
    this.#origins = origins;
  }

  /** @throws GatewayError GATEWAY_CREDENTIAL when nobody has logged in */
  async list(call: NativeCall): Promise<Answer> {
    refuseForeignOrigin(call.lines, this.#origins);
    const person = await this.person(call);
    if (person === undefined) throw nobody();
    const grants = await this.#deps.approvals.waitingFor(person);
    const value = grants.map((grant) => ({
      uid: grant.metadata.uid ?? '',
      required: grant.spec.approval?.required ?? 0,
      missing: approvalsMissing(grant, this.#limits),
      approvedBy: decisionsOf(grant, this.#limits).map(personOf),
      recording: grant.spec.recording ?? 'policy',
      grant: viewGrant(grant, this.#limits),
    }));
    return { status: 200, value: { approvals: value } };
  }

  /** @throws GatewayError */
  async decide(call: NativeCall): Promise<Answer> {
    const { request, lines } = call;
    const decide = await this.#decider(call);
    const wish = await readApproval(request, lines);
    const decided = await decide(wish);
    if (decided.isNew) call.onDecided(decided, wish.decision, wish.reason);
    const { approver, missing, isNew } = decided;
    const { namespace, name } = keyOf(decided.grant);
    const value = { namespace, name, decision: wish.decision, approver, missing };
    return { status: isNew ? 201 : 200, value };
  }

  /** Who has logged in with this browser. @throws GatewayError GATEWAY_STORE */
  async person(call: NativeCall): Promise<(Approver & { readonly session: Handle }) | undefined> {
    for (const session of readSessions(call.lines).values()) {
      const access = await this.#deps.gatekeeper.enter(session, call.client).catch(unlessKnown);
      const login = access && loginOf(access.grant, this.#deps.identity);
      if (login !== undefined) return { ...login, session };
    }
    return undefined;
  }

  async #decider(
    call: NativeCall,
  ): Promise<(wish: Parameters<Approvals['decide']>[1]) => ReturnType<Approvals['decide']>> {
    const { approvals } = this.#deps;
    const { lines } = call;
    if (lineOf(lines, 'authorization') !== undefined || readSessions(lines).size === 0) {
      refuseForeignOrigin(lines, this.#origins);
      const bearer = serverBearer(lines);
      return (wish) => approvals.decide(bearer, wish);
    }
    requireOrigin(lines, this.#origins);
    const person = await this.person(call);
    if (person === undefined) throw nobody();
    requireCsrf(lines, person.session);
    return (wish) => approvals.decideAs(person, wish);
  }
}

function nobody(): GatewayError {
  return new GatewayError('GATEWAY_CREDENTIAL', 'nobody has logged in with this browser');
}

/** A session that has ended is nobody's. */
function unlessKnown(thrown: unknown): undefined {
  if (thrown instanceof GatewayError && thrown.httpStatus < 500) return undefined;
  throw thrown;
}
