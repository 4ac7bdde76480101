/** What all objects of a site depend on, and are looked at again for when it changes. */
import type { KubeObject } from '#kube/index.ts';
import { feed, type Informer } from '#kubeclient/index.ts';
import type { ControllerContext } from './context.ts';
import { configMap, secret, site } from './kinds.ts';
import { siteObjects } from './names.ts';

/** Must be in the caches before anything of a site is judged. */
export function siteInformers({
  informers,
}: Pick<ControllerContext, 'informers'>): readonly Pick<Informer, 'synced'>[] {
  return [informers.of(secret), informers.of(site), informers.of(configMap)];
}

/**
 * Adds the keys of a namespace when its Site, a Secret, the configuration of its router or the
 * router itself changes.
 * @returns what takes the watches away
 */
export function wakeWithSite<Key>(
  context: Pick<ControllerContext, 'informers' | 'routers'>,
  keysIn: (namespace: string) => readonly Key[],
  add: (key: Key) => void,
): readonly (() => void)[] {
  const { informers, routers } = context;
  const receiver = { add };
  const beside = ({ metadata }: KubeObject): readonly Key[] =>
    metadata.namespace === undefined ? [] : keysIn(metadata.namespace);
  return [
    feed(informers.of(secret), receiver, beside),
    feed(informers.of(site), receiver, beside),
    feed(informers.of(configMap), receiver, (object) =>
      object.metadata.name === siteObjects.routerConfigMap ? beside(object) : [],
    ),
    routers.onEvent((namespace) => {
      for (const key of keysIn(namespace)) add(key);
    }),
  ];
}
