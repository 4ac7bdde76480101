/** All paths of a namespace at once: the site first, since nothing works without it. */
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import { accessToken, connector, link, listener, site } from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { connectorPath } from './connector-steps.ts';
import { gatewayToken } from '#apis/index.ts';
import { gatewayTokenPath } from './gateway-token-steps.ts';
import { linkPath } from './link-steps.ts';
import { listenerPath } from './listener-steps.ts';
import { activeSite, sitePath } from './site-steps.ts';
import { type Diagnosis, follow, note, type Step } from './step.ts';
import { tokenPath } from './token-steps.ts';
import { type World, worldOf } from './world.ts';

/** The path of each kind, by the word for it. */
export const paths: Readonly<Record<string, readonly Step<World>[]>> = {
  link: linkPath,
  token: tokenPath,
  listener: listenerPath,
  connector: connectorPath,
  site: sitePath,
  gatewaytoken: gatewayTokenPath,
};

/** What each word stands for. */
export const kinds: Readonly<Record<string, ResourceDefinition>> = {
  link,
  token: accessToken,
  listener,
  connector,
  site,
  gatewaytoken: gatewayToken,
};

/** One object and what its path shows. */
export interface Surveyed {
  /** Such as `link/to-west`. */
  readonly target: string;
  readonly diagnosis: Diagnosis;
}

/** Most objects of one kind that are followed. */
const objectsMax = 200;

/** Follows everything in the namespace; only the site when that is at fault. */
export async function survey(
  session: Session,
  nowMs: number,
  onTarget: (target: string) => void,
): Promise<readonly Surveyed[]> {
  const found: Surveyed[] = [];
  const world = worldOf(session, '', nowMs);
  const look = async (kind: string, name: string): Promise<void> => {
    const target = `${kind}/${name}`;
    onTarget(target);
    found.push({ target, diagnosis: await follow({ ...world, name }, paths[kind] ?? []) });
  };
  const sites = await namesOf(session, site);
  for (const name of sites) await look('site', name);
  if (sites.length === 0) {
    return [{ target: 'site', diagnosis: await follow(world, [activeSite]) }];
  }
  const hasSite = found.some(({ diagnosis }) => !isOfSite(diagnosis));
  if (!hasSite) return found;
  // A token that was redeemed goes on along its link, which is followed anyway.
  const open = (object: KubeObject): boolean => !isRedeemed(object);
  for (const kind of ['token', 'link', 'connector', 'listener']) {
    try {
      const names = await namesOf(
        session,
        kinds[kind] ?? site,
        kind === 'token' ? open : undefined,
      );
      for (const name of names) await look(kind, name);
    } catch (thrown) {
      if (!isKubeError(thrown, 'KUBE_FORBIDDEN')) throw thrown;
      const steps = [note('access', `may not look: ${thrown.message}`)];
      found.push({ target: kind, diagnosis: { healthy: true, steps } });
    }
  }
  return found;
}

/** True when the site itself is at fault, and so everything in it. */
function isOfSite({ cause }: Diagnosis): boolean {
  return cause !== undefined && cause.step !== 'links';
}

async function namesOf(
  session: Session,
  of: ResourceDefinition,
  isWanted: (object: KubeObject) => boolean = () => true,
): Promise<readonly string[]> {
  const { items } = await session.client.list(of, { namespace: session.namespace });
  const wanted = items.filter(isWanted).slice(0, objectsMax);
  return wanted.map(({ metadata }) => metadata.name);
}

function isRedeemed(object: KubeObject): boolean {
  return (
    (object as { readonly status?: { readonly redeemed?: boolean } }).status?.redeemed === true
  );
}
