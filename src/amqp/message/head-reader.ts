/**
 * Reads the head of a message while it is still arriving: annotations, properties, application
 * properties and where the body starts, fed with views cut anywhere.
 */
import { Buffer } from 'node:buffer';
import { AmqpConditions, AmqpError } from '../errors.ts';
import { asBuffer, Cursor } from '../wire/cursor.ts';
import { readValue, skipValue } from '../wire/decode.ts';
import { Descriptors } from '../wire/descriptors.ts';
import { textKeys } from '../wire/list-fields.ts';
import type { AmqpValue } from '../wire/typed.ts';
import type { MessageHeader, MessageProperties } from './message.ts';
import { type RouterAnnotations, routerAnnotationsOf } from './router-annotations.ts';
import { readHeader, readProperties, readSectionCode } from './sections.ts';

export interface MessageHead {
  readonly routerAnnotations: RouterAnnotations | undefined;
  readonly header: MessageHeader | undefined;
  readonly properties: MessageProperties | undefined;
  readonly applicationProperties: ReadonlyMap<string, AmqpValue> | undefined;
  /** The body is an amqp-value null, as in TCP streams: raw octets follow. */
  readonly bodyIsNull: boolean;
  /** Everything read so far, joined. */
  readonly bytes: Uint8Array;
  /** Where the router annotations end in `bytes` (0 without); what follows is forwarded as is. */
  readonly annotationsEnd: number;
  /**
   * Where the octets after the amqp-value null start in `bytes`; else where the body section
   * starts. `bytes` may go on after it. With `until: 'address'`, where reading stopped.
   */
  readonly bodyStart: number;
}

export interface HeadReaderOptions {
  /** Largest head, bytes. Default {@link headBytesMaxDefault}. */
  readonly headBytesMax?: number;
  /**
   * body: complete when the body is reached. address: complete as soon as the annotations name a
   * to-override or the properties are read. Default body.
   */
  readonly until?: 'body' | 'address';
}

/** Largest head unless told otherwise, bytes. */
export const headBytesMaxDefault = 65_536;

/** Largest number of bytes that the value at `at` takes; undefined while its size is unknown. */
function valueSize(bytes: Buffer, at: number): number | undefined {
  const constructorByte = bytes[at];
  if (constructorByte === undefined) return undefined;
  switch (constructorByte >>> 4) {
    case 0x4:
      return 1;
    case 0x5:
      return 2;
    case 0x6:
      return 3;
    case 0x7:
      return 5;
    case 0x8:
      return 9;
    case 0x9:
      return 17;
    case 0xa:
    case 0xc:
    case 0xe:
      return bytes.length > at + 1 ? 2 + (bytes[at + 1] ?? 0) : undefined;
    case 0xb:
    case 0xd:
    case 0xf:
      return bytes.length >= at + 5 ? 5 + bytes.readUInt32BE(at + 1) : undefined;
    default:
      return 1;
  }
}

export class MessageHeadReader {
  readonly #headBytesMax: number;
  readonly #until: 'body' | 'address';
  #bytes: Buffer = Buffer.alloc(0);
  #storage: Buffer = Buffer.alloc(0);
  /** End of the sections read so far. */
  #position = 0;
  #routerAnnotations: RouterAnnotations | undefined = undefined;
  #annotationsEnd = 0;
  #header: MessageHeader | undefined = undefined;
  #properties: MessageProperties | undefined = undefined;
  #applicationProperties: ReadonlyMap<string, AmqpValue> | undefined = undefined;
  #bodyIsNull = false;

  constructor(options: HeadReaderOptions = {}) {
    this.#headBytesMax = options.headBytesMax ?? headBytesMaxDefault;
    this.#until = options.until ?? 'body';
  }

