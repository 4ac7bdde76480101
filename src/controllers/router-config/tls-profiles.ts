/**
 * sslProfiles of a router: which Secrets feed which profiles with which files, and the ordinals
 * that rise whenever their content changes, so that a router reloads them.
 */
import { createHash } from 'node:crypto';
import { PkiError, splitBundle } from '#pki/index.ts';

export type CredentialFile = 'ca.crt' | 'tls.crt' | 'tls.key';

/** A profile that something in the configuration asks for. */
export interface ProfileWish {
  readonly profile: string;
  readonly secret: string;
  /** Only trust, no certificate of our own. */
  readonly caOnly: boolean;
  /** Others connect to it: they are cut when their authority is no longer trusted at all. */
  readonly isAccess?: boolean;
}

/** The parts of a Secret that matter here; values as bytes. */
export interface Credentials {
  readonly files: ReadonlyMap<CredentialFile, Buffer>;
  /** `skupper.io/tls-prior-valid-revisions` of the Secret. */
  readonly priorValidRevisions: number | undefined;
  /** Renewed by us: then its revisions are no reason to close what was made with earlier ones. */
  readonly isKeptByUs: boolean;
}

/** What the profile was when it was last written. */
export interface ProfileRecord {
  readonly digest: string;
  readonly ordinal: number;
  readonly oldestValidOrdinal?: number;
  /** Digests of the authorities that it trusted. */
  readonly authorities?: readonly string[];
}

export interface ResolvedProfile {
  readonly name: string;
  readonly secret: string;
  readonly files: ReadonlyMap<CredentialFile, Buffer>;
  readonly ordinal: number;
  readonly oldestValidOrdinal: number;
  readonly digest: string;
  readonly authorities: readonly string[];
}

/** Revisions of a user's Secret before the newest that stay valid when nothing else is said. */
const priorValidRevisionsDefault = 2;

/**
 * The profiles with their content and ordinals.
 * @param wishes the same profile may be wished for several times; the fuller wish wins, because a
 *   link and a CA-only connector on one Secret share a name
 * @param priorValidRevisions what the Site says, if anything
 * @param credentialsOf undefined when the Secret is absent or not usable; its profiles are left out
 */
export function resolveProfiles(
  wishes: readonly ProfileWish[],
  credentialsOf: (secret: string) => Credentials | undefined,
  before: ReadonlyMap<string, ProfileRecord>,
  priorValidRevisions: number | undefined,
): ResolvedProfile[] {
  const merged = new Map<string, ProfileWish>();
  for (const wish of wishes) {
    const known = merged.get(wish.profile);
    const isFuller = known === undefined || (known.caOnly && !wish.caOnly);
    const isAccess = known?.isAccess === true || wish.isAccess === true;
    merged.set(wish.profile, { ...(isFuller ? wish : known), isAccess });
  }
  const resolved: ResolvedProfile[] = [];
  for (const { profile, secret, caOnly, isAccess = false } of merged.values()) {
    const credentials = credentialsOf(secret);
    if (credentials === undefined) continue;
    const files = new Map([...credentials.files].filter(([file]) => !caOnly || file === 'ca.crt'));
    const digest = digestOf(files);
    const known = before.get(profile);
    const ordinal = ordinalAfter(known, digest);
    const unsaid = credentials.isKeptByUs ? Infinity : priorValidRevisionsDefault;
    const kept = credentials.priorValidRevisions ?? priorValidRevisions ?? unsaid;
    const authorities = authoritiesOf(files.get('ca.crt'));
    const isCut = isAccess && areReplaced(known?.authorities ?? [], authorities);
    const oldestValidOrdinal = isCut
      ? ordinal
      : Math.max(known?.oldestValidOrdinal ?? 0, ordinal - kept);
    resolved.push({
      name: profile,
      secret,
      files,
      ordinal,
      oldestValidOrdinal,
      digest,
      authorities,
    });
  }
  return resolved.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

/** True when none of the authorities that were trusted is trusted now. */
function areReplaced(before: readonly string[], now: readonly string[]): boolean {
  return before.length > 0 && now.length > 0 && !before.some((each) => now.includes(each));
}

/** Short digests of the certificates in a bundle. */
function authoritiesOf(bundle: Buffer | undefined): readonly string[] {
  let blocks: readonly string[];
  try {
    blocks = splitBundle(bundle?.toString('utf8') ?? '');
  } catch (thrown) {
    if (thrown instanceof PkiError) return [];
    throw thrown;
  }
  return blocks.map((pem) => createHash('sha256').update(pem.trim()).digest('hex').slice(0, 16));
}

function ordinalAfter(known: ProfileRecord | undefined, digest: string): number {
  if (known === undefined) return 1;
  return known.digest === digest ? known.ordinal : known.ordinal + 1;
}

/** sha256 over names and contents, in the order of names. */
export function digestOf(files: ReadonlyMap<CredentialFile, Buffer>): string {
  const hash = createHash('sha256');
  for (const [file, content] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** `spec`-like text to a count of revisions; undefined when it is not one. */
export function parseRevisions(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Number(text);
}

/** The annotation that tells people which profile has which revision. */
export function profileContext(
  profiles: readonly ResolvedProfile[],
  secret: string,
): string | undefined {
  const uses = profiles.filter((profile) => profile.secret === secret);
  if (uses.length === 0) return undefined;
  return JSON.stringify(uses.map(({ name, ordinal }) => ({ profileName: name, ordinal })));
}
