/** Configured treatments: `address` entities with a prefix or a pattern. */
import { Treatment } from '#routing/index.ts';

export interface TreatmentEntry {
  /** Whole segments at the start of an address; segments end at `/` or `.`. */
  readonly prefix: string | undefined;
  /** Segments, `*` for any one, `#` for any number. */
  readonly pattern: string | undefined;
  readonly treatment: Treatment;
}

const byDistribution: Readonly<Record<string, Treatment>> = {
  multicast: Treatment.multicast,
  closest: Treatment.closest,
  balanced: Treatment.balanced,
  unavailable: Treatment.unavailable,
};

/** Undefined for a word that is no distribution. */
export function parseDistribution(distribution: string): Treatment | undefined {
  return byDistribution[distribution];
}

/** The word for a treatment, as management shows it. */
export function distributionOf(treatment: Treatment): string {
  if (treatment === Treatment.flood) return 'flood';
  for (const [word, value] of Object.entries(byDistribution)) if (value === treatment) return word;
  return 'balanced';
}

/** The treatment of an address by the longest entry that matches; undefined without one. */
export function treatmentByRules(
  entries: Iterable<TreatmentEntry>,
  name: string,
): Treatment | undefined {
  let best: TreatmentEntry | undefined;
  let bestLength = -1;
  for (const entry of entries) {
    const text = entry.prefix ?? entry.pattern ?? '';
    if (text.length <= bestLength || !matches(entry, name)) continue;
    best = entry;
    bestLength = text.length;
  }
  return best?.treatment;
}

function matches(entry: TreatmentEntry, name: string): boolean {
  if (entry.prefix !== undefined) {
    if (!name.startsWith(entry.prefix)) return false;
    const next = name.charAt(entry.prefix.length);
    return next === '' || next === '/' || next === '.';
  }
  return matchSegments((entry.pattern ?? '').split(/[./]/u), name.split(/[./]/u));
}

function matchSegments(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return name.length === 0;
  if (first === '#') {
    for (let skip = 0; skip <= name.length; skip++) {
      if (matchSegments(rest, name.slice(skip))) return true;
    }
    return false;
  }
  if (name.length === 0 || (first !== '*' && first !== name[0])) return false;
  return matchSegments(rest, name.slice(1));
}
