/**
 * The controller of AttachedConnectors and their bindings. One key per name, because those that
 * belong together live in different namespaces under the same name.
 */
import type { Running } from '#base/lifecycle.ts';
import type { KubeObject } from '#kube/index.ts';
import { feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { type ControllerContext, evaluationOf, onPods } from '../context.ts';
import { startController } from '../controller.ts';
import {
  type AttachedConnector,
  type AttachedConnectorBinding,
  attachedConnector,
  attachedConnectorBinding,
} from '../kinds.ts';
import { hasListener } from '../network.ts';
import { siteInformers, wakeWithSite } from '../site-wake.ts';
import { announceStatus } from '../tidings.ts';
import { type AttachedCheck, checkAttached, checkBinding } from './match.ts';
import { attachedSurroundings } from './surroundings.ts';
import { decideAttachedStatus, decideBindingStatus } from './status.ts';

export function startAttachedConnectorController(context: ControllerContext): Running {
  const { informers, runtime } = context;
  const connectors = informers.of(attachedConnector);
  const bindings = informers.of(attachedConnectorBinding);
  /** Names of pairs that look at the Site, the Secrets or the network of a namespace. */
  const atSite = (namespace: string): string[] => {
    const served = connectors.list().filter(({ spec }) => spec?.siteNamespace === namespace);
    return [...new Set([...served, ...bindings.list(namespace)].flatMap(nameOf))];
  };
  return startController<string>(context, new AttachedReconciler(context), {
    name: 'attached-connector',
    idOf: (name) => name,
    workersMax: 8,
    informers: [
      connectors,
      bindings,
      ...siteInformers(context),
      ...(runtime.pods === undefined ? [] : [runtime.pods]),
    ],
    all: () => [...new Set([...connectors.list(), ...bindings.list()].flatMap(nameOf))],
    wake: (add, loop) => [
      onPods(context, (namespace) => {
        for (const each of connectors.list(namespace)) add(each.metadata.name);
      }),
      feed(connectors, loop, nameOf),
      feed(bindings, loop, nameOf),
      ...wakeWithSite(context, atSite, add),
    ],
  });
}

class AttachedReconciler implements Reconciler<string> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(name: string): Promise<ReconcileResult> {
    const surroundings = attachedSurroundings(this.#context, name);
    for (const each of surroundings.connectors) {
      await this.#tellConnector(each, checkAttached(each, surroundings));
    }
    for (const each of surroundings.bindings) {
      await this.#tellBinding(each, problemOf(checkBinding(each, surroundings)));
    }
    return {};
  }

  async #tellConnector(own: AttachedConnector, check: AttachedCheck): Promise<void> {
    const { client } = this.#context;
    const written = await updateStatus(client, attachedConnector, own, (copy) => ({
      ...copy,
      status: decideAttachedStatus(copy, check, evaluationOf(this.#context, copy)),
    }));
    announceStatus(this.#context, own, written);
  }

  async #tellBinding(own: AttachedConnectorBinding, problem: string | undefined): Promise<void> {
    const { client, routers } = this.#context;
    const network = routers.networkOf(own.metadata.namespace ?? '');
    const matched = network && hasListener(network, own.spec?.routingKey ?? '');
    const written = await updateStatus(client, attachedConnectorBinding, own, (copy) => ({
      ...copy,
      status: decideBindingStatus(copy, { problem, matched }, evaluationOf(this.#context, copy)),
    }));
    announceStatus(this.#context, own, written);
  }
}

function problemOf(check: AttachedCheck): string | undefined {
  return check.ok ? undefined : check.problem;
}

function nameOf(object: KubeObject): readonly string[] {
  return [object.metadata.name];
}
