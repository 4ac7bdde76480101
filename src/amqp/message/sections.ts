/** Sections of a message, one at a time, to bytes and back. @spec AMQP-1.0 3.2 */
import { Buffer } from 'node:buffer';
import { AmqpConditions, AmqpError } from '../errors.ts';
import { asBuffer, type Cursor } from '../wire/cursor.ts';
import { readDescriptor, readValue, skipValue } from '../wire/decode.ts';
import { Descriptors } from '../wire/descriptors.ts';
import { ListFields } from '../wire/list-fields.ts';
import {
  Described,
  type Encodable,
  raw,
  sym,
  timestamp,
  type Typed,
  ubyte,
  uint,
} from '../wire/typed.ts';
import type { MessageHeader, MessageProperties, PropertiesInit } from './message.ts';
import { routerAnnotationsDescriptor } from './router-annotations.ts';

/** Numeric code of a section; `routerAnnotations` for that of routers. */
export type SectionCode = number | 'routerAnnotations';

/**
 * Reads the descriptor of the next section.
 * @throws AmqpError AMQP_MESSAGE when no section begins here, AMQP_DECODE
 */
export function readSectionCode(cursor: Cursor): SectionCode {
  if (cursor.u8() !== 0x00) throw notSection();
  const width = cursor.buffer[cursor.position];
  if (width !== 0x53 && width !== 0x80) throw notSection();
  const descriptor = readDescriptor(cursor);
  if (descriptor === routerAnnotationsDescriptor) return 'routerAnnotations';
  const isKnown =
    typeof descriptor === 'number' &&
    descriptor >= Descriptors.header &&
    descriptor <= Descriptors.footer;
  if (!isKnown) throw notSection();
  return descriptor;
}

const notSection = (): AmqpError =>
  new AmqpError('AMQP_MESSAGE', AmqpConditions.decodeError, 'not a message section');

/** Bytes of one value, kept with its exact type. */
function rawValue(cursor: Cursor): Typed {
  const start = cursor.position;
  skipValue(cursor);
  return raw(Buffer.from(cursor.buffer.subarray(start, cursor.position)));
}

/** @throws AmqpError AMQP_DECODE */
export function readHeader(cursor: Cursor): MessageHeader {
  const fields = new ListFields(readValue(cursor));
  return {
    durable: fields.boolean(0),
    priority: fields.uint(1, 0xff),
    ttlMs: fields.uint(2),
    firstAcquirer: fields.boolean(3),
    deliveryCount: fields.uint(4),
  };
}

/** @throws AmqpError AMQP_DECODE */
export function readProperties(cursor: Cursor): MessageProperties {
  const start = cursor.position;
  const fields = new ListFields(readValue(cursor));
  const messageId = fields.at(0);
  const correlationId = fields.at(5);
  const raws = messageId === null && correlationId === null ? {} : readRawIds(cursor, start);
  return {
    messageId: messageId ?? undefined,
    userId: fields.binary(1),
    to: fields.text(2),
    subject: fields.text(3),
    replyTo: fields.text(4),
    correlationId: correlationId ?? undefined,
    messageIdRaw: messageId === null ? undefined : raws.messageId,
    correlationIdRaw: correlationId === null ? undefined : raws.correlationId,
    contentType: fields.text(6),
    contentEncoding: fields.text(7),
    absoluteExpiryMs: fields.ulong(8),
    creationMs: fields.ulong(9),
    groupId: fields.text(10),
    groupSequence: fields.uint(11),
    replyToGroupId: fields.text(12),
  };
}

/** Walks the list a second time for the bytes of message-id and correlation-id. */
function readRawIds(cursor: Cursor, start: number): { messageId?: Typed; correlationId?: Typed } {
  const end = cursor.position;
  cursor.position = start;
  const wide = cursor.u8() === 0xd0;
  const head = wide ? cursor.take(8) : cursor.take(2);
  const count = wide ? cursor.buffer.readUInt32BE(head + 4) : (cursor.buffer[head + 1] ?? 0);
  const ids: { messageId?: Typed; correlationId?: Typed } = {};
  for (let index = 0; index < count && index <= 5; index++) {
    if (index === 0) ids.messageId = rawValue(cursor);
    else if (index === 5) ids.correlationId = rawValue(cursor);
    else skipValue(cursor);
  }
  cursor.position = end;
  return ids;
}

const orNull = <T>(value: T | undefined, wrap: (value: T) => Encodable): Encodable =>
  value === undefined ? null : wrap(value);

/** A section as a described list without trailing nulls. */
function sectionList(code: number, fields: Encodable[]): Described {
  while (fields.length > 0 && (fields.at(-1) ?? null) === null) fields.pop();
  return new Described(code, fields);
}

export function headerToValue(header: MessageHeader): Described {
  return sectionList(Descriptors.header, [
    header.durable,
    orNull(header.priority, ubyte),
    orNull(header.ttlMs, uint),
    header.firstAcquirer,
    orNull(header.deliveryCount, uint),
  ]);
}

export function propertiesToValue(properties: PropertiesInit): Described {
  const { userId } = properties;
  return sectionList(Descriptors.properties, [
    properties.messageId,
    userId === undefined ? null : asBuffer(userId),
    properties.to,
    properties.subject,
    properties.replyTo,
    properties.correlationId,
    orNull(properties.contentType, sym),
    orNull(properties.contentEncoding, sym),
    orNull(properties.absoluteExpiryMs, timestamp),
    orNull(properties.creationMs, timestamp),
    properties.groupId,
    orNull(properties.groupSequence, uint),
    properties.replyToGroupId,
  ]);
}
