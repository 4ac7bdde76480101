/**
 * The TokenRequest in a body, for policies that look into it. What passes is written anew as JSON,
 * so that the API server reads exactly what was decided about, whatever the client sent twice.
 */
import {
  badRequest,
  decodeProtobuf,
  isProtobuf,
  isRecord,
  KubeError,
  unsupportedMediaType,
} from '#kube/index.ts';

export const bodyTypes = ['application/json', 'application/vnd.kubernetes.protobuf'] as const;

/** `spec` of authentication.k8s.io/v1 TokenRequest. */
export interface TokenRequestSpec {
  readonly audiences: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: Readonly<Record<string, string>>;
}

/** @throws StatusError 415 */
export function checkBodyType(contentType: string): void {
  const [type = ''] = contentType.split(';');
  const taken = bodyTypes.some((name) => name === type.trim().toLowerCase());
  if (!taken) throw unsupportedMediaType([...bodyTypes]);
}

/** Audiences and characters of each, more than anybody has. */
const audiencesMax = 16;
const textCharsMax = 512;

/** @throws StatusError 400 naming the field that is unknown or malformed */
export function readTokenRequestSpec(body: Buffer): TokenRequestSpec {
  const value = isProtobuf(body) ? fromProtobuf(body) : fromJson(body);
  known(value, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], '');
  expectText(value, 'apiVersion', 'authentication.k8s.io/v1');
  expectText(value, 'kind', 'TokenRequest');
  const spec = value['spec'] ?? {};
  if (!isRecord(spec)) throw badRequest('spec must be an object');
  known(spec, ['audiences', 'expirationSeconds', 'boundObjectRef'], 'spec.');
  const { expirationSeconds, boundObjectRef } = spec;
  return {
    audiences: textList(spec['audiences'] ?? []),
    ...(expirationSeconds == null ? {} : { expirationSeconds: wholeSeconds(expirationSeconds) }),
    ...(boundObjectRef == null ? {} : { boundObjectRef: reference(boundObjectRef) }),
  };
}

/** The body that is sent on for a spec. */
export function encodeTokenRequest(spec: TokenRequestSpec): Buffer {
  return Buffer.from(
    JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }),
  );
}

function fromJson(body: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw badRequest('the body is not JSON', cause);
  }
  if (!isRecord(value)) throw badRequest('the body is not an object');
  return value;
}

function fromProtobuf(body: Buffer): Record<string, unknown> {
  try {
    return decodeProtobuf(body);
  } catch (cause) {
    if (cause instanceof KubeError) throw badRequest(cause.message, cause);
    throw cause;
  }
}

function known(value: Record<string, unknown>, keys: readonly string[], prefix: string): void {
  const other = Object.keys(value).find((key) => !keys.includes(key));
  if (other !== undefined) {
    throw badRequest(`unknown field ${JSON.stringify(`${prefix}${other.slice(0, 64)}`)}`);
  }
}

function expectText(value: Record<string, unknown>, key: string, wanted: string): void {
  if (value[key] !== undefined && value[key] !== wanted) {
    throw badRequest(`${key} must be ${wanted}`);
  }
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string' && value.length <= textCharsMax) return value;
  throw badRequest(`${field} must be a text of at most ${textCharsMax} characters`);
}

function textList(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > audiencesMax) {
    throw badRequest(`spec.audiences must be a list of at most ${audiencesMax} texts`);
  }
  return value.map((audience) => text(audience, 'spec.audiences'));
}

function wholeSeconds(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw badRequest('spec.expirationSeconds must be a whole number of seconds');
}

function reference(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw badRequest('spec.boundObjectRef must be an object');
  known(value, ['apiVersion', 'kind', 'name', 'uid'], 'spec.boundObjectRef.');
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, text(entry, `spec.boundObjectRef.${key}`)]),
  );
}
