/**
 * The limits on wrong codes, pure. What they count is in the status of the grants that were tried,
 * so that all replicas of the grant server know it and a restart forgets nothing.
 *
 * A grant closes when many places guess together, but not for long: nobody should be able to keep
 * others out. One place is slowed down sooner and ever more, at that grant and over all of them.
 */
import type { AccessGrant } from '../../kinds.ts';

export interface GuessLimits {
  /** Wrong codes for one grant in a row, from anywhere. */
  readonly grantBurst: number;
  /** One of those is forgiven each this many milliseconds. */
  readonly grantLeakMs: number;
  /** Wrong codes from one place for one grant in a row; then it is paused. */
  readonly placeBurst: number;
  /** The same over all grants. */
  readonly everywhereBurst: number;
  /** One of a place is forgiven each this many milliseconds. */
  readonly placeLeakMs: number;
  /** First pause of a place; each further wrong code doubles it. Milliseconds. */
  readonly pauseMsFirst: number;
  readonly pauseMsMax: number;
}

export const guessLimits: GuessLimits = {
  grantBurst: 20,
  grantLeakMs: 6000,
  placeBurst: 10,
  everywhereBurst: 30,
  placeLeakMs: 120_000,
  pauseMsFirst: 6000,
  pauseMsMax: 600_000,
};

/** Places that a grant remembers; beyond, those that guessed least are forgotten. */
export const placesKeptMax = 16;
/** Longest name of a place that is kept. */
const placeLengthMax = 100;

/** How much is held against a place: wrong codes that are not forgiven yet, and the last one. */
export interface Held {
  readonly level: number;
  /** Milliseconds since 1970. */
  readonly lastMs: number;
}

type Refusals = NonNullable<NonNullable<AccessGrant['status']>['refusals']>;

/** Milliseconds until the grant takes another code. @param more not yet in its status */
export function waitOfGrant(
  grant: AccessGrant,
  more: number,
  limits: GuessLimits,
  nowMs: number,
): number {
  const level = leaked(grant.status?.refusals ?? {}, limits.grantLeakMs, nowMs) + more;
  const over = level + 1 - limits.grantBurst;
  return over <= 0 ? 0 : Math.ceil(over * limits.grantLeakMs);
}

/** What a grant holds against a place; undefined: nothing. */
export function heldAgainst(
  grant: AccessGrant,
  place: string,
  limits: GuessLimits,
  nowMs: number,
): Held | undefined {
  const entry = grant.status?.refusals?.clients?.find((each) => each.client === nameOf(place));
  if (entry === undefined) return undefined;
  const lastMs = Date.parse(entry.time ?? '');
  return { level: leaked(entry, limits.placeLeakMs, nowMs), lastMs };
}

/** Milliseconds until a place may try again. @param burst `placeBurst` or `everywhereBurst` */
export function waitOfPlace(held: Held, burst: number, limits: GuessLimits, nowMs: number): number {
  const over = Math.ceil(held.level) - burst;
  if (over < 0 || Number.isNaN(held.lastMs)) return 0;
  const pauseMs = Math.min(limits.pauseMsMax, limits.pauseMsFirst * 2 ** Math.min(over, 32));
  // Written by a clock that is ahead, it still ends.
  return Math.max(0, Math.min(pauseMs, held.lastMs + pauseMs - nowMs));
}

/** The grant with further wrong codes on record. @param from how many by place, the last one last */
export function withRefusals(
  grant: AccessGrant,
  from: ReadonlyMap<string, number>,
  limits: GuessLimits,
  nowMs: number,
): AccessGrant {
  const before: Refusals = grant.status?.refusals ?? {};
  const made = [...from.values()].reduce((sum, each) => sum + each, 0);
  // With milliseconds: levels leak from here.
  const time = new Date(nowMs).toISOString();
  const levelOf = (each: { readonly level?: number; readonly time?: string }): number =>
    leaked(each, limits.placeLeakMs, nowMs);
  const places = new Map((before.clients ?? []).map((each) => [each.client ?? '', each]));
  for (const [place, count] of from) {
    const client = nameOf(place);
    const level = inThousandths(levelOf(places.get(client) ?? {}) + count);
    places.set(client, { client, level, time });
  }
  const clients = [...places.values()]
    .filter((each) => levelOf(each) > 0)
    .toSorted((left, right) => levelOf(right) - levelOf(left))
    .slice(0, placesKeptMax);
  const refusals: Refusals = {
    count: (before.count ?? 0) + made,
    level: inThousandths(leaked(before, limits.grantLeakMs, nowMs) + made),
    client: nameOf([...from.keys()].at(-1) ?? ''),
    time,
    reason: 'wrong code',
    clients,
  };
  return { ...grant, status: { ...grant.status, refusals } };
}

/** The level at `nowMs` of a bucket whose level at `time` is kept in thousandths. */
function leaked(
  { level = 0, time = '' }: { readonly level?: number; readonly time?: string },
  leakMs: number,
  nowMs: number,
): number {
  const sinceMs = nowMs - Date.parse(time);
  if (Number.isNaN(sinceMs)) return 0;
  return Math.max(0, level / 1000 - Math.max(0, sinceMs) / leakMs);
}

/** Schemas know whole numbers only. */
function inThousandths(level: number): number {
  return Math.round(level * 1000);
}

function nameOf(place: string): string {
  return place.slice(0, placeLengthMax);
}
