/** The Site: which one counts, what is wrong with it, and what its status says. Pure. */
import type { NetworkSite as ApiNetworkSite } from '#apis/index.ts';
import { unreachable } from '#base/assert.ts';
import {
  type ConditionState,
  type Evaluation,
  equalJson,
  findCondition,
  isTerminating,
  removeCondition,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { ConfigMap, Endpoint, RouterAccess, Site } from '../kinds.ts';
import { messages, routerGroups, siteObjects } from '../names.ts';
import type { NetworkSite } from '../network.ts';
import type { RouterHealth } from '../runtime.ts';

/**
 * The active Site of a namespace is the one that owns the router ConfigMap. Creating that ConfigMap
 * is how a Site becomes active, so two can never both be.
 */
export function activeSite(
  sites: readonly Site[],
  configMap: ConfigMap | undefined,
): Site | undefined {
  const owner = ownerUid(configMap);
  return sites.find((site) => site.metadata.uid === owner && !isTerminating(site));
}

export type Claim =
  | { readonly verdict: 'active' }
  /** Take the ConfigMap: it is absent, or its Site is gone. */
  | { readonly verdict: 'claim' }
  | { readonly verdict: 'refused'; readonly problem: string };

/** May `site` be the active one? */
export function decideClaim(
  site: Site,
  sites: readonly Site[],
  configMap: ConfigMap | undefined,
): Claim {
  if (configMap === undefined) return { verdict: 'claim' };
  const owner = ownerUid(configMap);
  if (owner === site.metadata.uid) return { verdict: 'active' };
  if (owner === undefined) {
    const name = siteObjects.routerConfigMap;
    const uid = site.metadata.uid ?? '';
    return { verdict: 'refused', problem: `${name} is not owned by skupper site "${uid}"` };
  }
  const active = sites.find(({ metadata }) => metadata.uid === owner);
  if (active === undefined || isTerminating(active)) return { verdict: 'claim' };
  const problem = `An active site already exists in the namespace (${active.metadata.name})`;
  return { verdict: 'refused', problem };
}

function ownerUid(configMap: ConfigMap | undefined): string | undefined {
  return configMap?.metadata.ownerReferences?.find(({ kind }) => kind === 'Site')?.uid;
}

export interface SiteAbilities {
  readonly accessTypes: readonly string[];
  readonly edge: boolean;
  readonly ha: boolean;
}

/** What is wrong with the spec, if anything. */
export function checkSite(site: Site, abilities: SiteAbilities): string | undefined {
  const { linkAccess = '', edge = false, ha = false } = site.spec ?? {};
  const known = ['', 'none', 'default', ...abilities.accessTypes];
  if (!known.includes(linkAccess)) return `Unsupported value for LinkAccess: ${linkAccess}`;
  if (edge && ha) return 'Edge sites cannot have HA enabled';
  if (edge && !abilities.edge) return 'Edge sites are not supported on this platform';
  if (ha && !abilities.ha) return 'HA is not supported on this platform';
  return undefined;
}

/** True when other sites may link to this one. */
export function acceptsLinks(site: Site): boolean {
  const { linkAccess = '' } = site.spec ?? {};
  return linkAccess !== '' && linkAccess !== 'none';
}

/** The Secret that signs for this site when nothing else is said. */
export function defaultIssuer(site: Site): string {
  const asked = site.spec?.defaultIssuer ?? '';
  return asked === '' ? siteObjects.siteCa : asked;
}

export interface SiteFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  readonly active: boolean;
  readonly health: RouterHealth;
  readonly routerAccesses: readonly RouterAccess[];
  readonly network: readonly NetworkSite[] | undefined;
  readonly controller: {
    readonly name: string;
    readonly namespace: string;
    readonly version: string;
  };
}

/** Sites listed in a status; their number is told in full. */
const networkSitesMax = 256;

/** The status a Site should have; the same object when nothing changes. */
export function decideSiteStatus(
  site: Site,
  facts: SiteFacts,
  at: Evaluation,
): NonNullable<Site['status']> {
  const before = site.status ?? {};
  const configured = facts.problem === undefined ? stateReady() : stateError(facts.problem);
  if (!facts.active) {
    return settleStatus(before, { Configured: configured }, ['Configured'], at);
  }
  const endpoints = endpointsOf(facts.routerAccesses);
  const resolvable = acceptsLinks(site);
  const changes: Record<string, ConditionState> = {
    Configured: configured,
    Running: runningState(facts.health, routerGroups(site.spec?.ha === true).length),
    ...(resolvable ? { Resolved: endpoints.length > 0 ? stateReady() : statePending() } : {}),
  };
  const required = ['Configured', 'Running', ...(resolvable ? ['Resolved'] : [])];
  const kept = resolvable ? before.conditions : [...removeCondition(before.conditions, 'Resolved')];
  const settled = settleStatus(
    kept === undefined || equalJson(kept, before.conditions)
      ? before
      : { ...before, conditions: kept },
    changes,
    required,
    at,
  );
  const next: NonNullable<Site['status']> = {
    ...settled,
    endpoints,
    defaultIssuer: defaultIssuer(site),
    controller: { ...facts.controller },
    ...(facts.network === undefined
      ? {}
      : {
          network: facts.network.slice(0, networkSitesMax).map(copySite),
          sitesInNetwork: facts.network.length,
        }),
  };
  return equalJson(next, before) ? before : next;
}

/** What to say of a Site that has just lost one of its routers; undefined of others. */
export function lostRouter(before: Site['status'], after: Site['status']): string | undefined {
  const was = findCondition(before?.conditions, 'Running');
  const is = findCondition(after?.conditions, 'Running');
  // One that never had it, or that was changed a moment ago, is only beginning.
  if (was?.status !== 'True' || is?.status !== 'True') return undefined;
  if (was.observedGeneration !== is.observedGeneration) return undefined;
  const { message: ready } = stateReady();
  return was.message === ready && is.message !== ready ? is.message : undefined;
}

function copySite(site: NetworkSite): ApiNetworkSite {
  return {
    ...site,
    links: (site.links ?? []).map((link) => ({ ...link })),
    services: (site.services ?? []).map((service) => ({
      ...service,
      connectors: [...(service.connectors ?? [])],
      listeners: [...(service.listeners ?? [])],
    })),
  };
}

/** @param wanted how many routers there should be */
function runningState(health: RouterHealth, wanted: number): ConditionState {
  switch (health.state) {
    case 'ready':
      return health.count >= wanted
        ? stateReady()
        : { ...stateReady(), message: messages.someRoutersReady(health.count, wanted) };
    case 'starting':
      return statePending(health.message);
    case 'absent':
      return statePending(messages.noRouterReady);
    default:
      return unreachable(health, 'router health');
  }
}

/** The union over all RouterAccesses, in a stable order. */
function endpointsOf(routerAccesses: readonly RouterAccess[]): Endpoint[] {
  return routerAccesses
    .filter((access) => !isTerminating(access))
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((access) => (access.status?.endpoints ?? []).map((endpoint) => ({ ...endpoint })));
}
