/**
 * The connection token controller: a Secret labelled `skupper.io/type=connection-token` becomes a
 * Link of its name. The Secret owns the Link, so deleting the Secret ends the link.
 */
import { isConnectionToken } from '#apis/index.ts';
import type { Running } from '#base/lifecycle.ts';
import { keyOf, keyText, type ObjectKey } from '#kube/index.ts';
import { createOrUpdate, feed } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { activeSiteOf, type ControllerContext } from '../context.ts';
import { objectId, startController } from '../controller.ts';
import { configMap, link, type Secret, secret, site } from '../kinds.ts';
import { siteObjects } from '../names.ts';
import { decideTokenLink, type TokenDecision } from './decide.ts';

export function startConnectionTokenController(context: ControllerContext): Running {
  const { informers } = context;
  const secrets = informers.of(secret);
  const links = informers.of(link);
  const tokensIn = (namespace: string | undefined): ObjectKey[] =>
    namespace === undefined ? [] : secrets.list(namespace).filter(isConnectionToken).map(keyOf);
  return startController<ObjectKey>(context, new ConnectionTokenReconciler(context), {
    name: 'connection-token',
    idOf: objectId,
    informers: [secrets, links, informers.of(site), informers.of(configMap)],
    all: () => secrets.list().filter(isConnectionToken).map(keyOf),
    wake: (_add, loop) => [
      feed(secrets, loop, (object) => {
        const key = keyOf(object);
        // A Secret that has lost its label may have left a Link.
        return isConnectionToken(object) || links.get(key) !== undefined ? [key] : [];
      }),
      feed(links, loop, (object) => tokensIn(object.metadata.namespace)),
      feed(informers.of(site), loop, (object) => tokensIn(object.metadata.namespace)),
      feed(informers.of(configMap), loop, (object) =>
        object.metadata.name === siteObjects.routerConfigMap
          ? tokensIn(object.metadata.namespace)
          : [],
      ),
    ],
  });
}

class ConnectionTokenReconciler implements Reconciler<ObjectKey> {
  readonly #context: ControllerContext;
  /** What was said last about a Secret, so that it is said once; one entry per refused Secret. */
  readonly #said = new Map<string, string>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { client, informers } = this.#context;
    const token = informers.of(secret).get(key);
    if (token === undefined) {
      this.#said.delete(keyText(key));
      return {};
    }
    const siteId = activeSiteOf(this.#context, key.namespace)?.metadata.uid;
    const decision = decideTokenLink(token, siteId, informers.of(link).list(key.namespace));
    this.#tell(key, token, decision);
    if (decision.kind === 'write') {
      const { spec } = decision.link;
      await createOrUpdate(client, link, key, (existing) => {
        if (existing === undefined) return decision.link;
        // A Link that came in between is judged when the cache has it.
        const isSame = existing.metadata.uid === decision.link.metadata.uid;
        return isSame ? { ...existing, ...(spec === undefined ? {} : { spec }) } : undefined;
      });
      return {};
    }
    const uid = decision.kind === 'remove' ? decision.uid : undefined;
    const goes = decision.kind === 'refuse' ? decision.removeUid : uid;
    if (goes !== undefined) await client.remove(link, key, { uid: goes });
    return {};
  }

  #tell(key: ObjectKey, token: Secret, decision: TokenDecision): void {
    const id = keyText(key);
    if (decision.kind !== 'refuse') {
      this.#said.delete(id);
      return;
    }
    const said = `${token.metadata.uid ?? ''} ${decision.problem}`;
    if (this.#said.get(id) === said) return;
    this.#said.set(id, said);
    const about = { ...token, apiVersion: 'v1', kind: 'Secret' };
    const message = `No link is made: ${decision.problem}`;
    this.#context.events.record(about, { type: 'Warning', reason: 'TokenRefused', message });
  }
}
