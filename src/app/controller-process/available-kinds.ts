/** Which kinds of others an API server has: asked once, when the controller starts. */
import { apiVersionOf, qualifiedResource, type ResourceDefinition } from '#kube/index.ts';
import { isKubeError, type KubeClient } from '#kubeclient/index.ts';

/** @returns those that are there, as `plural.group` @throws KubeClientError */
export async function availableKinds(
  client: KubeClient,
  kinds: readonly ResourceDefinition[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const kind of kinds) {
    const path = `/apis/${apiVersionOf(kind)}`;
    try {
      const { resources = [] } = await client.raw<{ resources?: { name?: string }[] }>({
        method: 'GET',
        path,
      });
      if (resources.some(({ name }) => name === kind.plural)) found.add(qualifiedResource(kind));
    } catch (thrown) {
      if (!isKubeError(thrown, 'KUBE_NOT_FOUND')) throw thrown;
    }
  }
  return found;
}
