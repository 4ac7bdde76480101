/** The Connector controller: tells whether a Connector is configured and has a listener. */
import type { Running } from '#base/lifecycle.ts';
import { isTerminating, keyOf, type ObjectKey } from '#kube/index.ts';
import { feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import {
  activeSiteOf,
  type ControllerContext,
  evaluationOf,
  onPods,
  secretsOf,
} from '../context.ts';
import { objectId, startController } from '../controller.ts';
import { announceStatus } from '../tidings.ts';
import { type Connector, connector } from '../kinds.ts';
import { messages } from '../names.ts';
import { hasListener } from '../network.ts';
import { connectorEntityName } from '../router-config/entities.ts';
import { siteInformers, wakeWithSite } from '../site-wake.ts';
import { checkConnector } from './check.ts';
import { type ConnectorFacts, decideConnectorStatus } from './status.ts';

export function startConnectorController(context: ControllerContext): Running {
  const { informers, runtime } = context;
  const connectors = informers.of(connector);
  const keysIn = (namespace: string): ObjectKey[] => connectors.list(namespace).map(keyOf);
  return startController<ObjectKey>(context, new ConnectorReconciler(context), {
    name: 'connector',
    idOf: objectId,
    workersMax: 8,
    informers: [
      connectors,
      ...siteInformers(context),
      ...(runtime.pods === undefined ? [] : [runtime.pods]),
    ],
    all: () => connectors.list().map(keyOf),
    wake: (add, loop) => [
      onPods(context, (namespace) => {
        for (const own of connectors.list(namespace)) {
          if ((own.spec?.selector ?? '') !== '') add(keyOf(own));
        }
      }),
      feed(connectors, loop, (object) => [keyOf(object)]),
      ...wakeWithSite(context, keysIn, add),
    ],
  });
}

class ConnectorReconciler implements Reconciler<ObjectKey> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { client, informers, routers } = this.#context;
    const own = informers.of(connector).get(key);
    if (own === undefined || isTerminating(own)) return {};
    const network = routers.networkOf(key.namespace);
    const { problem, pods } = this.#check(own, key.namespace);
    const facts = {
      problem,
      pods,
      matched: network && hasListener(network, own.spec?.routingKey ?? ''),
    };
    const written = await updateStatus(client, connector, own, (copy) => ({
      ...copy,
      status: decideConnectorStatus(copy, facts, evaluationOf(this.#context, copy)),
    }));
    announceStatus(this.#context, own, written);
    return {};
  }

  #check(own: Connector, namespace: string): Pick<ConnectorFacts, 'pods' | 'problem'> {
    const { runtime, routers } = this.#context;
    if (activeSiteOf(this.#context, namespace) === undefined) {
      return { problem: messages.noActiveSite, pods: [] };
    }
    const checked = checkConnector(own, {
      secret: secretsOf(this.#context, namespace),
      pods: runtime.pods?.list(namespace),
    });
    if (!checked.ok) return { problem: checked.problem, pods: [] };
    const problem = checked.connectors
      .map((each) => routers.problemOf(namespace, connectorEntityName(each)))
      .find((said) => said !== undefined);
    return { problem, pods: checked.pods };
  }
}
