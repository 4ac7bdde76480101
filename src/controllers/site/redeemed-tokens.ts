/**
 * Tokens that were redeemed for a Site that is gone: their Links and Secrets went with it. They are
 * marked, so that nobody takes them for working ones, and are never redeemed again.
 */
import type { Running } from '#base/lifecycle.ts';
import {
  type Evaluation,
  findCondition,
  isTerminating,
  type KubeObject,
  setCondition,
  stateError,
} from '#kube/index.ts';
import { feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { type ControllerContext, evaluationOf, namespaceKey } from '../context.ts';
import { namespaceId, startController } from '../controller.ts';
import { type AccessToken, accessToken, site } from '../kinds.ts';

const message = 'Already redeemed for a deleted site';

export function startRedeemedTokensController(context: ControllerContext): Running {
  const { informers } = context;
  const tokens = informers.of(accessToken);
  const sites = informers.of(site);
  // Only a Site that goes can orphan tokens; a namespace that never had one has none to mark.
  const leaving = (object: KubeObject): readonly string[] =>
    sites.list(object.metadata.namespace).length === 0 ? namespaceKey(object) : [];
  return startController<string>(context, new RedeemedTokensReconciler(context), {
    name: 'redeemed-tokens',
    idOf: namespaceId,
    informers: [tokens, sites],
    all: () => [...new Set(tokens.list().flatMap(namespaceKey))],
    wake: (_add, loop) => [feed(sites, loop, leaving), feed(tokens, loop, namespaceKey)],
  });
}

class RedeemedTokensReconciler implements Reconciler<string> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(namespace: string): Promise<ReconcileResult> {
    const { client, informers } = this.#context;
    const sites = informers.of(site).list(namespace);
    if (sites.some((each) => !isTerminating(each))) return {};
    for (const token of informers.of(accessToken).list(namespace)) {
      if (token.status?.redeemed !== true || isTerminating(token)) continue;
      await updateStatus(client, accessToken, token, (copy) => ({
        ...copy,
        status: orphaned(copy, evaluationOf(this.#context, copy)),
      }));
    }
    return {};
  }
}

/** `Redeemed` stays true, so that it is not redeemed again, but with an error. */
export function orphaned(token: AccessToken, at: Evaluation): NonNullable<AccessToken['status']> {
  const before = token.status ?? {};
  const known = findCondition(before.conditions, 'Redeemed');
  if (known?.reason === 'Error' && known.message === message) return before;
  const state = { ...stateError(message), status: 'True' } as const;
  return {
    ...before,
    status: 'Error',
    message,
    conditions: [...setCondition(before.conditions, 'Redeemed', state, at)],
  };
}
