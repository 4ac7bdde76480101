/**
 * A Secret labelled as a claim of Skupper v1 becomes an AccessToken of its name, which is redeemed
 * like any other; the Secret then turns into the connection token it was exchanged for, as in v1.
 * The Secret owns the token, so deleting it ends all of this.
 */
import { isClaim, readClaim } from '#apis/index.ts';
import type { Running } from '#base/lifecycle.ts';
import {
  apiVersionOf,
  isOwnedBy,
  isTerminating,
  keyOf,
  keyText,
  type ObjectKey,
  ownerReferenceTo,
} from '#kube/index.ts';
import { feed, isKubeError } from '#kubeclient/index.ts';
import { type Reconciler, ReconcileLoop, type ReconcileResult } from '#reconcile/index.ts';
import type { GrantsDeps } from '../controller-deps.ts';
import { type AccessToken, accessToken, type Secret, secret } from '../kinds.ts';

/** Starts the controller; it works as soon as the informers have synced. */
export function startClaimController(deps: GrantsDeps): Running {
  const secrets = deps.informers.of(secret);
  const tokens = deps.informers.of(accessToken);
  const loop = new ReconcileLoop<ObjectKey>(new ClaimReconciler(deps), deps, {
    name: 'claim',
    idOf: keyText,
  });
  const leave = [
    feed(secrets, loop, (object) => (isClaim(object) ? [keyOf(object)] : [])),
    feed(tokens, loop, (object) => [keyOf(object)]),
  ];
  let stopped = false;
  void Promise.all([secrets.synced, tokens.synced]).then(() => {
    if (!stopped) loop.start();
  });
  return {
    stop: async (stopOptions) => {
      stopped = true;
      for (const end of leave) end();
      await loop.stop(stopOptions);
    },
  };
}

class ClaimReconciler implements Reconciler<ObjectKey> {
  readonly #deps: GrantsDeps;
  /** What was said last about a Secret, so that it is said once; one entry per refused Secret. */
  readonly #said = new Map<string, string>();

  constructor(deps: GrantsDeps) {
    this.#deps = deps;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { informers, client } = this.#deps;
    const claim = informers.of(secret).get(key);
    if (claim === undefined || isTerminating(claim) || !isClaim(claim)) {
      this.#said.delete(keyText(key));
      return {};
    }
    const existing = informers.of(accessToken).get(key);
    const wanted = tokenOf(claim);
    if ('problem' in wanted) return this.#tell(claim, wanted.problem);
    if (existing === undefined) {
      try {
        await client.create(accessToken, wanted);
      } catch (thrown) {
        // Then the cache will have it.
        if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
      }
      return {};
    }
    if (!isOwnedBy(existing, claim)) {
      return this.#tell(claim, `AccessToken "${key.name}" exists and is not of this Secret`);
    }
    const { url, code, ca } = existing.spec ?? {};
    const { spec } = wanted;
    if (url !== spec?.url || code !== spec?.code || ca !== spec?.ca) {
      await client.update(accessToken, { ...existing, ...(spec === undefined ? {} : { spec }) });
    }
    return {};
  }

  #tell(claim: Secret, problem: string): ReconcileResult {
    const id = keyText(keyOf(claim));
    const said = `${claim.metadata.uid ?? ''} ${problem}`;
    if (this.#said.get(id) === said) return {};
    this.#said.set(id, said);
    const about = { ...claim, apiVersion: 'v1', kind: 'Secret' };
    const message = `The claim is not redeemed: ${problem}`;
    this.#deps.events?.record(about, { type: 'Warning', reason: 'TokenRefused', message });
    return {};
  }
}

/** The AccessToken of a claim, or what is wrong with the claim. */
function tokenOf(claim: Secret): AccessToken | { readonly problem: string } {
  const read = readClaim(claim);
  if ('problem' in read) return read;
  const { url, password, ca, cost } = read.value;
  // Typed objects come from the API without these; owners are told by them.
  const owner = { ...claim, apiVersion: 'v1', kind: 'Secret' };
  const { name, namespace = '' } = claim.metadata;
  return {
    apiVersion: apiVersionOf(accessToken),
    kind: accessToken.kind,
    metadata: { name, namespace, ownerReferences: [ownerReferenceTo(owner)] },
    spec: { url, code: password, ca, ...(cost === undefined ? {} : { linkCost: cost }) },
  };
}
