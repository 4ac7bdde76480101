/**
 * The last credentials of a namespace that were fit for links: a Secret that is replaced by one that
 * does not fit is told on its users, and the router goes on with what it has. Taking the Secret
 * away ends its use. Kept in memory only: keys are written nowhere for this.
 */
import type { Secret } from '../kinds.ts';
import { checkCredentials } from './check-credentials.ts';

type Read = (name: string) => Secret | undefined;

/** What links and ways in need of a Secret. */
const need = { authority: true, certificate: true };

export class CredentialMemory {
  /** By namespace and name; only of Secrets that are used and there. */
  readonly #fit = new Map<string, ReadonlyMap<string, Secret>>();

  /**
   * Reads Secrets as the router should have them.
   * @param names those that links and ways in use; others are read as they are
   */
  over(namespace: string, names: Iterable<string>, read: Read): Read {
    const before = this.#fit.get(namespace);
    const now = new Map<string, Secret>();
    for (const name of names) {
      const current = read(name);
      if (current === undefined) continue;
      const isFit = checkCredentials({ secret: read }, name, need) === undefined;
      const kept = isFit ? current : before?.get(name);
      if (kept !== undefined) now.set(name, kept);
    }
    if (now.size === 0) this.#fit.delete(namespace);
    else this.#fit.set(namespace, now);
    return (name) => now.get(name) ?? read(name);
  }
}
