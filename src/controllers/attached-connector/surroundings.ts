/** What the caches know about AttachedConnectors and their bindings. */
import { isTerminating, type KubeObject } from '#kube/index.ts';
import { activeSiteOf, type ControllerContext, secretsOf } from '../context.ts';
import { attachedConnector, attachedConnectorBinding } from '../kinds.ts';
import type { ConnectorInput } from '../router-config/entities.ts';
import { attachedInputs, type AttachedSurroundings } from './match.ts';

/** @param name only pairs of this name; absent: all */
export function attachedSurroundings(
  context: ControllerContext,
  name?: string,
): AttachedSurroundings {
  const { informers, runtime } = context;
  const isMeant = (object: KubeObject): boolean =>
    (name === undefined || object.metadata.name === name) && !isTerminating(object);
  return {
    connectors: informers.of(attachedConnector).list().filter(isMeant),
    bindings: informers.of(attachedConnectorBinding).list().filter(isMeant),
    hasSite: (namespace) => activeSiteOf(context, namespace) !== undefined,
    secret: (namespace, of) => secretsOf(context, namespace)(of),
    pods: (namespace) => runtime.pods?.list(namespace),
  };
}

/** What the router of a namespace connects to in other namespaces. */
export function attachedConnectorsOf(
  context: ControllerContext,
  namespace: string,
): readonly ConnectorInput[] {
  const bindings = context.informers.of(attachedConnectorBinding).list(namespace);
  if (bindings.length === 0) return [];
  const surroundings = attachedSurroundings(context);
  return surroundings.bindings
    .filter(({ metadata }) => metadata.namespace === namespace)
    .flatMap((binding) => attachedInputs(binding, surroundings));
}

/** Namespaces whose routers connect to pods of a namespace. */
export function namespacesServing(context: ControllerContext, workload: string): readonly string[] {
  const connectors = context.informers.of(attachedConnector).list(workload);
  return connectors.flatMap(({ spec }) => (spec === undefined ? [] : [spec.siteNamespace]));
}
