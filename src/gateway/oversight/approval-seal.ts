/**
 * The mark by which the gateway knows its own approvals: a status can be written by others, too, and
 * somebody who may write it must not be able to approve in the name of anybody.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { GatewayApproval, GatewayToken } from '#apis/index.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { namespace as namespaceKind, secret as secretKind } from '#kube/index.ts';
import { isKubeError, type KubeClient } from '#kubeclient/index.ts';

export interface ApprovalSealDeps {
  readonly client: Pick<KubeClient, 'find' | 'create'>;
  readonly random: Random;
  readonly log: Logger;
}

/** Secret in the gateway's own namespace; all its replicas share it. */
export const approvalKeyName = 'drawbridge-gateway-approvals';
const item = 'key';
const keyBytes = 32;

export class ApprovalSeal {
  readonly #key: KeyObject | undefined;

  private constructor(key: KeyObject | undefined) {
    this.#key = key;
  }

  /** Finds the key, or makes it. Without one nothing can be approved here, and nothing counts. */
  static async open(deps: ApprovalSealDeps, namespace: string): Promise<ApprovalSeal> {
    try {
      return new ApprovalSeal(await findOrMake(deps, namespace));
    } catch (thrown) {
      deps.log.warn('grants cannot be approved here: the key of approvals is out of reach', {
        secret: `${namespace}/${approvalKeyName}`,
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

async function findOrMake(deps: ApprovalSealDeps, namespace: string): Promise<KeyObject> {
  const key = { namespace, name: approvalKeyName };
  const found = await deps.client.find(secretKind, key);
  if (found !== undefined) return keyIn(found.data?.[item]);
  const bytes = Buffer.from(deps.random.bytes(keyBytes));
  const make = (): Promise<unknown> =>
    deps.client.create(secretKind, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: key,
      type: 'Opaque',
      data: { [item]: bytes.toString('base64') },
    });
  try {
    await make();
  } catch (thrown) {
    // Another replica was faster: its key is everybody's.
    if (isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) return findOrMake(deps, namespace);
    if (!isKubeError(thrown, 'KUBE_NOT_FOUND')) throw thrown;
    const metadata = { name: namespace };
    await deps.client
      .create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata })
      .catch((again: unknown) => {
        if (!isKubeError(again, 'KUBE_ALREADY_EXISTS')) throw again;
      });
    return findOrMake(deps, namespace);
  }
  return createSecretKey(bytes);
}

/** @throws RangeError when somebody wrote something else there */
function keyIn(text: string | undefined): KeyObject {
  const bytes = Buffer.from(text ?? '', 'base64');
  if (bytes.length === keyBytes) return createSecretKey(bytes);
  throw new RangeError(
    `${item} in the Secret is not ${keyBytes} bytes in base64: delete the Secret`,
  );
}
