/** The verbs and names of what is served, from which every discovery document is made. */
import { compareVersions, type Registry, type ResourceDefinition } from '#kube/index.ts';

/** Subresources of a kind with their verbs. */
export interface SubresourceEntry {
  readonly name: string;
  readonly verbs: readonly string[];
  /** What it takes and gives; absent: the kind itself. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
}

/** One served resource. */
export interface ResourceEntry {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceEntry[];
}

const objectVerbs: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

const readVerbs: readonly string[] = ['get', 'list', 'watch'];

/** Reviews are answered, not stored. */
const reviews: readonly ResourceEntry[] = [
  review('authentication.k8s.io', 'SelfSubjectReview'),
  review('authentication.k8s.io', 'TokenReview'),
  { ...review('authorization.k8s.io', 'LocalSubjectAccessReview'), namespaced: true },
  review('authorization.k8s.io', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview'),
  review('authorization.k8s.io', 'SubjectAccessReview'),
];

/** Everything served, stored kinds first. */
export function resourceEntries(registry: Registry): readonly ResourceEntry[] {
  return [...registry.all.map(entryOf), ...reviews];
}

/** Versions of each group in order of first appearance. */
export function groupVersions(entries: readonly ResourceEntry[]): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version } of entries) {
    const versions = groups.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    groups.set(group, versions);
  }
  for (const versions of groups.values()) versions.sort(compareVersions);
  return groups;
}

function entryOf(definition: ResourceDefinition): ResourceEntry {
  const { group, version, kind, plural, singular, shortNames, categories, scope } = definition;
  const subresources: SubresourceEntry[] = [];
  const readOnly = definition.readOnly === true;
  if (definition.statusSubresource) {
    subresources.push({ name: 'status', verbs: readOnly ? ['get'] : ['get', 'patch', 'update'] });
  }
  if (definition.scale) {
    const answer = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    subresources.push({ name: 'scale', verbs: ['get', 'patch', 'update'], kind: answer });
  }
  if (group === '' && plural === 'namespaces') {
    subresources.push({ name: 'finalize', verbs: ['update'] });
  }
  if (group === '' && plural === 'serviceaccounts') {
    const answer = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
    subresources.push({ name: 'token', verbs: ['create'], kind: answer });
  }
  const namespaced = scope === 'Namespaced';
  const names = { group, version, kind, plural, singular, shortNames, categories };
  return { ...names, namespaced, verbs: readOnly ? readVerbs : objectVerbs, subresources };
}

function review(group: string, kind: string): ResourceEntry {
  const singular = kind.toLowerCase();
  return {
    group,
    version: 'v1',
    kind,
    plural: `${singular}s`,
    singular,
    namespaced: false,
    shortNames: [],
    categories: [],
    verbs: ['create'],
    subresources: [],
  };
}
