/** Which collections and objects a session may look at, found from its rules and from discovery. */
import { getJson } from './kube.ts';
import type { Grant, SessionRule } from './session.ts';

/** A kind as discovery names it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Something to open: a collection, or one object when the rule names objects. */
export interface Place {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  /** Label selector that lists must carry. */
  readonly selector?: string;
  /** Objects can be read by those who know their names, and not listed. */
  readonly byName?: boolean;
}

interface GroupList {
  readonly groups: readonly {
    readonly name: string;
    readonly preferredVersion: { readonly groupVersion: string };
  }[];
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** Most groups and namespaces that are asked about, so that a wide grant stays quick. */
const groupsMax = 40;
const namespacesMax = 20;

/** Path of a place in the API. */
export function placePath({ resource, namespace, name }: Place): string {
  const { group, version, plural, namespaced } = resource;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const space = namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${root}${space}/${plural}${name === undefined ? '' : `/${name}`}`;
}

/** Path and query of the list of a place, for one object of it when the place has a name. */
export function listPath({ name, selector, ...collection }: Place): string {
  const query = new URLSearchParams({
    ...(selector === undefined ? {} : { labelSelector: selector }),
    ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
  });
  return `${placePath(collection)}${query.size === 0 ? '' : `?${query.toString()}`}`;
}

/** Address of the first page of the session that this page's address names. */
export function overviewFragment(): string {
  return `#${tagOfAddress()}`;
}

/** The session that this page's address names; empty when it names none. */
export function tagOfAddress(): string {
  return location.hash.slice(1).split('/')[0] ?? '';
}

/** Address of a view of a place: `#SESSION/view/group/version/plural/namespace/name/...` */
export function placeFragment(view: string, place: Place, more: readonly string[] = []): string {
  const { group, version, plural } = place.resource;
  const parts = [view, group, version, plural, place.namespace ?? '', place.name ?? '', ...more];
  return `${overviewFragment()}/${parts.map(encodeURIComponent).join('/')}`;
}

/** Everything that may be opened, in the order of the rules. */
export async function findPlaces(grant: Grant): Promise<readonly Place[]> {
  const allowed = grant.rules.filter(
    (rule) => rule.effect !== 'deny' && seeing(rule) && (rule.subresources ?? []).length === 0,
  );
  if (allowed.length === 0) return [];
  const known = await discover(allowed);
  const places = new Map<string, Place>();
  for (const rule of allowed) {
    for (const place of placesOf(rule, known)) {
      const path = placePath(place);
      const before = places.get(path);
      // Of two rules for one place the wider one counts.
      if (before === undefined || isNarrow(before)) places.set(path, place);
    }
  }
  return [...places.values()];
}

/** Whether one of the places is the collection of an object, to go up to. */
export function hasCollection(places: readonly Place[], object: Place): boolean {
  const { group, plural } = object.resource;
  return places.some(
    ({ resource, namespace, name, byName }) =>
      resource.group === group &&
      resource.plural === plural &&
      (namespace ?? object.namespace) === object.namespace &&
      name === undefined &&
      byName !== true,
  );
}

function isNarrow({ selector, byName }: Place): boolean {
  return selector !== undefined || byName === true;
}

function seeing(rule: SessionRule): boolean {
  const verbs = rule.verbs ?? [];
  return ['get', 'list', 'watch', '*'].some((verb) => verbs.includes(verb));
}

async function discover(rules: readonly SessionRule[]): Promise<readonly Resource[]> {
  const wanted = new Set(rules.flatMap((rule) => anyOr(rule.apiGroups)));
  const every = wanted.has('*');
  const found: Resource[] = [];
  if (every || wanted.has('')) found.push(...(await resourcesOf('', 'v1')));
  const groups = [...wanted].some((name) => name !== '')
    ? (await getJson<GroupList>('/apis')).groups
    : [];
  const chosen = groups.filter(({ name }) => every || wanted.has(name)).slice(0, groupsMax);
  const lists = await Promise.all(
    chosen.map(({ name, preferredVersion }) =>
      resourcesOf(name, preferredVersion.groupVersion.split('/')[1] ?? 'v1'),
    ),
  );
  return [...found, ...lists.flat()];
}

/** In rules an empty list means any. */
function anyOr(list: readonly string[] | undefined): readonly string[] {
  return list === undefined || list.length === 0 ? ['*'] : list;
}

async function resourcesOf(group: string, version: string): Promise<readonly Resource[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const { resources } = await getJson<ResourceList>(path);
  return resources
    .filter(({ name, verbs }) => !name.includes('/') && verbs.includes('get'))
    .map(({ name, kind, namespaced }) => ({ group, version, plural: name, kind, namespaced }));
}

function placesOf(rule: SessionRule, known: readonly Resource[]): readonly Place[] {
  const groups = anyOr(rule.apiGroups);
  const plurals = anyOr(rule.resources);
  const matching = known.filter(
    ({ group, plural }) =>
      (groups.includes('*') || groups.includes(group)) &&
      (plurals.includes('*') || plurals.includes(plural)),
  );
  const spaces = rule.namespaces ?? [];
  const everywhere = spaces.length === 0 || spaces.includes('*');
  const names = rule.resourceNames ?? [];
  const selector = (rule.selectors ?? []).join(',');
  const lists = ['list', '*'].some((verb) => (rule.verbs ?? []).includes(verb));
  return matching.flatMap((resource): Place[] => {
    const within =
      !resource.namespaced || everywhere ? [undefined] : spaces.slice(0, namespacesMax);
    return within.flatMap((namespace) => {
      const place = {
        resource,
        ...(namespace === undefined ? {} : { namespace }),
        ...(selector === '' ? {} : { selector }),
      };
      if (names.length > 0) return names.map((name) => ({ ...place, name }));
      return [lists ? place : { ...place, byName: true }];
    });
  });
}