  /**
   * Feeds bytes (kept). Undefined while incomplete; not to be called again once complete.
   * @throws AmqpError AMQP_DECODE, AMQP_MESSAGE, AMQP_LIMIT when the head is too large
   */
  push(bytes: Uint8Array): MessageHead | undefined {
    this.#append(asBuffer(bytes));
    for (;;) {
      const step = this.#readSection();
      if (step === 'complete') return this.#head();
      if (step === 'starved') break;
    }
    if (this.#bytes.length > this.#headBytesMax) {
      throw new AmqpError('AMQP_LIMIT', AmqpConditions.messageSizeExceeded, 'head too large', {
        facts: { headBytesMax: this.#headBytesMax },
      });
    }
    return undefined;
  }

  /** The message ended: what is there is the head. @throws AmqpError AMQP_MESSAGE when cut off */
  finish(): MessageHead {
    if (this.#position === this.#bytes.length) return this.#head();
    throw new AmqpError('AMQP_MESSAGE', AmqpConditions.decodeError, 'message cut off in its head');
  }

  /** The first piece is used as it is; later ones are joined in storage that grows by doubling. */
  #append(more: Buffer): void {
    const before = this.#bytes.length;
    if (before === 0) {
      this.#bytes = more;
      return;
    }
    const size = before + more.length;
    if (this.#storage.length < size) {
      this.#storage = Buffer.allocUnsafe(size * 2);
      this.#bytes.copy(this.#storage);
    }
    more.copy(this.#storage, before);
    this.#bytes = this.#storage.subarray(0, size);
  }

  #readSection(): 'read' | 'complete' | 'starved' {
    const start = this.#position;
    if (!this.#hasDescriptor(start)) return 'starved';
    const cursor = new Cursor(this.#bytes, start);
    const code = readSectionCode(cursor);
    if (code === Descriptors.amqpValue) {
      const first = this.#bytes[cursor.position];
      if (first === undefined) return 'starved';
      this.#bodyIsNull = first === 0x40;
      if (this.#bodyIsNull) this.#position = cursor.position + 1;
      return 'complete';
    }
    const isBody = code === Descriptors.data || code === Descriptors.amqpSequence;
    if (isBody || code === Descriptors.footer) return 'complete';
    const size = valueSize(this.#bytes, cursor.position);
    if (size === undefined || cursor.position + size > this.#bytes.length) return 'starved';
    cursor.end = cursor.position + size;
    this.#take(code, cursor);
    this.#position = cursor.position;
    return this.#isAddressKnown(code) ? 'complete' : 'read';
  }

  /** The descriptor of the section at `start` is there in full (or is none at all). */
  #hasDescriptor(start: number): boolean {
    const left = this.#bytes.length - start;
    if (left < 3) return false;
    const width = this.#bytes[start + 1];
    if (width === 0x80) return left >= 10;
    return true;
  }

  #take(code: number | 'routerAnnotations', cursor: Cursor): void {
    switch (code) {
      case 'routerAnnotations':
        if (this.#position !== 0) {
          throw new AmqpError(
            'AMQP_MESSAGE',
            AmqpConditions.invalidField,
            'router annotations are not the first section',
          );
        }
        this.#routerAnnotations = routerAnnotationsOf(readValue(cursor));
        this.#annotationsEnd = cursor.position;
        return;
      case Descriptors.header:
        this.#header = readHeader(cursor);
        return;
      case Descriptors.properties:
        this.#properties = readProperties(cursor);
        return;
      case Descriptors.applicationProperties: {
        const map = readValue(cursor);
        this.#applicationProperties = textKeys(map instanceof Map ? map : undefined);
        return;
      }
      default:
        skipValue(cursor);
    }
  }

  #isAddressKnown(code: number | 'routerAnnotations'): boolean {
    if (this.#until !== 'address') return false;
    if (code === 'routerAnnotations') return this.#routerAnnotations?.toOverride !== undefined;
    return code === Descriptors.properties;
  }

  #head(): MessageHead {
    return {
      routerAnnotations: this.#routerAnnotations,
      header: this.#header,
      properties: this.#properties,
      applicationProperties: this.#applicationProperties,
      bodyIsNull: this.#bodyIsNull,
      bytes: this.#bytes,
      annotationsEnd: this.#annotationsEnd,
      bodyStart: this.#position,
    };
  }
}
