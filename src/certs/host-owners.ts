/**
 * Several owners may share one Certificate. Each one's hosts stand in an annotation under its uid;
 * the certificate names all of them. Who no longer owns it takes its hosts along.
 */
import { type Certificate, specOf } from './kinds.ts';

const prefix = 'internal.skupper.io/hosts-';

/** The hosts of each owner, by uid. */
export function hostsByOwner(object: Certificate): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(object.metadata.annotations ?? {})) {
    if (!key.startsWith(prefix)) continue;
    found.set(
      key.slice(prefix.length),
      value.split(',').filter((host) => host !== ''),
    );
  }
  return found;
}

/** Sorted hosts of all owners, each once. */
export function unionOf(hosts: Iterable<readonly string[]>): string[] {
  return [...new Set([...hosts].flat())].sort();
}

/** The annotation for one owner's hosts. */
export function hostsAnnotationOf(uid: string, hosts: readonly string[]): Record<string, string> {
  return { [prefix + uid]: unionOf([hosts]).join(',') };
}

/** Without the hosts of those who no longer own it; the same object when there are none. */
export function withoutLeftOwners(object: Certificate): Certificate {
  const owners = new Set((object.metadata.ownerReferences ?? []).map((owner) => owner.uid));
  const hosts = hostsByOwner(object);
  const left = [...hosts.keys()].filter((uid) => !owners.has(uid));
  // With nobody left it is about to be collected; changing it would only make noise.
  if (left.length === 0 || owners.size === 0) return object;
  const annotations = { ...object.metadata.annotations };
  for (const uid of left) delete annotations[prefix + uid];
  const staying = [...hosts].filter(([uid]) => owners.has(uid)).map(([, list]) => list);
  return {
    ...object,
    metadata: { ...object.metadata, annotations },
    spec: { ...specOf(object), hosts: unionOf(staying) },
  };
}
