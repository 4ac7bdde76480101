/** Takes the decisions of people about grants that wait for approval: who, whether he may, written. */
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { keyOf, type ObjectKey } from '#kube/index.ts';
import type { EventRecorder, KubeClient, KubeConnection, Lister } from '#kubeclient/index.ts';
import { authenticatedGroup } from '#rbac/index.ts';
import { GatewayError } from '../errors.ts';
import type { GrantBook } from '../grant/grant-book.ts';
import { approvalsMissing, type GrantLimits, windowOf } from '../grant/grant-facts.ts';
import { asRefusal, Caller } from '../issue/caller.ts';
import { approving, mayDo } from '../issue/reviews.ts';
import type { ApprovalSeal } from './approval-seal.ts';
import { type Approver, decideApproval, type Verdict } from './decide-approval.ts';

export interface ApprovalsDeps {
  /** The gateway's own: revokes what was denied, and asks what a person may do. */
  readonly client: Pick<KubeClient, 'patch' | 'raw'>;
  readonly grants: Pick<Lister<GatewayToken>, 'list'>;
  /** Where the grants are kept; its credentials are not used for callers. */
  readonly connection: KubeConnection;
  readonly book: Pick<GrantBook, 'fresh' | 'change'>;
  readonly seal: ApprovalSeal;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ApprovalWish extends Verdict {
  readonly key: ObjectKey;
  /** uid of the grant that was looked at, so that no other of that name is meant. */
  readonly uid: string;
}

export interface Decided {
  readonly grant: GatewayToken;
  readonly approver: string;
  /** False when this person decided the same before. */
  readonly isNew: boolean;
  /** Approvals that it still waits for. */
  readonly missing: number;
}

/** Grants shown to one person at once. */
const waitingMax = 32;

export class Approvals {
  readonly #deps: ApprovalsDeps;
  readonly #limits: GrantLimits;

  constructor(deps: ApprovalsDeps, limits: GrantLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /**
   * @param bearer of the caller, good at the API server, which says who he is and whether he may
   *   `approve` this gatewaytoken
   * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_DENIED, GATEWAY_ENDED, GATEWAY_REQUEST,
   *   GATEWAY_STORE
   */
  async decide(bearer: string, wish: ApprovalWish): Promise<Decided> {
    const caller = new Caller(this.#deps.connection, bearer);
    try {
      const approver = await caller.who();
      await caller.require(approving(wish.key));
      return await this.#write(approver, wish);
    } finally {
      caller.close();
    }
  }

  /**
   * @param person who is known for sure; the API server says whether he may
   * @throws GatewayError as `decide`
   */
  async decideAs(person: Approver, wish: ApprovalWish): Promise<Decided> {
    if (await this.#may(person, wish.key)) return this.#write(person, wish);
    const { namespace, name } = wish.key;
    const message = `${person.user} may not approve gatewaytokens.drawbridge.dev ${name} in ${namespace}`;
    throw new GatewayError('GATEWAY_DENIED', message, { rule: 'approval' });
  }

  /** The grants that a person could approve now, those that end first first. @throws GatewayError */
  async waitingFor(person: Approver): Promise<readonly GatewayToken[]> {
    const found = this.#deps.grants
      .list()
      .filter((grant) => this.#waitsFor(grant, person))
      .toSorted((one, other) => this.#endOf(one) - this.#endOf(other))
      .slice(0, waitingMax);
    const allowed = await Promise.all(found.map((grant) => this.#may(person, keyOf(grant))));
    return found.filter((_, at) => allowed[at] === true);
  }

  #waitsFor(grant: GatewayToken, person: Approver): boolean {
    if (approvalsMissing(grant, this.#limits) === 0) return false;
    const verdict = { decision: 'approved', reason: undefined } as const;
    const facts = { nowMs: this.#deps.clock.nowMs(), limits: this.#limits, sign: () => '' };
    try {
      return decideApproval(grant, person, verdict, facts) !== undefined;
    } catch (thrown) {
      if (thrown instanceof GatewayError) return false;
      throw thrown;
    }
  }

  #endOf(grant: GatewayToken): number {
    return windowOf(grant, this.#limits)?.endMs ?? 0;
  }

  async #may({ user: name, groups, ...more }: Approver, key: ObjectKey): Promise<boolean> {
    const { uid, extra } = more;
    const person = {
      name,
      groups: [...new Set([...groups, authenticatedGroup])],
      ...(uid === undefined ? {} : { uid }),
      ...(extra === undefined ? {} : { extra }),
    };
    try {
      return await mayDo(this.#deps.client, approving(key), person);
    } catch (thrown) {
      throw asRefusal(thrown);
    }
  }

  async #write(approver: Approver, { key, uid, ...verdict }: ApprovalWish): Promise<Decided> {
    const { book, clock, seal } = this.#deps;
    await book.fresh(key);
    let isNew = false;
    const grant = await book.change(key, (current) => {
      if (current.metadata.uid !== uid) {
        throw new GatewayError('GATEWAY_ENDED', 'the grant of that name is another one by now');
      }
      const status = decideApproval(current, approver, verdict, {
        nowMs: clock.nowMs(),
        limits: this.#limits,
        sign: (of, approval) => seal.proofOf(of, approval),
      });
      isNew = status !== undefined;
      return status;
    });
    const missing = approvalsMissing(grant, this.#limits);
    const decided = { grant, approver: approver.user, isNew, missing };
    if (isNew) this.#tell(decided, verdict);
    if (verdict.decision === 'denied') await this.#revoke(key);
    return decided;
  }

  #tell({ grant, approver, missing }: Decided, { decision, reason }: Verdict): void {
    const words = `${approver} ${decision} it${reason === undefined ? '' : `: ${reason}`}`;
    const isApproved = decision === 'approved';
    const still = missing === 0 ? 'it can be used now' : `it waits for ${missing} more`;
    this.#deps.events.record(grant, {
      type: 'Normal',
      reason: isApproved ? 'Approved' : 'Denied',
      message: `${words} (${isApproved ? still : 'it has ended'})`,
    });
  }

  /** The denial itself ends it here; revoking says so to everybody who looks at the spec alone. */
  async #revoke(key: ObjectKey): Promise<void> {
    try {
      await this.#deps.client.patch(gatewayToken, key, { spec: { revoked: true } });
    } catch (thrown) {
      this.#deps.log.warn('a denied grant was not revoked', { reason: messageOf(thrown) });
    }
  }
}
