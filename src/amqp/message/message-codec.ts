/** Whole messages to bytes and back. @spec AMQP-1.0 3.2 */
import { AmqpConditions, AmqpError } from '../errors.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { Cursor } from '../wire/cursor.ts';
import { readValue, skipValue } from '../wire/decode.ts';
import { Descriptors } from '../wire/descriptors.ts';
import { writeValue } from '../wire/encode.ts';
import { textKeys } from '../wire/list-fields.ts';
import { type AmqpMap, type AmqpValue, Described, type Encodable } from '../wire/typed.ts';
import type {
  BodyInit,
  Message,
  MessageBody,
  MessageHeader,
  MessageInit,
  MessageProperties,
} from './message.ts';
import {
  type RouterAnnotations,
  routerAnnotationsDescriptor,
  routerAnnotationsOf,
  routerAnnotationsToValue,
} from './router-annotations.ts';
import {
  headerToValue,
  propertiesToValue,
  readHeader,
  readProperties,
  readSectionCode,
} from './sections.ts';

/** Most data or sequence sections of one message. */
export const bodySectionsMax = 4096;

/** @throws AmqpError AMQP_ENCODE for values that AMQP cannot carry */
export function encodeMessage(message: MessageInit): Uint8Array {
  const out = new ByteWriter(512);
  const { routerAnnotations, header, messageAnnotations, properties } = message;
  if (routerAnnotations) {
    const value = routerAnnotationsToValue(routerAnnotations);
    writeValue(out, new Described(routerAnnotationsDescriptor, value));
  }
  if (header) writeValue(out, headerToValue(header));
  if (messageAnnotations) {
    writeValue(out, new Described(Descriptors.messageAnnotations, messageAnnotations));
  }
  if (properties) writeValue(out, propertiesToValue(properties));
  const applicationProperties = message.applicationProperties;
  if (applicationProperties) {
    const map =
      applicationProperties instanceof Map
        ? applicationProperties
        : new Map<string, Encodable>(Object.entries(applicationProperties));
    writeValue(out, new Described(Descriptors.applicationProperties, map));
  }
  if (message.body) writeBody(out, message.body);
  return out.copy();
}

function writeBody(out: ByteWriter, body: BodyInit): void {
  switch (body.kind) {
    case 'value':
      return writeValue(out, new Described(Descriptors.amqpValue, body.value));
    case 'sequence':
      return writeValue(out, new Described(Descriptors.amqpSequence, body.items));
    case 'data':
      for (const part of body.data) writeValue(out, new Described(Descriptors.data, part));
  }
}

/** The sections met so far, filled while reading. */
class MessageDraft implements Message {
  routerAnnotations: RouterAnnotations | undefined = undefined;
  header: MessageHeader | undefined = undefined;
  deliveryAnnotations: AmqpMap | undefined = undefined;
  messageAnnotations: AmqpMap | undefined = undefined;
  properties: MessageProperties | undefined = undefined;
  applicationProperties: ReadonlyMap<string, AmqpValue> | undefined = undefined;
  body: MessageBody | undefined = undefined;
  #data: Uint8Array[] = [];
  #items: AmqpValue[] = [];
  #sections = 0;

  addData(value: AmqpValue): void {
    if (!(value instanceof Uint8Array)) throw malformed('data is not binary');
    this.#data.push(value);
    this.#joinBody({ kind: 'data', data: this.#data });
  }

  addItems(value: AmqpValue): void {
    if (!Array.isArray(value)) throw malformed('sequence is not a list');
    this.#items = this.#items.concat(value);
    this.#joinBody({ kind: 'sequence', items: this.#items });
  }

  setValue(value: AmqpValue): void {
    if (this.body) throw malformed('more than one body');
    this.body = { kind: 'value', value };
  }

  #joinBody(body: MessageBody): void {
    if (this.body && this.body.kind !== body.kind) throw malformed('bodies of different kinds');
    if (++this.#sections > bodySectionsMax) throw malformed('too many body sections');
    this.body = body;
  }
}

const malformed = (what: string): AmqpError =>
  new AmqpError('AMQP_MESSAGE', AmqpConditions.decodeError, what);

const mapOf = (value: AmqpValue): AmqpMap => {
  if (!(value instanceof Map)) throw malformed('section is not a map');
  return value;
};

/**
 * Decodes a whole message. Binary values are views of `bytes`.
 * @throws AmqpError AMQP_DECODE, AMQP_DEPTH, AMQP_MESSAGE
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const cursor = new Cursor(bytes);
  const draft = new MessageDraft();
  while (cursor.left > 0) readSection(cursor, draft);
  return draft;
}

function readSection(cursor: Cursor, draft: MessageDraft): void {
  const code = readSectionCode(cursor);
  switch (code) {
    case 'routerAnnotations':
      draft.routerAnnotations = routerAnnotationsOf(readValue(cursor));
      return;
    case Descriptors.header:
      draft.header = readHeader(cursor);
      return;
    case Descriptors.deliveryAnnotations:
      draft.deliveryAnnotations = mapOf(readValue(cursor));
      return;
    case Descriptors.messageAnnotations:
      draft.messageAnnotations = mapOf(readValue(cursor));
      return;
    case Descriptors.properties:
      draft.properties = readProperties(cursor);
      return;
    case Descriptors.applicationProperties:
      draft.applicationProperties = textKeys(mapOf(readValue(cursor)));
      return;
    case Descriptors.data:
      return draft.addData(readValue(cursor));
    case Descriptors.amqpSequence:
      return draft.addItems(readValue(cursor));
    case Descriptors.amqpValue:
      return draft.setValue(readValue(cursor));
    default:
      // The footer: checks of the message by its sender, which nobody here uses.
      return skipValue(cursor);
  }
}
