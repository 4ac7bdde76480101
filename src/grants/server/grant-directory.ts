/** Finds grants by the uid in their URL. */
import type { Informer } from '#kubeclient/index.ts';
import type { AccessGrant } from '../kinds.ts';

export class GrantDirectory {
  readonly #byUid = new Map<string, AccessGrant>();
  readonly #leave: () => void;

  constructor(grants: Pick<Informer<AccessGrant>, 'onChange'>) {
    this.#leave = grants.onChange(({ type, object }) => {
      const uid = object.metadata.uid ?? '';
      if (type === 'deleted') this.#byUid.delete(uid);
      else this.#byUid.set(uid, object);
    });
  }

  find(uid: string): AccessGrant | undefined {
    return this.#byUid.get(uid);
  }

  /** Stops following. */
  close(): void {
    this.#leave();
  }
}
