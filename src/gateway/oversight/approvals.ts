/** Takes the decisions of people about grants that wait for approval: who, whether he may, written. */
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { ObjectKey } from '#kube/index.ts';
import type { EventRecorder, KubeClient, KubeConnection } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';
import type { GrantBook } from '../grant/grant-book.ts';
import { approvalsMissing, type GrantLimits } from '../grant/grant-facts.ts';
import { Caller } from '../issue/caller.ts';
import type { ApprovalSeal } from './approval-seal.ts';
import { type Approver, decideApproval, type Verdict } from './decide-approval.ts';

export interface ApprovalsDeps {
  readonly client: Pick<KubeClient, 'patch'>;
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
      const { group, version, plural: resource } = gatewayToken;
      const place = { group, version, resource, subresource: '', ...wish.key };
      await caller.require({ type: 'resource', verb: 'approve', ...place });
      return await this.#write(approver, wish);
    } finally {
      caller.close();
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
    if (isNew) this.#tell(grant, approver, verdict);
    if (verdict.decision === 'denied') await this.#revoke(key);
    const missing = approvalsMissing(grant, this.#limits);
    return { grant, approver: approver.user, isNew, missing };
  }

  #tell(grant: GatewayToken, { user }: Approver, { decision, reason }: Verdict): void {
    const words = `${user} ${decision} it${reason === undefined ? '' : `: ${reason}`}`;
    this.#deps.events.record(grant, {
      type: 'Normal',
      reason: decision === 'approved' ? 'Approved' : 'Denied',
      message: words,
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
