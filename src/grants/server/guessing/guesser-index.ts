/** Which grants hold something against a place, as the statuses of all grants tell. */
import type { Informer } from '#kubeclient/index.ts';
import type { AccessGrant } from '../../kinds.ts';

export class GuesserIndex {
  /** Grants by uid, by place. A grant names few places, so that this is bounded by the grants. */
  readonly #byPlace = new Map<string, Map<string, AccessGrant>>();
  readonly #placesOf = new Map<string, readonly string[]>();
  readonly #leave: () => void;

  constructor(grants: Pick<Informer<AccessGrant>, 'onChange'>) {
    this.#leave = grants.onChange(({ type, object }) => {
      const { uid = '' } = object.metadata;
      const entries = type === 'deleted' ? [] : (object.status?.refusals?.clients ?? []);
      const places = entries.flatMap(({ client = '' }) => (client === '' ? [] : [client]));
      for (const place of this.#placesOf.get(uid) ?? []) this.#forget(place, uid);
      if (places.length === 0) this.#placesOf.delete(uid);
      else this.#placesOf.set(uid, places);
      for (const place of places) {
        const known = this.#byPlace.get(place) ?? new Map<string, AccessGrant>();
        this.#byPlace.set(place, known.set(uid, object));
      }
    });
  }

  grantsOf(place: string): readonly AccessGrant[] {
    return [...(this.#byPlace.get(place)?.values() ?? [])];
  }

  /** Stops following. */
  close(): void {
    this.#leave();
  }

  #forget(place: string, uid: string): void {
    const known = this.#byPlace.get(place);
    known?.delete(uid);
    if (known?.size === 0) this.#byPlace.delete(place);
  }
}
