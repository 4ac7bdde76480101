/** Who owns whom, by uid, kept current from the store's changes. */
import type { KubeObject, OwnerReference } from '#kube/index.ts';
import type { ObjectKey } from '#store/index.ts';

/** Where an object is. */
export interface Place extends ObjectKey {
  readonly collection: string;
}

/** A place as one text, for sets and logs; names hold no spaces. */
export function placeText({ collection, namespace, name }: Place): string {
  return `${collection} ${namespace} ${name}`;
}

export function parsePlace(text: string): Place {
  const [collection = '', namespace = '', name = ''] = text.split(' ');
  return { collection, namespace, name };
}

export class OwnerIndex {
  readonly #places = new Map<string, Place>();
  /** Dependents by the uid of their owner. */
  readonly #dependents = new Map<string, Set<string>>();

  /** Takes the object at `place` from one state to another; undefined is "not there". */
  update(place: Place, before: KubeObject | undefined, after: KubeObject | undefined): void {
    const text = placeText(place);
    for (const { uid } of ownersOf(before)) {
      const set = this.#dependents.get(uid);
      set?.delete(text);
      if (set?.size === 0) this.#dependents.delete(uid);
    }
    for (const { uid } of ownersOf(after)) {
      const set = this.#dependents.get(uid);
      if (set) set.add(text);
      else this.#dependents.set(uid, new Set([text]));
    }
    const [old, now] = [before?.metadata.uid, after?.metadata.uid];
    if (old !== undefined && old !== now) this.#places.delete(old);
    if (now !== undefined) this.#places.set(now, place);
  }

  /** Where the object with this uid is. */
  placeOf(uid: string): Place | undefined {
    return this.#places.get(uid);
  }

  /** Texts of the places of all that name this uid as an owner. */
  dependentsOf(uid: string): readonly string[] {
    return [...(this.#dependents.get(uid) ?? [])];
  }
}

/** The owners an object names. */
export function ownersOf(object: KubeObject | undefined): readonly OwnerReference[] {
  return object?.metadata.ownerReferences ?? [];
}
