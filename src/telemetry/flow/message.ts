/** Messages between flow sources and collectors. @spec router-protocol 9.2 */
import { unreachable } from '#base/assert.ts';
import {
  type AmqpValue,
  type Encodable,
  type Message,
  type MessageInit,
  uint,
  ulong,
} from '#amqp/index.ts';
import { FlowAttribute, type FlowRecord, type FlowValue } from './record.ts';

export type FlowSourceType = 'ROUTER' | 'CONTROLLER';

export interface FlowBeacon {
  readonly subject: 'BEACON';
  readonly to: string;
  readonly sourceType: string;
  readonly id: string;
  /** Where the source sends its records. */
  readonly address: string;
  /** Where it takes commands. */
  readonly direct: string;
}
export interface FlowHeartbeat {
  readonly subject: 'HEARTBEAT';
  readonly to: string;
  readonly id: string;
  /** Microseconds since 1970. */
  readonly now: number;
}
export interface FlowFlush {
  readonly subject: 'FLUSH';
  readonly to: string;
}
export interface FlowRecords {
  readonly subject: 'RECORD';
  readonly to: string;
  readonly records: readonly FlowRecord[];
}
export type FlowMessage = FlowBeacon | FlowHeartbeat | FlowFlush | FlowRecords;

/** Most records in one message, in both directions. @spec router-protocol 9.2 */
export const recordsPerMessageMax = 50;
/** Most records taken from one message of a peer. */
const recordsTakenMax = 1000;
/** Most attributes taken of one record. */
const attributesMax = 128;
/** Longest text taken from a peer, in UTF-16 units; longer ones are cut. */
const textLengthMax = 4096;

const flowVersion = 1;

/** The message to send; the router adds its annotations. Types are those that collectors insist on. */
export function encodeFlowMessage(message: FlowMessage, messageId: number): MessageInit {
  const properties = {
    messageId,
    to: message.to,
    subject: message.subject,
  };
  switch (message.subject) {
    case 'BEACON': {
      const { sourceType, id, address, direct } = message;
      const applicationProperties = { v: uint(flowVersion), sourceType, id, address, direct };
      return { properties, applicationProperties, body: { kind: 'value', value: null } };
    }
    case 'HEARTBEAT': {
      const { id, now } = message;
      const applicationProperties = { v: uint(flowVersion), now: ulong(now), id };
      return { properties, applicationProperties, body: { kind: 'value', value: null } };
    }
    case 'RECORD':
      return {
        properties,
        body: { kind: 'value', value: message.records.map((record) => encodeRecord(record)) },
      };
    case 'FLUSH':
      return { properties, body: { kind: 'value', value: null } };
    default:
      return unreachable(message, 'flow message');
  }
}

/**
 * Reads a message; undefined when it is none of ours or malformed.
 * @param to address it came by, for messages that leave it out
 */
export function decodeFlowMessage(message: Message, to = ''): FlowMessage | undefined {
  const address = message.properties?.to ?? to;
  const application = message.applicationProperties;
  const textOf = (name: string): string | undefined => {
    const value = application?.get(name);
    return typeof value === 'string' && value.length <= textLengthMax ? value : undefined;
  };
  const id = textOf('id');
  switch (message.properties?.subject ?? '') {
    case 'BEACON': {
      const records = textOf('address');
      const direct = textOf('direct');
      if (id === undefined || records === undefined || direct === undefined) return undefined;
      const sourceType = textOf('sourceType') ?? '';
      return { subject: 'BEACON', to: address, sourceType, id, address: records, direct };
    }
    case 'HEARTBEAT': {
      const now = Number(application?.get('now') ?? 0);
      return id === undefined ? undefined : { subject: 'HEARTBEAT', to: address, id, now };
    }
    case 'FLUSH':
      return { subject: 'FLUSH', to: address };
    case 'RECORD': {
      const body = message.body?.kind === 'value' ? message.body.value : undefined;
      if (!Array.isArray(body)) return undefined;
      return { subject: 'RECORD', to: address, records: decodeRecords(body) };
    }
    default:
      return undefined;
  }
}

function encodeRecord(record: FlowRecord): ReadonlyMap<Encodable, Encodable> {
  const map = new Map<Encodable, Encodable>([
    [uint(FlowAttribute.recordType), uint(record.type)],
    [uint(FlowAttribute.identity), record.identity],
  ]);
  for (const [code, value] of record.attributes) {
    map.set(uint(code), typeof value === 'number' ? ulong(value) : value);
  }
  return map;
}

function decodeRecords(body: readonly AmqpValue[]): FlowRecord[] {
  const records: FlowRecord[] = [];
  for (const entry of body.slice(0, recordsTakenMax)) {
    if (!(entry instanceof Map) || entry.size > attributesMax) continue;
    const record = decodeRecord(entry);
    if (record !== undefined) records.push(record);
  }
  return records;
}

function decodeRecord(entry: ReadonlyMap<unknown, unknown>): FlowRecord | undefined {
  let type: number | undefined;
  let identity: string | undefined;
  const attributes = new Map<number, FlowValue>();
  for (const [key, raw] of entry) {
    const code = Number(key);
    const value = flowValue(raw);
    if (!Number.isInteger(code) || value === undefined) continue;
    if (code === FlowAttribute.recordType) type = Number(value);
    else if (code === FlowAttribute.identity) identity = String(value);
    else attributes.set(code, value);
  }
  if (type === undefined || !Number.isInteger(type) || identity === undefined) return undefined;
  return { type, identity, attributes };
}

function flowValue(raw: unknown): FlowValue | undefined {
  if (typeof raw === 'string') return raw.slice(0, textLengthMax);
  if (typeof raw === 'bigint') return Number(raw);
  return typeof raw === 'number' && Number.isFinite(raw) ? raw : undefined;
}
