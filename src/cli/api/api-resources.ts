/**
 * The resources that an API server has, by aggregated discovery.
 * @spec Kubernetes apidiscovery.k8s.io v2
 */
import { isRecord } from '#kube/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import type { Session } from './session.ts';

export interface ApiResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly plural: string;
  /** Whatever else people call it, in lower case: singular, short names, kind. */
  readonly names: ReadonlySet<string>;
  readonly namespaced: boolean;
  readonly subresources: ReadonlySet<string>;
}

const document = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
const accept = `${document('v2')},${document('v2beta1')}`;

export interface ApiResources {
  /** Those of the core group first. */
  readonly resources: readonly ApiResource[];
  /** False when a server behind the API server does not answer, so that some may be missing. */
  readonly complete: boolean;
}

/** All of them; none, and not complete, when the API server does not tell. */
export async function apiResources({ client }: Pick<Session, 'client'>): Promise<ApiResources> {
  try {
    const lists = await Promise.all(
      ['/api', '/apis'].map((path) => client.raw<unknown>({ method: 'GET', path, accept })),
    );
    const told = lists.map(resourcesIn);
    return {
      resources: told.flatMap(({ resources }) => resources),
      complete: told.every(({ complete }) => complete),
    };
  } catch (thrown) {
    if (thrown instanceof KubeClientError) return nothing;
    throw thrown;
  }
}

const nothing: ApiResources = { resources: [], complete: false };

function resourcesIn(list: unknown): ApiResources {
  if (!isRecord(list) || list['kind'] !== 'APIGroupDiscoveryList') return nothing;
  const byName = new Map<string, ApiResource>();
  let complete = true;
  for (const item of records(list['items'])) {
    const group = isRecord(item['metadata']) ? text(item['metadata']['name']) : '';
    for (const version of records(item['versions'])) {
      if (version['freshness'] === 'Stale') complete = false;
      for (const entry of records(version['resources'])) {
        const found = resourceOf(group, entry);
        const key = `${group}/${found.plural}`;
        byName.set(key, joined(byName.get(key), found));
      }
    }
  }
  return { resources: [...byName.values()], complete };
}

function resourceOf(group: string, entry: Readonly<Record<string, unknown>>): ApiResource {
  const { responseKind, shortNames, singularResource, subresources, scope } = entry;
  const kind = isRecord(responseKind) ? text(responseKind['kind']) : '';
  const short = Array.isArray(shortNames) ? shortNames.map(text) : [];
  const names = [text(singularResource), kind, ...short].filter((each) => each !== '');
  return {
    group,
    plural: text(entry['resource']),
    names: new Set(names.map((each) => each.toLowerCase())),
    namespaced: scope !== 'Cluster',
    subresources: new Set(records(subresources).map((each) => text(each['subresource']))),
  };
}

/** What two versions of a group say about one resource. */
function joined(before: ApiResource | undefined, found: ApiResource): ApiResource {
  if (before === undefined) return found;
  return { ...before, subresources: new Set([...before.subresources, ...found.subresources]) };
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((each) => isRecord(each)) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
