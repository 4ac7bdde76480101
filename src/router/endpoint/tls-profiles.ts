/**
 * The sslProfile entities: files read when first needed and again when the profile is updated, so
 * that a certificate can be renewed while the router runs.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '#base/errors.ts';
import type { TlsMaterial } from '#net/index.ts';
import { RouterError } from '../errors.ts';
import type { Registration } from '../stream.ts';

export interface TlsProfileFiles {
  readonly caCertFile: string | undefined;
  readonly certFile: string | undefined;
  readonly privateKeyFile: string | undefined;
  /** Generation of the material. */
  readonly ordinal: number;
  /** Connections made with an older generation are closed. */
  readonly oldestValidOrdinal: number;
}

/** What users of profiles need. */
export interface TlsProfileSource {
  /** @throws RouterError ROUTER_TLS_MATERIAL_UNUSABLE */
  material(profile: string): TlsMaterial;
  /** Called after an update of the profile. */
  onChange(profile: string, listener: () => void): Registration;
}

interface Profile {
  files: TlsProfileFiles;
  material: TlsMaterial | undefined;
}

export class TlsProfiles implements TlsProfileSource {
  readonly #profiles = new Map<string, Profile>();
  readonly #listeners = new Map<string, Set<() => void>>();

  has(profile: string): boolean {
    return this.#profiles.has(profile);
  }

  /** Creates or updates a profile; its files are read again when they are needed. */
  set(profile: string, files: TlsProfileFiles): void {
    this.#profiles.set(profile, { files, material: undefined });
    for (const listener of Array.from(this.#listeners.get(profile) ?? [])) listener();
  }

  delete(profile: string): void {
    this.#profiles.delete(profile);
  }

  ordinal(profile: string): number {
    return this.#profiles.get(profile)?.files.ordinal ?? 0;
  }

  oldestValidOrdinal(profile: string): number {
    return this.#profiles.get(profile)?.files.oldestValidOrdinal ?? 0;
  }

  material(profile: string): TlsMaterial {
    const known = this.#profiles.get(profile);
    if (known === undefined) {
      throw new RouterError('ROUTER_TLS_MATERIAL_UNUSABLE', `no sslProfile named ${profile}`, {
        facts: { resource: profile },
      });
    }
    known.material ??= readMaterial(profile, known.files);
    return known.material;
  }

  onChange(profile: string, listener: () => void): Registration {
    const listeners = this.#listeners.get(profile) ?? new Set();
    this.#listeners.set(profile, listeners);
    listeners.add(listener);
    return {
      remove: () => {
        listeners.delete(listener);
        if (listeners.size === 0) this.#listeners.delete(profile);
      },
    };
  }
}

function readMaterial(profile: string, files: TlsProfileFiles): TlsMaterial {
  try {
    return {
      ca: readOptional(files.caCertFile),
      cert: readOptional(files.certFile),
      key: readOptional(files.privateKeyFile),
    };
  } catch (thrown) {
    throw new RouterError(
      'ROUTER_TLS_MATERIAL_UNUSABLE',
      `files of sslProfile ${profile} cannot be read: ${messageOf(thrown)}`,
      { retry: 'backoff', cause: thrown, facts: { resource: profile } },
    );
  }
}

function readOptional(file: string | undefined): string | undefined {
  return file === undefined || file === '' ? undefined : readFileSync(file, 'utf8');
}
