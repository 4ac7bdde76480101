/**
 * Kubernetes protobuf bodies as the JSON they stand for. Newer kubectl sends its typed creates this
 * way and does not fall back; answers may stay JSON.
 */
import { KubeError } from '../errors.ts';
import type { Field, FieldType, Message } from './field.ts';
import { envelope, messageOf } from './messages.ts';
import { malformed, ProtobufReader } from './reader.ts';

type Decoded = Record<string, unknown>;

const magic = Buffer.from('k8s\0', 'latin1');

/** Nesting of messages; those we know have at most six levels. */
const depthMax = 16;

/**
 * The object in a protobuf body, with apiVersion and kind.
 * @throws KubeError KUBE_PROTOBUF_MALFORMED, KUBE_PROTOBUF_UNKNOWN_KIND
 */
export function decodeProtobuf(body: Buffer): Decoded {
  if (!body.subarray(0, magic.length).equals(magic)) throw malformed('no envelope');
  const outer = decodeMessage(envelope, body.subarray(magic.length), 0);
  const { apiVersion, kind } = (outer['typeMeta'] ?? {}) as { apiVersion?: string; kind?: string };
  if (apiVersion === undefined || kind === undefined) throw malformed('no kind');
  const message = messageOf(apiVersion, kind);
  if (!message) {
    throw new KubeError(
      'KUBE_PROTOBUF_UNKNOWN_KIND',
      `no kind ${JSON.stringify(kind)} is registered for protobuf in version ${JSON.stringify(apiVersion)}`,
    );
  }
  const raw =
    typeof outer['raw'] === 'string' ? Buffer.from(outer['raw'], 'base64') : Buffer.alloc(0);
  return { apiVersion, kind, ...decodeMessage(message, raw, 0) };
}

/** True when the body begins with the magic bytes. */
export function isProtobuf(body: Buffer): boolean {
  return body.subarray(0, magic.length).equals(magic);
}

function decodeMessage(message: Message, bytes: Buffer, depth: number): Decoded {
  if (depth > depthMax) throw malformed('nested too deeply');
  const reader = new ProtobufReader(bytes);
  const decoded: Decoded = {};
  for (let number = reader.nextField(); number !== 0; number = reader.nextField()) {
    const field = message[number];
    if (field) readField(field, reader, decoded, depth);
    else reader.skip();
  }
  return decoded;
}

function readField(field: Field, reader: ProtobufReader, into: Decoded, depth: number): void {
  const { name, many, type } = field;
  switch (many) {
    case 'one': {
      const value = readValue(type, reader, depth);
      if (!isZero(value)) into[name] = value;
      return;
    }
    case 'optional':
      into[name] = readValue(type, reader, depth);
      return;
    case 'inline':
      Object.assign(into, readValue(type, reader, depth));
      return;
    case 'list': {
      const items = (into[name] ??= []) as unknown[];
      items.push(readValue(type, reader, depth));
      return;
    }
    case 'map': {
      const entries = (into[name] ??= {}) as Decoded;
      const [key, value] = readEntry(type, reader.readBytes(), depth);
      // Data may be called __proto__; assignment would not store that.
      Object.defineProperty(entries, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      return;
    }
    default:
  }
}

function readEntry(type: FieldType, bytes: Buffer, depth: number): [string, unknown] {
  const reader = new ProtobufReader(bytes);
  let key = '';
  let value: unknown = '';
  for (let number = reader.nextField(); number !== 0; number = reader.nextField()) {
    if (number === 1) key = reader.readBytes().toString('utf8');
    else if (number === 2) value = readValue(type, reader, depth + 1);
    else reader.skip();
  }
  return [key, value];
}

function readValue(type: FieldType, reader: ProtobufReader, depth: number): unknown {
  switch (type) {
    case 'string':
      return reader.readBytes().toString('utf8');
    case 'int':
      return reader.readInteger();
    case 'bool':
      return reader.readInteger() !== 0;
    case 'bytes':
      return reader.readBytes().toString('base64');
    case 'time':
    case 'microTime':
      return readTime(reader.readBytes(), type);
    case 'intOrString':
      return readIntOrString(reader.readBytes());
    case 'quantity':
      return readQuantity(reader.readBytes());
    case 'rawJson':
      return readRawJson(reader.readBytes());
    default:
      return decodeMessage(type, reader.readBytes(), depth + 1);
  }
}

/** A Time without fields is Go's zero time: absent. */
function readTime(bytes: Buffer, type: 'time' | 'microTime'): string | undefined {
  if (bytes.length === 0) return undefined;
  const fields: Message = {
    1: { name: 'seconds', type: 'int', many: 'optional' },
    2: { name: 'nanos', type: 'int', many: 'optional' },
  };
  const { seconds = 0, nanos = 0 } = decodeMessage(fields, bytes, 0) as {
    seconds?: number;
    nanos?: number;
  };
  const whole = new Date(seconds * 1000);
  if (Number.isNaN(whole.getTime())) throw malformed('time out of range');
  const text = whole.toISOString().slice(0, -5);
  const micros = String(Math.trunc(nanos / 1000)).padStart(6, '0');
  return type === 'time' ? `${text}Z` : `${text}.${micros}Z`;
}

function readIntOrString(bytes: Buffer): number | string {
  const fields: Message = {
    1: { name: 'type', type: 'int', many: 'optional' },
    2: { name: 'int', type: 'int', many: 'optional' },
    3: { name: 'text', type: 'string', many: 'optional' },
  };
  const {
    type = 0,
    int = 0,
    text = '',
  } = decodeMessage(fields, bytes, 0) as {
    type?: number;
    int?: number;
    text?: string;
  };
  return type === 1 ? text : int;
}

/** Empty when it was not set: a quantity of nothing is not sent. */
function readQuantity(bytes: Buffer): string {
  const fields: Message = { 1: { name: 'text', type: 'string', many: 'optional' } };
  const { text = '' } = decodeMessage(fields, bytes, 0) as { text?: string };
  return text;
}

function readRawJson(bytes: Buffer): unknown {
  const fields: Message = { 1: { name: 'raw', type: 'string', many: 'optional' } };
  const { raw = '{}' } = decodeMessage(fields, bytes, 0) as { raw?: string };
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    throw malformed('embedded JSON');
  }
}

function isZero(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
