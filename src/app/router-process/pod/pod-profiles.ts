/**
 * Keeps the profiles of a running router: files first, then the entity that tells the router to
 * read them; nothing restarts. A profile that something still uses stays until it is free.
 */
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { writeWhole } from '#controllers/index.ts';
import { type Attributes, checkChanges } from '#management/index.ts';
import type { EntityKind, Router } from '#router/index.ts';
import type { WantedProfile } from './wanted.ts';

/** Attributes of the profiles that files are written for, by type and name. */
export class PodProfiles {
  readonly #log: Logger;
  #kinds: Router['kinds'] | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** The router that has them; before it, only files are written. */
  attach(kinds: Router['kinds']): void {
    this.#kinds = kinds;
  }

  /** Writes the files of those that have some. @returns the ones that can be used */
  async write(profiles: readonly WantedProfile[]): Promise<readonly WantedProfile[]> {
    const usable: WantedProfile[] = [];
    for (const profile of profiles) {
      if (profile.files === undefined) continue;
      for (const [path, content] of profile.files) await writeWhole(path, content);
      usable.push(profile);
    }
    return usable;
  }

  /** Brings the router in line. @returns true when something has to be tried again */
  async settle(profiles: readonly WantedProfile[]): Promise<boolean> {
    let again = false;
    for (const profile of profiles) {
      if (profile.files === undefined) {
        again = true;
        continue;
      }
      let replaced = false;
      for (const [path, content] of profile.files) {
        replaced = (await writeWhole(path, content)) || replaced;
      }
      again = (await this.#apply(profile, replaced)) || again;
    }
    return (await this.#removeOthers(profiles)) || again;
  }

  async #apply({ entity, name }: WantedProfile, replaced: boolean): Promise<boolean> {
    const kind = this.#kinds?.get(entity.spec.short);
    if (kind === undefined) return false;
    const known = entityNamed(kind, name);
    try {
      if (known === undefined) {
        await kind.create?.(name, entity.attributes);
        return false;
      }
      const changes = checkChanges(entity.spec, changesOf(entity.attributes), known.attributes);
      if (!replaced && Object.keys(changes).length === 0) return false;
      await kind.update?.(known.identity, changes);
      this.#log.info('credentials replaced', { profile: name, ordinal: changes['ordinal'] });
      return false;
    } catch (thrown) {
      this.#log.warn('a profile cannot be used', { profile: name, reason: messageOf(thrown) });
      return true;
    }
  }

  async #removeOthers(profiles: readonly WantedProfile[]): Promise<boolean> {
    let again = false;
    for (const type of ['sslProfile', 'proxyProfile']) {
      const kind = this.#kinds?.get(type);
      const wanted = new Set(
        profiles.filter(({ entity }) => entity.spec.short === type).map(({ name }) => name),
      );
      for (const { name, identity } of kind === undefined ? [] : Array.from(kind.entities())) {
        if (wanted.has(name)) continue;
        try {
          await kind?.delete?.(identity);
        } catch (thrown) {
          this.#log.debug('a profile is still used', { profile: name, reason: messageOf(thrown) });
          again = true;
        }
      }
    }
    return again;
  }
}

function entityNamed(kind: EntityKind, name: string) {
  for (const entity of kind.entities()) if (entity.name === name) return entity;
  return undefined;
}

function changesOf(attributes: Attributes): Attributes {
  const { name: _name, ...changes } = attributes;
  return changes;
}
