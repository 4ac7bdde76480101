/** Request bodies as JSON values: JSON, YAML or protobuf by content type. */
import { parseDocument } from 'yaml';
import { messageOf } from '#base/errors.ts';
import {
  badRequest,
  checkJson,
  decodeProtobuf,
  type DynamicObject,
  isProtobuf,
  isRecord,
  KubeError,
  StatusError,
  unsupportedMediaType,
} from '#kube/index.ts';
import { scanJson } from './json-scan.ts';
import { parseMediaType } from './media-type.ts';

/** A decoded body and what its text said twice. */
export interface DecodedBody {
  readonly value: Record<string, unknown>;
  /** Paths of keys that occurred again; the last value counts. */
  readonly duplicates: readonly string[];
}

const json = 'application/json';
const yaml = 'application/yaml';
const protobuf = 'application/vnd.kubernetes.protobuf';

/**
 * The object in a body of POST, PUT or DELETE.
 * @param custom protobuf is taken for built-in kinds only
 * @throws StatusError KUBE_BAD_REQUEST, KUBE_UNSUPPORTED_MEDIA_TYPE
 */
export function decodeObjectBody(
  body: Buffer,
  contentType: string | undefined,
  custom: boolean,
): DecodedBody {
  const { type } = parseMediaType(contentType ?? json);
  const accepted = custom ? [json, yaml] : [json, yaml, protobuf];
  if (type !== '' && !accepted.includes(type)) throw unsupportedMediaType(accepted);
  if (type === protobuf || (!custom && isProtobuf(body)))
    return { ...fromProtobuf(body), duplicates: [] };
  return type === yaml ? fromYaml(body) : fromJson(body);
}

/** The configuration in the body of a server-side apply. @throws StatusError KUBE_BAD_REQUEST */
export function decodeApplied(body: Buffer): DecodedBody {
  // JSON is YAML too, and much faster to read.
  return /^\s*\{/.test(body.toString('utf8', 0, 64)) ? fromJson(body) : fromYaml(body);
}

/** The value of a JSON text, whatever it is. @throws StatusError KUBE_BAD_REQUEST */
export function parseJsonBody(body: Buffer): { value: unknown; duplicates: readonly string[] } {
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badRequest(`error decoding the body: ${messageOf(cause)}`, cause);
  }
  checkJson(value);
  return { value, duplicates: scanJson(text).duplicates };
}

function fromJson(body: Buffer): DecodedBody {
  const { value, duplicates } = parseJsonBody(body);
  return { value: recordOf(value), duplicates };
}

/** Aliases could make a small text a huge value. */
const yamlAliasesMax = 10;

function fromYaml(body: Buffer): DecodedBody {
  const text = body.toString('utf8');
  let value: unknown;
  try {
    const document = parseDocument(text, { schema: 'core', uniqueKeys: false, logLevel: 'silent' });
    const [fault] = document.errors;
    if (fault) throw badRequest(`error decoding the body: ${fault.message.split('\n', 1)[0]}`);
    value = document.toJS({ maxAliasCount: yamlAliasesMax });
  } catch (cause) {
    if (cause instanceof StatusError) throw cause;
    throw badRequest(`error decoding the body: ${messageOf(cause)}`, cause);
  }
  checkJson(value);
  return { value: recordOf(value), duplicates: [] };
}

function fromProtobuf(body: Buffer): { value: DynamicObject } {
  try {
    const value = decodeProtobuf(body);
    checkJson(value);
    return { value: value as unknown as DynamicObject };
  } catch (cause) {
    if (cause instanceof KubeError) throw badRequest(cause.message, cause);
    throw cause;
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw badRequest('the body is not an object');
}
