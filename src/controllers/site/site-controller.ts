/**
 * The Site controller: decides which Site of a namespace is active, makes what it needs, and tells
 * how it is. One key per Site.
 */
import type { Running } from '#base/lifecycle.ts';
import { CodedError } from '#base/errors.ts';
import {
  isTerminating,
  keyOf,
  type KubeObject,
  type ObjectKey,
  ownerReferenceTo,
} from '#kube/index.ts';
import { createOrUpdate, feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { type ControllerContext, evaluationOf, routerConfigMapOf } from '../context.ts';
import { objectId, startController } from '../controller.ts';
import { announceStatus } from '../tidings.ts';
import { type ConfigMap, configMap, routerAccess, service, type Site, site } from '../kinds.ts';
import { labels, siteObjects } from '../names.ts';
import { ensureCertificates, ensureLocalService, settleRouterAccess } from './children.ts';
import { type Claim, checkSite, decideClaim, decideSiteStatus, lostRouter } from './decide.ts';

export function startSiteController(context: ControllerContext): Running {
  const { informers, runtime, routers } = context;
  const sites = informers.of(site);
  const sitesIn = (namespace: string | undefined): ObjectKey[] =>
    namespace === undefined ? [] : sites.list(namespace).map(keyOf);
  const neighbours = (object: KubeObject): ObjectKey[] => sitesIn(object.metadata.namespace);
  const named =
    (name: string) =>
    (object: KubeObject): ObjectKey[] =>
      object.metadata.name === name ? neighbours(object) : [];
  return startController<ObjectKey>(context, new SiteReconciler(context), {
    name: 'site',
    idOf: objectId,
    workersMax: 8,
    informers: [sites, informers.of(configMap), informers.of(routerAccess), informers.of(service)],
    all: () => sites.list().map(keyOf),
    wake: (add, loop) => {
      const addAll = (namespace: string): void => {
        for (const key of sitesIn(namespace)) add(key);
      };
      return [
        feed(sites, loop, (object) => [keyOf(object), ...neighbours(object)]),
        feed(informers.of(configMap), loop, named(siteObjects.routerConfigMap)),
        feed(informers.of(routerAccess), loop, neighbours),
        feed(informers.of(service), loop, named(siteObjects.localService)),
        runtime.onHealth(addAll),
        routers.onEvent((namespace, event) => {
          if (event === 'network') addAll(namespace);
        }),
      ];
    },
  });
}

class SiteReconciler implements Reconciler<ObjectKey> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const own = this.#context.informers.of(site).get(key);
    if (own === undefined || isTerminating(own)) return {};
    const claim = await this.#claim(own);
    if (claim.verdict === 'refused') {
      await this.#tell(own, claim.problem, false);
      return {};
    }
    const problem = checkSite(own, this.#context.runtime);
    if (problem !== undefined) {
      await this.#tell(own, problem, true);
      return {};
    }
    try {
      await ensureLocalService(this.#context, own);
      await ensureCertificates(this.#context, own);
      await settleRouterAccess(this.#context, own);
    } catch (thrown) {
      // What goes wrong is told on the Site, and tried again.
      if (thrown instanceof CodedError) await this.#tell(own, thrown.message, true);
      throw thrown;
    }
    await this.#tell(own, undefined, true);
    return {};
  }

  /** Takes the ConfigMap if it is free; the answer says whose it is in the end. */
  async #claim(own: Site): Promise<Claim> {
    const { client, informers } = this.#context;
    const { namespace = '' } = own.metadata;
    const sites = informers.of(site).list(namespace);
    const known = routerConfigMapOf(this.#context, namespace);
    let claim = decideClaim(own, sites, known);
    if (claim.verdict !== 'claim') return claim;
    const key = { namespace, name: siteObjects.routerConfigMap };
    await createOrUpdate(client, configMap, key, (existing) => {
      claim = decideClaim(own, sites, existing);
      return claim.verdict === 'claim' ? claimed(own, existing) : undefined;
    });
    return claim.verdict === 'claim' ? { verdict: 'active' } : claim;
  }

  async #tell(own: Site, problem: string | undefined, active: boolean): Promise<void> {
    const { client, informers, runtime, routers, identity } = this.#context;
    const { namespace = '' } = own.metadata;
    const facts = {
      problem,
      active,
      health: runtime.healthOf(namespace, own.metadata.uid ?? ''),
      routerAccesses: informers.of(routerAccess).list(namespace),
      network: active ? routers.networkOf(namespace) : undefined,
      controller: identity,
    };
    const written = await updateStatus(client, site, own, (copy) => ({
      ...copy,
      status: decideSiteStatus(copy, facts, evaluationOf(this.#context, copy)),
    }));
    announceStatus(this.#context, own, written);
    const message =
      written?.outcome === 'updated' ? lostRouter(own.status, written.object.status) : undefined;
    if (message === undefined) return;
    this.#context.events.record(own, { type: 'Warning', reason: 'RouterLost', message });
  }
}

function claimed(own: Site, existing: ConfigMap | undefined): ConfigMap {
  const others = (existing?.metadata.ownerReferences ?? []).filter(({ kind }) => kind !== 'Site');
  return {
    ...(existing ?? { apiVersion: 'v1', kind: 'ConfigMap' }),
    metadata: {
      ...existing?.metadata,
      name: siteObjects.routerConfigMap,
      namespace: own.metadata.namespace ?? '',
      labels: { ...existing?.metadata.labels, [labels.routerConfig]: '' },
      ownerReferences: [...others, ownerReferenceTo(own, false)],
    },
    // The configuration of another Site means nothing here.
    data: { [siteObjects.routerConfigKey]: '[]' },
  };
}
