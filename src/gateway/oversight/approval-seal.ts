/**
 * The mark by which the gateway knows its own approvals: a status can be written by others, too, and
 * somebody who may write it must not be able to approve in the name of anybody.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { GatewayApproval, GatewayToken } from '#apis/index.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { sealKey, type SealKeyDeps, sealSecretName } from '../creator/seal-key.ts';

export interface ApprovalSealDeps extends SealKeyDeps {
  readonly log: Logger;
}

export class ApprovalSeal {
  readonly #key: KeyObject | undefined;

  private constructor(key: KeyObject | undefined) {
    this.#key = key;
  }

  /** Finds the key, or makes it. Without one nothing can be approved here, and nothing counts. */
  static async open(deps: ApprovalSealDeps, namespace: string): Promise<ApprovalSeal> {
    try {
      return new ApprovalSeal(createSecretKey(await sealKey(deps, namespace)));
    } catch (thrown) {
      deps.log.warn('grants cannot be approved here: the key of approvals is out of reach', {
        secret: `${namespace}/${sealSecretName}`,
        reason: messageOf(thrown),
      });
      return new ApprovalSeal(undefined);
    }
  }

  get isReady(): boolean {
    return this.#key !== undefined;
  }

  /** The proof of a decision about this grant; undefined without a key. */
  proofOf(grant: GatewayToken, approval: Omit<GatewayApproval, 'proof'>): string | undefined {
    if (this.#key === undefined) return undefined;
    const { kind, name, namespace = '', decision, time = '', reason = '' } = approval;
    const about = [grant.metadata.uid ?? '', kind, name, namespace, decision, time, reason];
    return createHmac('sha256', this.#key).update(JSON.stringify(about)).digest('base64url');
  }

  /** True when this gateway wrote it, for this very grant. */
  holds(grant: GatewayToken, approval: GatewayApproval): boolean {
    const wanted = this.proofOf(grant, approval);
    if (wanted === undefined) return false;
    const [own, given] = [Buffer.from(wanted), Buffer.from(approval.proof ?? '')];
    return own.length === given.length && timingSafeEqual(own, given);
  }
}
