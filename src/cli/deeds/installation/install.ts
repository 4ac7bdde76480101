/** What `install` and `uninstall` do to a cluster. */
import { setTimeout } from 'node:timers/promises';
import { apiDefinitions } from '#apis/index.ts';
import { collectionPath, type KubeObject } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import { site } from '../../api/kinds.ts';
import type { Session } from '../../api/session.ts';
import { CliError } from '../../errors.ts';
import { applyAll } from '../apply.ts';
import { controllerObjects, type InstallationWish } from './controller-objects.ts';
import { gatewayObjects, type GatewayWish } from './gateway-objects.ts';
import { crdObjects, type InstalledObject, managedBy } from './installed-object.ts';

export type InstalledAs = 'applied' | 'kept' | 'removed';

/** Told of each object and what became of it. */
export type Tell = (object: KubeObject, what: InstalledAs) => void;

/**
 * Applies the kinds, then the objects. Kinds and namespaces of others are used as they are.
 * @throws CliError CLI_REFUSED for the API of `drawbridge up`
 */
export async function install(
  session: Session,
  objects: readonly InstalledObject[],
  tell: Tell,
): Promise<void> {
  await refuseEmbedded(session);
  for (const wanted of [...crdObjects(), ...objects]) {
    const { kind } = wanted.object;
    const shared = kind === 'CustomResourceDefinition' || kind === 'Namespace';
    if (shared && (await isForeign(session, wanted))) {
      tell(wanted.object, 'kept');
      continue;
    }
    if (isOurs(wanted)) await served(session, wanted);
    await applyAll(session, [await kept(session, wanted)]);
    tell(wanted.object, 'applied');
  }
}

/**
 * Removes what an installation made, kinds last, with all objects of these kinds.
 * @throws CliError CLI_REFUSED while there are Sites, unless `force`
 */
export async function uninstall(
  session: Session,
  wish: InstallationWish,
  options: { readonly force: boolean; readonly keepKinds: boolean },
  tell: Tell,
): Promise<void> {
  if (!options.force) await refuseWithSites(session);
  const kinds = options.keepKinds ? [] : crdObjects();
  // Rights go after the controller, which needs them while it ends.
  const control = controllerObjects({ ...wish, onlyNamespace: true }).filter(
    ({ object }) => object.kind === 'ConfigMap',
  );
  const own = controllerObjects({ ...wish, onlyNamespace: false }).toReversed();
  const gateway = gatewayRemovals(wish.namespace);
  await remove(session, [...gateway, ...control, ...own, ...kinds], tell);
}

/** Removes the gateway alone; its namespace and the kinds stay. */
export async function uninstallGateway(
  session: Session,
  namespace: string,
  tell: Tell,
): Promise<void> {
  await remove(session, gatewayRemovals(namespace), tell);
}

/** All that any installation of a gateway makes there, the process first. */
function gatewayRemovals(namespace: string): readonly InstalledObject[] {
  const any: GatewayWish = {
    namespace,
    image: '',
    pullPolicy: 'IfNotPresent',
    replicas: 1,
    publicUrl: 'https://localhost',
    ownCa: false,
    serviceType: 'ClusterIP',
    linksRole: 'view',
    flags: [],
  };
  return gatewayObjects(any)
    .filter(({ object }) => object.kind !== 'Namespace')
    .toReversed();
}

async function remove(
  session: Session,
  objects: readonly InstalledObject[],
  tell: Tell,
): Promise<void> {
  for (const made of objects) {
    const { name, namespace = '' } = made.object.metadata;
    const found = await session.client.find(made.of, { namespace, name });
    if (found === undefined) continue;
    if (!isManaged(found)) {
      tell(found, 'kept');
      continue;
    }
    await session.client.remove(made.of, { namespace, name }, { uid: found.metadata.uid ?? '' });
    tell(found, 'removed');
  }
}

/** `drawbridge up` has controllers of its own, and no nodes that could run others. */
async function refuseEmbedded({ client }: Session): Promise<void> {
  const version = await client.raw<{ gitVersion?: string }>({ method: 'GET', path: '/version' });
  if (version.gitVersion?.includes('drawbridge') !== true) return;
  throw new CliError('CLI_REFUSED', `${client.server} is a drawbridge up: it has its controllers`, {
    todo: 'give --kubeconfig or --context of a cluster',
  });
}

async function kept({ client }: Session, wanted: InstalledObject): Promise<InstalledObject> {
  const { of, object, keeping } = wanted;
  if (keeping === undefined) return wanted;
  const { name, namespace = '' } = object.metadata;
  const found = await client.find(of, { namespace, name });
  return found === undefined ? wanted : { of, object: keeping(found, object) };
}

/** Custom kinds of ours, which a cluster serves a moment after they were applied. */
function isOurs({ of }: InstalledObject): boolean {
  return apiDefinitions.some(({ group, plural }) => group === of.group && plural === of.plural);
}

/** Longest wait for a kind to be served; milliseconds. */
const servedMsMax = 15_000;

async function served({ client }: Session, { of }: InstalledObject): Promise<void> {
  const untilMs = performance.now() + servedMsMax;
  for (;;) {
    try {
      await client.raw({ method: 'GET', path: `${collectionPath(of)}?limit=1` });
      return;
    } catch (thrown) {
      if (!isKubeError(thrown, 'KUBE_NOT_FOUND') || performance.now() > untilMs) throw thrown;
    }
    await setTimeout(100);
  }
}

async function isForeign(session: Session, { of, object }: InstalledObject): Promise<boolean> {
  const { name, namespace = '' } = object.metadata;
  const found = await session.client.find(of, { namespace, name });
  return found !== undefined && !isManaged(found);
}

function isManaged({ metadata }: KubeObject): boolean {
  return Object.entries(managedBy).every(([name, value]) => metadata.labels?.[name] === value);
}

async function refuseWithSites(session: Session): Promise<void> {
  const sites = await sitesOf(session);
  if (sites.length === 0) return;
  const shown = sites.slice(0, sitesShown).map((each) => `${each.namespace}/${each.name}`);
  const more = sites.length > shown.length ? ` and ${sites.length - shown.length} more` : '';
  throw new CliError('CLI_REFUSED', `there are still sites: ${shown.join(', ')}${more}`, {
    todo: "delete them first ('drawbridge site delete -n NAMESPACE'), or give --force to lose them",
  });
}

const sitesShown = 5;

async function sitesOf(session: Session): Promise<readonly { namespace: string; name: string }[]> {
  try {
    const { items } = await session.client.list(site);
    return items.map(({ metadata }) => ({
      namespace: metadata.namespace ?? '',
      name: metadata.name,
    }));
  } catch (thrown) {
    // Without the kind there are none.
    if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return [];
    throw thrown;
  }
}
