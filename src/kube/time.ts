/**
 * Times and durations in the forms the API uses: RFC 3339 with whole seconds (Time), with six digits
 * (MicroTime), Go durations, and the short ages that tables show.
 */
import { DurationError } from './errors.ts';

/** RFC 3339 in UTC, whole seconds: `2026-11-22T02:38:45Z`. */
export function formatTime(epochMs: number): string {
  return `${new Date(Math.floor(epochMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 in UTC with six digits of the second. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/u;

/**
 * Milliseconds since 1970 of an RFC 3339 text with any fraction and offset, undefined when it is none.
 */
export function parseTime(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = match;
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > days) {
    return undefined;
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const fraction = Number(`0${match[7] ?? ''}`) * 1000;
  const zone = match[8] ?? 'Z';
  let offsetMs = 0;
  if (zone.length === 6) {
    const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
    if (hours > 23 || minutes > 59) return undefined;
    offsetMs = (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  }
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  return date.getTime() + Math.floor(fraction) - offsetMs;
}

/** The text with whole seconds in UTC, or the text itself when it is no time. */
export function normalizeTime(text: string): string {
  const ms = parseTime(text);
  return ms === undefined ? text : formatTime(ms);
}

/** The text with six digits of the second in UTC, or the text itself when it is no time. */
export function normalizeMicroTime(text: string): string {
  const ms = parseTime(text);
  if (ms === undefined) return text;
  const digits = (/\.(\d+)/u.exec(text)?.[1] ?? '').padEnd(6, '0').slice(0, 6);
  return `${formatTime(ms).slice(0, 19)}.${digits}Z`;
}

const unitNs: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** In double quotes, with everything outside printable ASCII byte by byte, as Go's time package does. */
function quoteAsGo(text: string): string {
  const shown = text.replaceAll(/["\\]/gu, (c) => `\\${c}`);
  return `"${shown.replaceAll(/[^ -~\u007f]/gu, (c) =>
    Array.from(Buffer.from(c), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  )}"`;
}

/** Go counts in signed 64-bit nanoseconds. */
const durationNsMax = 2 ** 63;

/**
 * Milliseconds of a Go duration: `25m`, `1h30m`, `-1.5s`, `0`.
 * @throws DurationError KUBE_DURATION_SYNTAX with the words of Go's time.ParseDuration
 */
export function parseDuration(text: string): number {
  const quoted = quoteAsGo(text);
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[+-]/u, '');
  if (rest === '0') return 0;
  if (rest === '') throw new DurationError(`time: invalid duration ${quoted}`);
  let totalNs = 0;
  while (rest !== '') {
    const amount = /^(?:\d+(?:\.\d*)?|\.\d+)/u.exec(rest)?.[0];
    if (amount === undefined) throw new DurationError(`time: invalid duration ${quoted}`);
    rest = rest.slice(amount.length);
    const unit = /^[^\d.]*/u.exec(rest)?.[0] ?? '';
    if (unit === '') throw new DurationError(`time: missing unit in duration ${quoted}`);
    const factor = Object.hasOwn(unitNs, unit) ? unitNs[unit] : undefined;
    if (factor === undefined) {
      throw new DurationError(`time: unknown unit ${quoteAsGo(unit)} in duration ${quoted}`);
    }
    rest = rest.slice(unit.length);
    totalNs += Number(amount) * factor;
    if (totalNs > durationNsMax) throw new DurationError(`time: invalid duration ${quoted}`);
  }
  return (sign * totalNs) / 1e6;
}

/** A duration as Go writes it: `1h30m0s`, `25m0s`, `1.5s`, `200ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size < 1000) return `${sign}${Number(size.toFixed(6))}ms`;
  const seconds = size / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const tail = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${tail}`;
  return minutes > 0 ? `${sign}${minutes}m${tail}` : `${sign}${tail}`;
}

/** An age as kubectl shows it: `5s`, `2m5s`, `10m`, `3h20m`, `5d`, `2y30d`. @spec k8s duration.HumanDuration */
export function humanAge(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (days < 365 * 8) return pair(years, 'y', days % 365, 'd');
  return `${years}y`;
}

/** The age of something that happened at an RFC 3339 time; `<unknown>` when there is no time. */
export function ageSince(time: string | undefined, nowMs: number): string {
  if (time === undefined || time === '') return '<unknown>';
  const then = parseTime(time);
  return then === undefined ? '<unknown>' : humanAge(nowMs - then);
}
