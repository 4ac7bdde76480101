/** The Link controller: tells whether a Link is configured, up, and with whom. */
import type { Running } from '#base/lifecycle.ts';
import { isTerminating, keyOf, type ObjectKey } from '#kube/index.ts';
import { feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { activeSiteOf, type ControllerContext, evaluationOf, secretsOf } from '../context.ts';
import { objectId, startController } from '../controller.ts';
import { announceStatus } from '../tidings.ts';
import { type Link, link, type Site } from '../kinds.ts';
import { messages } from '../names.ts';
import { findLink } from '../network.ts';
import { checkCredentialsTime, credentialsTurnMs } from '../router-config/check-credentials.ts';
import { siteInformers, wakeWithSite } from '../site-wake.ts';
import { checkLink } from './check.ts';
import { decideLinkStatus, type LinkFacts } from './status.ts';

export function startLinkController(context: ControllerContext): Running {
  const { informers, runtime } = context;
  const links = informers.of(link);
  const keysIn = (namespace: string): ObjectKey[] => links.list(namespace).map(keyOf);
  return startController<ObjectKey>(context, new LinkReconciler(context), {
    name: 'link',
    idOf: objectId,
    workersMax: 8,
    informers: [links, ...siteInformers(context)],
    all: () => links.list().map(keyOf),
    wake: (add, loop) => [
      runtime.onHealth((namespace) => {
        for (const key of keysIn(namespace)) add(key);
      }),
      feed(links, loop, (object) => [keyOf(object)]),
      ...wakeWithSite(context, keysIn, add),
    ],
  });
}

class LinkReconciler implements Reconciler<ObjectKey> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { client, informers } = this.#context;
    const own = informers.of(link).get(key);
    if (own === undefined || isTerminating(own)) return {};
    const active = activeSiteOf(this.#context, key.namespace);
    const nowMs = this.#context.clock.nowMs();
    const credentials = own.spec?.tlsCredentials ?? '';
    const secrets = { secret: secretsOf(this.#context, key.namespace) };
    const problem = this.#problemOf(own, active);
    const facts = {
      problem,
      lapsed: problem === undefined ? checkCredentialsTime(secrets, credentials, nowMs) : undefined,
      record: this.#recordOf(key, active?.metadata.uid ?? ''),
    };
    const written = await updateStatus(client, link, own, (copy) => ({
      ...copy,
      status: decideLinkStatus(copy, facts, evaluationOf(this.#context, copy)),
    }));
    announceStatus(this.#context, own, written);
    if (problem !== undefined) return {};
    const turnMs = credentialsTurnMs(secrets, credentials, nowMs);
    return turnMs === undefined ? {} : { requeueAfterMs: Math.max(1000, turnMs - nowMs) };
  }

  #recordOf(key: ObjectKey, siteId: string): LinkFacts['record'] {
    const { runtime, routers } = this.#context;
    if (runtime.healthOf(key.namespace, siteId).state !== 'ready') return undefined;
    const network = routers.networkOf(key.namespace);
    return network === undefined ? 'unknown' : findLink(network, siteId, key.name);
  }

  #problemOf(own: Link, active: Site | undefined): string | undefined {
    if (active === undefined) return messages.noActiveSite;
    const { name, namespace = '' } = own.metadata;
    const mode = active.spec?.edge === true ? 'edge' : 'interior';
    const checked = checkLink(own, { mode, secret: secretsOf(this.#context, namespace) });
    if (!checked.ok) return checked.problem;
    return this.#context.routers.problemOf(namespace, name);
  }
}
