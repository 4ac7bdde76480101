/**
 * Discovery: which groups, versions and resources there are, as single documents and aggregated.
 * Clients ask for an exact form; old ones take v2beta1 only, some none of the aggregated ones.
 * @spec Kubernetes apidiscovery.k8s.io, meta/v1 APIGroupList, APIResourceList
 */
import { createHash } from 'node:crypto';
import { apiVersionOf, type Registry } from '#kube/index.ts';
import { parseAccept } from '../request/media-type.ts';
import { groupVersions, resourceEntries, type ResourceEntry } from './api-resources.ts';

/** A ready answer. */
export interface DiscoveryDocument {
  readonly contentType: string;
  readonly body: Buffer;
  /** Strong, with quotes. */
  readonly etag: string;
}

const json = 'application/json';
const aggregatedVersions: readonly string[] = ['v2', 'v2beta1'];

export class Discovery {
  readonly #registry: Registry;
  readonly #documents = new Map<string, DiscoveryDocument>();
  #revision = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  #build(entries: readonly ResourceEntry[]): void {
    this.#documents.clear();
    const core = entries.filter(({ group }) => group === '');
    const grouped = entries.filter(({ group }) => group !== '');
    this.#put('/api', json, apiVersions(core));
    this.#put('/apis', json, groupList(grouped));
    for (const version of aggregatedVersions) {
      const type = `${json};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      this.#put('/api', type, aggregated(core, version), version);
      this.#put('/apis', type, aggregated(grouped, version), version);
    }
    for (const [group, versions] of groupVersions(entries)) {
      if (group !== '') this.#put(`/apis/${group}`, json, groupOf(group, versions, true));
      for (const version of versions) {
        const root = group === '' ? '/api' : `/apis/${group}`;
        const members = entries.filter((each) => each.group === group && each.version === version);
        this.#put(`${root}/${version}`, json, resourceList(group, version, members));
      }
    }
  }

  /** The document of a path in the form the client prefers; undefined when there is none. */
  find(path: string, accept: string | undefined): DiscoveryDocument | undefined {
    const { revision } = this.#registry;
    if (revision !== this.#revision) this.#build(resourceEntries(this.#registry));
    this.#revision = revision;
    const place = path.endsWith('/') ? path.slice(0, -1) : path;
    for (const { type, parameters } of parseAccept(accept)) {
      if (type !== json || parameters['as'] !== 'APIGroupDiscoveryList') continue;
      if (parameters['g'] !== 'apidiscovery.k8s.io') continue;
      const found = this.#documents.get(`${place} ${parameters['v'] ?? ''}`);
      if (found) return found;
    }
    return this.#documents.get(`${place} `);
  }

  #put(path: string, contentType: string, value: unknown, version = ''): void {
    const body = Buffer.from(JSON.stringify(value));
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
    this.#documents.set(`${path} ${version}`, { contentType, body, etag });
  }
}

function apiVersions(core: readonly ResourceEntry[]): unknown {
  const versions = groupVersions(core).get('') ?? [];
  return { kind: 'APIVersions', versions, serverAddressByClientCIDRs: [] };
}

function groupList(entries: readonly ResourceEntry[]): unknown {
  const groups = [...groupVersions(entries)].map(([group, versions]) =>
    groupOf(group, versions, false),
  );
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

function groupOf(group: string, versions: readonly string[], alone: boolean): unknown {
  const list = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  const head = alone ? { kind: 'APIGroup', apiVersion: 'v1' } : {};
  return { ...head, name: group, versions: list, preferredVersion: list[0] };
}

function resourceList(group: string, version: string, entries: readonly ResourceEntry[]): unknown {
  const resources = entries.flatMap((entry) => {
    const { plural, singular, namespaced, kind, verbs, shortNames, categories } = entry;
    const main = {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    };
    const parts = entry.subresources.map((part) => ({
      name: `${plural}/${part.name}`,
      singularName: '',
      namespaced,
      ...(part.kind ?? { kind }),
      verbs: part.verbs,
    }));
    return [main, ...parts];
  });
  const groupVersion = apiVersionOf({ group, version });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function aggregated(entries: readonly ResourceEntry[], version: string): unknown {
  const items = [...groupVersions(entries)].map(([group, versions]) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: versions.map((each) => ({
      version: each,
      resources: entries
        .filter((entry) => entry.group === group && entry.version === each)
        .map(aggregatedResource),
      freshness: 'Current',
    })),
  }));
  const apiVersion = `apidiscovery.k8s.io/${version}`;
  return { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items };
}

function aggregatedResource(entry: ResourceEntry): unknown {
  const { group, version, kind, plural, singular, namespaced, verbs } = entry;
  const responseKind = { group, version, kind };
  const { shortNames, categories, subresources } = entry;
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map((part) => ({
            subresource: part.name,
            responseKind: part.kind ?? responseKind,
            verbs: part.verbs,
          })),
        }),
  };
}
