/**
 * The controller of Listeners and MultiKeyListeners: the Services that a namespace's need, and how
 * each of them is. One key per namespace, because they compete for hosts and ports.
 */
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import { isOwnedBy, isTerminating, type KubeObject } from '#kube/index.ts';
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
import {
  type Listener,
  listener,
  type MultiKeyListener,
  multiKeyListener,
  service,
  type Site,
} from '../kinds.ts';
import { labels, messages, routerSelector } from '../names.ts';
import { hasConnector } from '../network.ts';
import { ensureService } from '../service-object.ts';
import { siteInformers, wakeWithSite } from '../site-wake.ts';
import { type Front, frontOfListener, frontOfMultiKeyListener, podFrontsOf } from './front.ts';
import { decideMultiKeyStatus, routingKeysOf } from './multi-key-status.ts';
import { isListenerService, type ListenerPlan, planListeners, type WantedService } from './plan.ts';
import { decideListenerStatus } from './status.ts';
import { takenPlaces } from './taken-places.ts';

/** Services that could not be made are tried again after this long; milliseconds. */
const retryMs = 2_000;

export function startListenerController(context: ControllerContext): Running {
  const { informers } = context;
  const listeners = informers.of(listener);
  const multiKeyListeners = informers.of(multiKeyListener);
  return startController<string>(context, new ListenerReconciler(context), {
    name: 'listener',
    idOf: namespaceId,
    workersMax: 8,
    informers: [listeners, multiKeyListeners, informers.of(service), ...siteInformers(context)],
    all: () => [
      ...new Set([...listeners.list(), ...multiKeyListeners.list()].flatMap(namespaceKey)),
    ],
    wake: (add, loop) => [
      feed(listeners, loop, namespaceKey),
      feed(multiKeyListeners, loop, namespaceKey),
      feed(informers.of(service), loop, namespaceKey),
      ...wakeWithSite(context, (namespace) => [namespace], add),
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
    const all = this.#listenersOf(namespace);
    const active = activeSiteOf(this.#context, namespace);
    if (active === undefined) {
      for (const each of all) await each.tell(messages.noActiveSite);
      return {};
    }
    const services = informers.of(service);
    const taken = takenPlaces(this.#context, namespace);
    const plan = planListeners(
      all.flatMap(({ fronts }) => fronts),
      {
        secret: secretsOf(this.#context, namespace),
        service: (name) => services.get({ namespace, name }),
        bindsAddresses: this.#context.runtime.bindsAddresses,
        taken,
      },
    );
    const faults = await this.#settleServices(active, plan);
    for (const { fronts, entities, tell } of all) {
      const ids = fronts.map(({ id }) => id);
      const fault = ids
        .map((id) => faults.get(id) ?? plan.problems.get(id))
        .find((said) => said !== undefined);
      await tell(fault ?? this.#routerProblem(namespace, [...ids, ...entities]));
    }
    // Of other namespaces nobody tells us when they give something up.
    const waits = all.some(({ fronts }) => fronts.some((front) => taken(front) !== undefined));
    return faults.size === 0 && !waits ? {} : { requeueAfterMs: retryMs };
  }

  #listenersOf(namespace: string): readonly Told[] {
    const { informers, routers } = this.#context;
    const services = informers.of(service).list(namespace);
    const network = routers.networkOf(namespace);
    const single = informers.of(listener).list(namespace);
    const multi = informers.of(multiKeyListener).list(namespace);
    return [
      ...single.filter(isAlive).map((own) => ({
        fronts: [
          frontOfListener(own),
          ...podFrontsOf(own, network, services).map(({ front }) => front),
        ],
        entities: [],
        tell: (problem: string | undefined) => this.#tell(own, problem),
      })),
      ...multi.filter(isAlive).map((own) => ({
        fronts: [frontOfMultiKeyListener(own)],
        entities: routingKeysOf(own).map((key) => `${own.metadata.name}/${key}`),
        tell: (problem: string | undefined) => this.#tellMulti(own, problem),
      })),
    ];
  }

  /** @returns what went wrong, by `id` of the listener */
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
      ports: wanted.ports.map(({ name, port }) => ({ name, port, fixed: true })),
      labels: { [labels.listener]: wanted.ports[0]?.name ?? '' },
      selector: routerSelector,
      owner: active,
      isOurs: isListenerService,
    });
  }

  #routerProblem(namespace: string, entities: readonly string[]): string | undefined {
    const { routers } = this.#context;
    for (const entity of entities) {
      const problem = routers.problemOf(namespace, entity);
      if (problem !== undefined) return problem;
    }
    return undefined;
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

  async #tellMulti(own: MultiKeyListener, problem: string | undefined): Promise<void> {
    const { client, routers } = this.#context;
    const network = routers.networkOf(own.metadata.namespace ?? '');
    const reachable = network && ((key: string): boolean => hasConnector(network, key));
    const written = await updateStatus(client, multiKeyListener, own, (copy) => ({
      ...copy,
      status: decideMultiKeyStatus(copy, { problem, reachable }, evaluationOf(this.#context, copy)),
    }));
    announceStatus(this.#context, own, written);
  }
}

/** One listener, and how it is told what is wrong with it. */
interface Told {
  /** Its own first, then those of pods. */
  readonly fronts: readonly Front[];
  /** Names of further router entities that it needs. */
  readonly entities: readonly string[];
  readonly tell: (problem: string | undefined) => Promise<void>;
}

function isAlive(object: KubeObject): boolean {
  return !isTerminating(object);
}
