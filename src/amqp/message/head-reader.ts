/**
 * Reads the head of a message while it is still arriving: annotations, properties, application
 * properties and where the body starts, fed with views cut anywhere.
 */
import { AssertionFault } from '#base/assert.ts';
import type { AmqpValue } from '../wire/typed.ts';
import type { MessageHeader, MessageProperties } from './message.ts';
import type { RouterAnnotations } from './router-annotations.ts';

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
  /** Largest head, bytes. Default 65536. */
  readonly headBytesMax?: number;
  /**
   * body: complete when the body is reached. address: complete as soon as the annotations name a
   * to-override or the properties are read. Default body.
   */
  readonly until?: 'body' | 'address';
}

export class MessageHeadReader {
  constructor(_options: HeadReaderOptions = {}) {
    void _options;
  }

  /**
   * Feeds bytes (kept). Undefined while incomplete.
   * @throws AmqpError AMQP_DECODE, AMQP_MESSAGE, AMQP_LIMIT when the head is too large
   */
  push(_bytes: Uint8Array): MessageHead | undefined {
    throw new AssertionFault('head reader follows in the next commit');
  }

  /** The message ended: what is there is the head. @throws AmqpError AMQP_MESSAGE when cut off */
  finish(): MessageHead {
    throw new AssertionFault('head reader follows in the next commit');
  }
}
