/**
 * Rotation of an authority: what people ask for on its Certificate, and how far it has come, kept
 * on its Secret so that it goes on from there whoever is killed when.
 */
import {
  annotationOf,
  DurationError,
  formatDuration,
  isRecord,
  type KubeObject,
  parseDuration,
} from '#kube/index.ts';

/** On a Certificate: a text that was not there before asks for a new key, as `date` gives it. */
export const rotateAnnotation = 'drawbridge.dev/rotate';
/** On the Secret: the text that was last done. */
export const rotatedForAnnotation = 'drawbridge.dev/rotated-for';
/** On the Secret: the last rotation, JSON. */
export const rotationAnnotation = 'drawbridge.dev/rotation';

/**
 * On a Certificate: `rotation-overlap` for the rotation that is under way or asked for, and no
 * other; it is taken away when that is done.
 */
export const overlapAnnotation = 'drawbridge.dev/rotation-overlap';

/** Setting of a Certificate: how long the old authority stays trusted at most. */
const overlapSetting = 'rotation-overlap';
/** Setting of a Certificate: age at which a new key is made; default two thirds of its life. */
const rotateAfterSetting = 'rotate-after';

/**
 * On the Secret: until when a certificate is valid that was handed out by hand, so that nobody knows
 * who holds it; milliseconds since 1970.
 */
export const handedOutAnnotation = 'drawbridge.dev/handed-out-until';

/** Entries of an authority's Secret while it rotates. */
export const rotationEntries = {
  /** The next authority, which does not sign yet. */
  nextCertificate: 'next.crt',
  nextKey: 'next.key',
  /** The present authority certified by the one before. */
  cross: 'cross.crt',
} as const;

/** How far a rotation has come; milliseconds since 1970. */
export interface RotationRecord {
  readonly reason: string;
  /** The next authority was made and is being made known. */
  readonly introducedMs: number;
  /** It signs; the old one is still trusted. */
  readonly switchedMs?: number;
  /** The old one is not trusted any more. */
  readonly completedMs?: number;
  /** Until when certificates of the old authority are valid that were handed out by hand. */
  readonly handedOutUntilMs?: number;
}

/** The last rotation of an authority, read from its Secret; undefined when there was none. */
export function rotationOf(secret: KubeObject): RotationRecord | undefined {
  let found: unknown;
  try {
    found = JSON.parse(annotationOf(secret, rotationAnnotation) ?? '');
  } catch {
    return undefined;
  }
  const introducedMs = timeIn(found, 'introducedMs');
  if (!isRecord(found) || introducedMs === undefined) return undefined;
  const switchedMs = timeIn(found, 'switchedMs');
  const completedMs = timeIn(found, 'completedMs');
  const handedOutUntilMs = timeIn(found, 'handedOutUntilMs');
  return {
    reason: typeof found['reason'] === 'string' ? found['reason'].slice(0, 100) : '',
    introducedMs,
    ...(switchedMs === undefined ? {} : { switchedMs }),
    ...(completedMs === undefined ? {} : { completedMs }),
    ...(handedOutUntilMs === undefined ? {} : { handedOutUntilMs }),
  };
}

function timeIn(value: unknown, key: string): number | undefined {
  const found: unknown = isRecord(value) ? value[key] : undefined;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

/** When the last step of it was taken, milliseconds since 1970. */
export function lastStepMs(record: RotationRecord): number {
  return record.completedMs ?? record.switchedMs ?? record.introducedMs;
}

/** What the settings of a Certificate say about its rotation; milliseconds. */
export interface RotationSettings {
  readonly overlapMs: number | undefined;
  readonly rotateAfterMs: number | undefined;
  /** Why a setting is not followed, for people. */
  readonly fault: string | undefined;
}

/** An authority younger than this is not replaced for its age; milliseconds. */
const rotateAfterMsMin = 10_000;

/**
 * Reads them; what is wrong counts as not said.
 * @param overlapNow value of the annotation, which wins
 */
export function rotationSettings(
  settings: Readonly<Record<string, string>> | undefined,
  overlapNow: string | undefined,
): RotationSettings {
  const overlap =
    overlapNow === undefined
      ? readDuration(settings, overlapSetting, 0)
      : readDuration({ [overlapAnnotation]: overlapNow }, overlapAnnotation, 0);
  const after = readDuration(settings, rotateAfterSetting, rotateAfterMsMin);
  return {
    overlapMs: overlap.ms,
    rotateAfterMs: after.ms,
    fault: overlap.fault ?? after.fault,
  };
}

function readDuration(
  settings: Readonly<Record<string, string>> | undefined,
  name: string,
  msMin: number,
): { readonly ms?: number; readonly fault?: string } {
  const text = settings?.[name] ?? '';
  if (text === '') return {};
  try {
    const ms = parseDuration(text);
    if (ms >= msMin) return { ms };
    return { fault: `Invalid ${name}: must not be less than ${formatDuration(msMin)}` };
  } catch (thrown) {
    if (!(thrown instanceof DurationError)) throw thrown;
    return { fault: `Invalid ${name}: ${thrown.message}` };
  }
}
