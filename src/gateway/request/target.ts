/**
 * The request target, taken apart without repairing anything. What is not written in the one plain
 * form is refused, so that the bytes decided about are the bytes forwarded and the API server reads
 * the same path and query as we do.
 * @spec RFC3986 3.3 3.4; RFC9112 3.2.1
 */
import { GatewayError } from '../errors.ts';

/** A decoded query, in the order of the wire. */
export type Query = readonly (readonly [key: string, value: string])[];

export interface Target {
  /** Path and query as they came, byte for byte. */
  readonly raw: string;
  /** The path as it came. */
  readonly path: string;
  /** The query as it came, with its question mark; empty when there is none. */
  readonly search: string;
  /** Decoded segments between slashes; a trailing slash leaves no empty one. */
  readonly segments: readonly string[];
  readonly query: Query;
}

/** Longest target; bytes. */
export const targetBytesMax = 8 * 1024;
/** Most query parameters. */
const parametersMax = 256;

/** Visible ASCII without what servers read in different ways: quotes stay, they are harmless. */
const visible = /^[\x21-\x7e]*$/;
/** Unescaped characters that no path of the API has. */
const oddInPath = /[\\;#"<>^`{|}]/;
/** Characters that need no escape; escaping them is another spelling of the same path. */
const unreserved = /^[A-Za-z0-9._~-]$/;
/** Bytes that must not hide behind an escape: separators, dots, percent and controls. */
const hidden = new Set(['/', '\\', '.', ';', '?', '#', '%'].map((text) => text.charCodeAt(0)));

/** @throws GatewayError GATEWAY_TARGET */
export function parseTarget(raw: string): Target {
  if (raw.length > targetBytesMax) throw refused(`longer than ${targetBytesMax} bytes`);
  if (!raw.startsWith('/')) throw refused('not an absolute path');
  if (!visible.test(raw)) throw refused('it has characters outside visible ASCII');
  if (raw.includes('#')) throw refused('it has a fragment');
  const mark = raw.indexOf('?');
  const path = mark < 0 ? raw : raw.slice(0, mark);
  const search = mark < 0 ? '' : raw.slice(mark);
  return { raw, path, search, segments: parsePath(path), query: parseQuery(search.slice(1)) };
}

function parsePath(path: string): readonly string[] {
  if (oddInPath.test(path)) throw refused('the path has a character that must not be there');
  if (path === '/') return [];
  const parts = path.slice(1).split('/');
  if (parts.at(-1) === '') parts.pop();
  return parts.map((part) => {
    if (part === '') throw refused('the path has an empty segment');
    const segment = part.includes('%') ? decodeSegment(part) : part;
    if (segment === '.' || segment === '..') throw refused('the path has a dot segment');
    return segment;
  });
}

function decodeSegment(part: string): string {
  checkEscapes(part, (byte, at) => {
    if (byte < 0x20 || byte === 0x7f) throw refused('the path hides a control character');
    if (byte === 0x25 && /^[0-9A-Fa-f]{2}/.test(part.slice(at + 3))) {
      throw refused('the path is escaped twice');
    }
    if (hidden.has(byte) || unreserved.test(String.fromCharCode(byte))) {
      throw refused('the path escapes a character that must be plain');
    }
  });
  return decoded(part, 'path');
}

/** @throws GatewayError GATEWAY_TARGET */
function parseQuery(text: string): Query {
  if (text === '') return [];
  // Go reads a semicolon as an error, others as a separator.
  if (text.includes(';')) throw refused('the query has a semicolon');
  if (text.includes('\\')) throw refused('the query has a backslash');
  const pairs = text.split('&', parametersMax + 1);
  if (pairs.length > parametersMax) throw refused(`more than ${parametersMax} query parameters`);
  return pairs
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const key = equals < 0 ? pair : pair.slice(0, equals);
      return [decodeQueryText(key), decodeQueryText(equals < 0 ? '' : pair.slice(equals + 1))];
    });
}

function decodeQueryText(text: string): string {
  if (!text.includes('%')) return text.replaceAll('+', ' ');
  checkEscapes(text, (byte) => {
    if (byte === 0) throw refused('the query hides a NUL');
  });
  return decoded(text.replaceAll('+', ' '), 'query');
}

function checkEscapes(text: string, check: (byte: number, at: number) => void): void {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw refused('it has an incomplete escape');
    check(Number.parseInt(digits, 16), at);
  }
}

/** UTF-8 that is overlong, cut or a surrogate is refused by decodeURIComponent itself. */
function decoded(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw refused(`the ${where} is not UTF-8`, cause);
  }
}

function refused(why: string, cause?: unknown): GatewayError {
  return new GatewayError('GATEWAY_TARGET', `the request target is not acceptable: ${why}`, {
    close: true,
    cause,
  });
}

/** Every value of a query key. */
export function valuesOf(query: Query, key: string): readonly string[] {
  return query.filter(([name]) => name === key).map(([, value]) => value);
}

/** The path below a mount point, such as `/k8s`: what is forwarded. Undefined when it is not below. */
export function below(target: Target, mount: string): Target | undefined {
  if (mount === '') return target;
  if (target.path !== mount && !target.path.startsWith(`${mount}/`)) return undefined;
  const path = target.path.slice(mount.length) || '/';
  const taken = mount.split('/').length - 1;
  return {
    ...target,
    raw: path + target.search,
    path,
    segments: target.segments.slice(taken),
  };
}
