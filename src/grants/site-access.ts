/** What a site offers to those who join: which site is active, its endpoints, who signs. */
import type { KubeObject } from '#kube/index.ts';

/** One way to a router. */
export interface Endpoint {
  readonly name?: string;
  readonly host?: string;
  readonly port?: string;
  readonly group?: string;
}

/** As much of a Site as is looked at here. */
export interface SiteFacts extends KubeObject {
  readonly spec?: { readonly edge?: boolean; readonly defaultIssuer?: string };
  readonly status?: {
    readonly defaultIssuer?: string;
    readonly endpoints?: readonly Endpoint[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The Secret that signs when neither grant nor site names one. */
export const issuerDefault = 'skupper-site-ca';

/**
 * The active site of a namespace: the configured one where there are several, the oldest where
 * none is configured yet.
 */
export function activeSite<T extends SiteFacts>(sites: readonly T[]): T | undefined {
  const alive = sites.filter((site) => site.metadata.deletionTimestamp === undefined);
  const configured = alive.filter((site) =>
    (site.status?.conditions ?? []).some(
      (condition) => condition.type === 'Configured' && condition.status === 'True',
    ),
  );
  return (configured.length > 0 ? configured : alive).toSorted(byAge)[0];
}

function byAge(a: KubeObject, b: KubeObject): number {
  const left = `${a.metadata.creationTimestamp ?? ''} ${a.metadata.name}`;
  const right = `${b.metadata.creationTimestamp ?? ''} ${b.metadata.name}`;
  return left < right ? -1 : Number(left > right);
}

/** Name of the Secret that signs for joiners of this site. */
export function issuerOf(grantIssuer: string | undefined, site: SiteFacts): string {
  // An empty text means "not given", as everywhere in these kinds.
  return grantIssuer || site.spec?.defaultIssuer || site.status?.defaultIssuer || issuerDefault;
}

/** The endpoints that links can use, one list per router group, in the order of group names. */
export function endpointGroups(site: SiteFacts): readonly (readonly Required<Endpoint>[])[] {
  const groups = new Map<string, Required<Endpoint>[]>();
  for (const { name = '', host = '', port = '', group = '' } of site.status?.endpoints ?? []) {
    if ((name !== 'inter-router' && name !== 'edge') || host === '' || port === '') continue;
    const list = groups.get(group) ?? [];
    list.push({ name, host, port, group });
    groups.set(group, list);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
}
