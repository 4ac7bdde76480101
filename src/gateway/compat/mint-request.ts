/**
 * What kube-gateway's `POST /auth/jwt/request` asks for: the same fields and defaults, read strictly.
 * What the original overlooks (times that cannot be read, fields that are output only, names given
 * twice) is refused here with the name of the field.
 */
import { DurationError, formatTime, isRecord, parseDuration, parseTime } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';

/** A token to be signed. */
export interface LinkClaims {
  readonly id: string;
  /** HTTP methods in lower case. */
  readonly verbs: readonly string[];
  /** Paths; a star at the end stands for anything. */
  readonly urls: readonly string[];
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expires: number;
}

export interface MintLimits {
  /** Longest life of a token; milliseconds. */
  readonly lifeMsMax: number;
  /** How far `from` may be in the past or the future; milliseconds. */
  readonly pastMsMax: number;
  readonly futureMsMax: number;
}

export const defaultMintLimits: MintLimits = {
  lifeMsMax: 12 * 3_600_000,
  pastMsMax: 5 * 60_000,
  futureMsMax: 7 * 24 * 3_600_000,
};

/** A request and how it said what it wants, for the answer. */
export interface MintRequest extends LinkClaims {
  readonly duration: string;
}

export const mintBytesMax = 64 * 1024;
const patternsMax = 64;
const patternCharsMax = 1024;
const idCharsMax = 256;
const durationDefault = '1h';
const methods = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options']);

/** @throws GatewayError GATEWAY_REQUEST naming the field */
export function readMintRequest(body: Buffer, nowMs: number, limits: MintLimits): MintRequest {
  const fields = fieldsOf(body);
  const urls = texts(fields.get('urls'), 'URLs');
  if (urls.length === 0) throw refused('URLs must name at least one path');
  for (const url of urls) checkPattern(url);
  const verbs = texts(fields.get('verbs') ?? ['get'], 'verbs').map((verb) => verb.toLowerCase());
  const odd = verbs.find((verb) => !methods.has(verb));
  if (verbs.length === 0 || odd !== undefined) {
    throw refused(`verbs may be ${[...methods].join(', ')}`);
  }
  const duration = text(fields.get('duration') ?? durationDefault, 'duration');
  const lifeMs = lifeOf(duration, limits);
  const fromMs = startOf(fields.get('from'), nowMs, limits);
  const id = text(fields.get('id') ?? '', 'id');
  if (id.length > idCharsMax) throw refused(`id must have at most ${idCharsMax} characters`);
  const notBefore = Math.floor(fromMs / 1000);
  const expires = Math.floor((fromMs + lifeMs) / 1000);
  return { id, verbs, urls, duration, notBefore, expires };
}

/** The answer of a mint, with the keys and order of the original. */
export function mintAnswer(request: MintRequest, token: string): string {
  const answer = {
    ID: request.id,
    From: formatTime(request.notBefore * 1000),
    Verbs: request.verbs,
    Duration: request.duration,
    URLs: request.urls,
    NBf: request.notBefore,
    Exp: request.expires,
    Until: formatTime(request.expires * 1000),
    Token: token,
  };
  return `${JSON.stringify(answer)}\n`;
}

/** Patterns in which a star stands for letters of a name too, for a warning. */
export function looseUrls({ urls }: LinkClaims): readonly string[] {
  return urls.filter((url) => url.endsWith('*') && !url.endsWith('/*'));
}

const known = new Set(['urls', 'verbs', 'duration', 'from', 'id']);

/** Fields by lower-case name: the original does not look at the case. */
function fieldsOf(body: Buffer): ReadonlyMap<string, unknown> {
  const source = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw refused('the body must be one JSON object', cause);
  }
  if (!isRecord(value)) throw refused('the body must be one JSON object');
  const fields = new Map<string, unknown>();
  for (const [name, field] of Object.entries(value)) {
    const lower = name.toLowerCase();
    if (!known.has(lower)) throw refused(`${JSON.stringify(name.slice(0, 64))} is not a field`);
    if (fields.has(lower) || timesIn(source, name) > 1) throw refused(`${name} comes twice`);
    if (field !== null) fields.set(lower, field);
  }
  return fields;
}

/** How often a name stands as a key; texts that look like one count too, which only refuses more. */
function timesIn(source: string, name: string): number {
  return source.match(new RegExp(`"${name}"\\s*:`, 'gi'))?.length ?? 0;
}

function checkPattern(url: string): void {
  const path = url.endsWith('*') ? url.slice(0, -1) : url;
  const plain = /^\/[A-Za-z0-9._~:/-]*$/.test(path) && path.length <= patternCharsMax;
  const dots = path.split('/').some((segment) => segment === '.' || segment === '..');
  if (!plain || dots || path.includes('//') || (path === '/' && url.endsWith('*'))) {
    throw refused('URLs must be plain paths such as /api/v1/namespaces/a/pods or /api/*');
  }
}

function lifeOf(duration: string, limits: MintLimits): number {
  let ms = 0;
  try {
    ms = parseDuration(duration);
  } catch (thrown) {
    if (!(thrown instanceof DurationError)) throw thrown;
  }
  if (!(ms >= 1000)) throw refused('duration must be a time such as 30m, at least 1s');
  if (ms > limits.lifeMsMax) {
    throw refused(`duration must be at most ${limits.lifeMsMax / 3_600_000}h`);
  }
  return ms;
}

function startOf(value: unknown, nowMs: number, limits: MintLimits): number {
  if (value === undefined) return nowMs;
  const ms = parseTime(text(value, 'from'));
  if (ms === undefined) throw refused('from must be a time such as 2026-11-01T20:44:39Z');
  if (ms < nowMs - limits.pastMsMax || ms > nowMs + limits.futureMsMax) {
    throw refused('from is too far from now');
  }
  return ms;
}

function texts(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value) || value.length > patternsMax) {
    throw refused(`${field} must be a list of at most ${patternsMax} texts`);
  }
  return value.map((entry) => text(entry, field));
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw refused(`${field} must be text`);
}

function refused(why: string, cause?: unknown): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why, { cause });
}
