/**
 * The Listener controller: the Services of a namespace's Listeners, and how each Listener is. One key
 * per namespace, because Listeners compete for hosts and ports.
 */
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import { isOwnedBy, isTerminating } from '#kube/index.ts';
import { feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import {
  activeSiteOf,
  type ControllerContext,
  evaluationOf,
  namespaceKey,
  secretsOf,
} from '../context.ts';
import { namespaceId, startController } from '../controller.ts';
import { announceStatus } from '../tidings.ts';
import { configMap, type Listener, listener, secret, service, type Site, site } from '../kinds.ts';
import { labels, messages, routerSelector, siteObjects } from '../names.ts';
import { hasConnector } from '../network.ts';
import { ensureService } from '../service-object.ts';
import { isListenerService, type ListenerPlan, planListeners, type WantedService } from './plan.ts';
import { servicePortName } from './service-port.ts';
import { decideListenerStatus } from './status.ts';

/** Services that could not be made are tried again after this long; milliseconds. */
const retryMs = 2_000;

export function startListenerController(context: ControllerContext): Running {
  const { informers, routers } = context;
  const listeners = informers.of(listener);
  return startController<string>(context, new ListenerReconciler(context), {
    name: 'listener',
    idOf: namespaceId,
    workersMax: 8,
    informers: [
      listeners,
      informers.of(service),
      informers.of(secret),
      informers.of(site),
      informers.of(configMap),
    ],
    all: () => [...new Set(listeners.list().flatMap(namespaceKey))],
    wake: (add, loop) => [
      feed(listeners, loop, namespaceKey),
      feed(informers.of(service), loop, namespaceKey),
      feed(informers.of(secret), loop, namespaceKey),
      feed(informers.of(site), loop, namespaceKey),
      feed(informers.of(configMap), loop, (object) =>
        object.metadata.name === siteObjects.routerConfigMap ? namespaceKey(object) : [],
      ),
      routers.onEvent(add),
    ],
  });
}

class ListenerReconciler implements Reconciler<string> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(namespace: string): Promise<ReconcileResult> {
    const { informers } = this.#context;
    const listeners = informers
      .of(listener)
      .list(namespace)
      .filter((each) => !isTerminating(each));
    const active = activeSiteOf(this.#context, namespace);
    if (active === undefined) {
      for (const each of listeners) await this.#tell(each, messages.noActiveSite);
      return {};
    }
    const services = informers.of(service);
    const plan = planListeners(listeners, {
      secret: secretsOf(this.#context, namespace),
      service: (name) => services.get({ namespace, name }),
    });
    const faults = await this.#settleServices(active, plan);
    for (const each of listeners) {
      const { name } = each.metadata;
      const fault = faults.get(name) ?? plan.problems.get(name);
      await this.#tell(each, fault ?? this.#routerProblem(namespace, name));
    }
    return faults.size === 0 ? {} : { requeueAfterMs: retryMs };
  }

  /** @returns what went wrong, by name of the Listener */
  async #settleServices(active: Site, plan: ListenerPlan): Promise<ReadonlyMap<string, string>> {
    const { client, informers } = this.#context;
    const { namespace = '' } = active.metadata;
    const faults = new Map<string, string>();
    for (const wanted of plan.services) {
      try {
        await this.#ensureService(active, wanted);
      } catch (thrown) {
        for (const port of wanted.ports) faults.set(port.listener, messageOf(thrown));
      }
    }
    const hosts = new Set(plan.services.map(({ host }) => host));
    for (const existing of informers.of(service).list(namespace)) {
      const { name, uid = '' } = existing.metadata;
      if (hosts.has(name) || !isListenerService(existing) || !isOwnedBy(existing, active)) continue;
      await client.remove(service, { namespace, name }, { uid });
    }
    return faults;
  }

  async #ensureService(active: Site, wanted: WantedService): Promise<void> {
    await ensureService(this.#context, {
      purpose: 'listener',
      namespace: active.metadata.namespace ?? '',
      name: wanted.host,
      ports: wanted.ports.map(({ listener: name, port }) => ({
        name: servicePortName(name),
        port,
        fixed: true,
      })),
      labels: { [labels.listener]: servicePortName(wanted.ports[0]?.listener ?? '') },
      selector: routerSelector,
      owner: active,
      isOurs: isListenerService,
    });
  }

  #routerProblem(namespace: string, name: string): string | undefined {
    return this.#context.routers.problemOf(namespace, `listener/${name}`);
  }

  async #tell(own: Listener, problem: string | undefined): Promise<void> {
    const { client, routers } = this.#context;
    const network = routers.networkOf(own.metadata.namespace ?? '');
    const matched = network && hasConnector(network, own.spec?.routingKey ?? '');
    const written = await updateStatus(client, listener, own, (copy) => ({
      ...copy,
      status: decideListenerStatus(copy, { problem, matched }, evaluationOf(this.#context, copy)),
    }));
    announceStatus(this.#context, own, written);
  }
}
