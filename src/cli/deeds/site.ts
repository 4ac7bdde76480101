/** What the site verbs do. */
import { apiVersionOf, type KubeObject, type ResourceDefinition } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import type { Session } from '../api/session.ts';
import { namespaceKind, type Site, site, siteKinds } from '../api/kinds.ts';
import { usageError } from '../errors.ts';
import { create, remove } from './change.ts';

/** What `site create` and `site generate` are asked for. */
export interface SiteWish {
  readonly name: string;
  /** Empty: no link access. */
  readonly linkAccess: string;
  readonly ha: boolean;
}

/** What `site update` is asked to change; absent fields stay as they are. */
export interface SiteChange {
  readonly linkAccessEnabled?: boolean;
  readonly linkAccessType?: string;
  readonly ha?: boolean;
}

/** The manifest of a site. */
export function siteManifest(wish: SiteWish): Site {
  return {
    apiVersion: apiVersionOf(site),
    kind: site.kind,
    metadata: { name: wish.name },
    spec: {
      ...(wish.linkAccess === '' ? {} : { linkAccess: wish.linkAccess }),
      ...(wish.ha ? { ha: true } : {}),
    },
  };
}

/** All sites of the namespace; there should be one at most. */
export async function sitesOf(session: Session): Promise<readonly Site[]> {
  return (await session.client.list(site, { namespace: session.namespace })).items;
}

/** Creates the namespace of the session unless it is there. */
export async function createNamespace(session: Session): Promise<void> {
  const { namespace } = session;
  const found = await session.client.find(namespaceKind, { namespace: '', name: namespace });
  if (found !== undefined) return;
  const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  try {
    await session.client.create(namespaceKind, manifest);
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
  }
}

/** Creates the site of the namespace. @throws CliError CLI_USAGE when there is one */
export async function createSite(session: Session, wish: SiteWish): Promise<Site> {
  const exists = 'There is already a site created for this namespace';
  const [existing] = await sitesOf(session);
  if (existing !== undefined) {
    throw usageError(
      [exists],
      `it is "${existing.metadata.name}": change it with 'drawbridge site update', or use another namespace (-n)`,
    );
  }
  return create(session, site, siteManifest(wish), exists);
}

/**
 * The site a verb means: the one named, or the only one.
 * @param none what to say when the namespace has no site
 * @throws CliError CLI_USAGE
 */
export async function chooseSite(
  session: Session,
  name: string | undefined,
  none: string,
): Promise<Site> {
  const sites = await sitesOf(session);
  const [first] = sites;
  const look = `see 'drawbridge site status -n ${session.namespace}'`;
  if (first === undefined) {
    throw usageError(
      [none],
      `create one with 'drawbridge site create', or choose a namespace (-n)`,
    );
  }
  if (name === undefined) {
    if (sites.length === 1) return first;
    throw usageError(
      ['site name is required because there are several sites in this namespace'],
      look,
    );
  }
  const named = sites.find((each) => each.metadata.name === name);
  if (named !== undefined) return named;
  throw usageError([`site with name "${name}" is not available`], look);
}

/** Changes what is asked for and nothing else. @throws CliError CLI_USAGE */
export async function updateSite(
  session: Session,
  name: string | undefined,
  change: SiteChange,
): Promise<Site> {
  const existing = await chooseSite(
    session,
    name,
    'there is no existing Skupper site resource to update',
  );
  const spec = siteSpecPatch(existing, change);
  if (Object.keys(spec).length === 0) return existing;
  const key = { namespace: session.namespace, name: existing.metadata.name };
  return session.client.patch(site, key, { spec });
}

/** The merge patch for the spec. @throws CliError CLI_USAGE for a type while access is off */
export function siteSpecPatch(existing: Site, change: SiteChange): Record<string, unknown> {
  const { linkAccessEnabled, linkAccessType, ha } = change;
  const present = existing.spec?.linkAccess ?? '';
  const isOn = present !== '' && present !== 'none';
  if (linkAccessType !== undefined && !(linkAccessEnabled ?? isOn)) {
    throw usageError(
      [linkAccessTypeAlone],
      'add --enable-link-access, or leave --link-access-type out',
    );
  }
  const patch: Record<string, unknown> = {};
  if (linkAccessEnabled === false) {
    if (isOn) patch['linkAccess'] = 'none';
  } else if (linkAccessType !== undefined) patch['linkAccess'] = linkAccessType;
  else if (linkAccessEnabled === true && !isOn) patch['linkAccess'] = 'default';
  if (ha !== undefined) patch['ha'] = ha;
  return patch;
}

/** What to say about a link access type without link access. */
export const linkAccessTypeAlone =
  'for the site to work with this type of linkAccess, the --enable-link-access option must be set to true';

/**
 * Deletes a site, with `all` every other object of ours in the namespace first.
 * @param timeoutMs how long to wait until it is gone, 0 for not at all
 * @returns the name of the site
 */
export async function deleteSite(
  session: Session,
  options: {
    readonly name: string | undefined;
    readonly all: boolean;
    readonly timeoutMs: number;
  },
): Promise<string> {
  const none = 'There is no existing Skupper site resource to delete';
  const { metadata } = await chooseSite(session, options.name, none);
  if (options.all) {
    for (const kind of siteKinds) {
      for (const { metadata: each } of await allOf(session, kind)) {
        await remove(session, kind, each.name, 0);
      }
    }
  }
  await remove(session, site, metadata.name, options.timeoutMs);
  return metadata.name;
}

/** Objects of a kind; none when this API server does not know the kind. */
async function allOf(session: Session, kind: ResourceDefinition): Promise<readonly KubeObject[]> {
  try {
    return (await session.client.list(kind, { namespace: session.namespace })).items;
  } catch (thrown) {
    if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return [];
    throw thrown;
  }
}
