/** What a message is made of. @spec AMQP-1.0 3.2 */
import type { AmqpMap, AmqpValue, Encodable, Typed } from '../wire/typed.ts';
import type { RouterAnnotations } from './router-annotations.ts';

export interface MessageHeader {
  readonly durable?: boolean | undefined;
  /** 0 to 9; absent means 4. */
  readonly priority?: number | undefined;
  readonly ttlMs?: number | undefined;
  readonly firstAcquirer?: boolean | undefined;
  readonly deliveryCount?: number | undefined;
}

/** Properties as decoded. */
export interface MessageProperties {
  readonly messageId?: AmqpValue | undefined;
  readonly userId?: Uint8Array | undefined;
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly correlationId?: AmqpValue | undefined;
  /** messageId as encoded, to be echoed with its exact type. */
  readonly messageIdRaw?: Typed | undefined;
  /** correlationId as encoded, to be echoed with its exact type. */
  readonly correlationIdRaw?: Typed | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly absoluteExpiryMs?: number | undefined;
  readonly creationMs?: number | undefined;
  readonly groupId?: string | undefined;
  readonly groupSequence?: number | undefined;
  readonly replyToGroupId?: string | undefined;
}

/** Properties to encode: ids may be of any kind, also a raw one of a request. */
export interface PropertiesInit
  extends Omit<
    MessageProperties,
    'messageId' | 'correlationId' | 'messageIdRaw' | 'correlationIdRaw'
  > {
  readonly messageId?: Encodable;
  readonly correlationId?: Encodable;
}

export type MessageBody =
  | { readonly kind: 'value'; readonly value: AmqpValue }
  | { readonly kind: 'data'; readonly data: readonly Uint8Array[] }
  | { readonly kind: 'sequence'; readonly items: readonly AmqpValue[] };

export type BodyInit =
  | { readonly kind: 'value'; readonly value: Encodable }
  | { readonly kind: 'data'; readonly data: readonly Uint8Array[] }
  | { readonly kind: 'sequence'; readonly items: readonly Encodable[] };

export interface Message {
  readonly routerAnnotations: RouterAnnotations | undefined;
  readonly header: MessageHeader | undefined;
  readonly deliveryAnnotations: AmqpMap | undefined;
  readonly messageAnnotations: AmqpMap | undefined;
  readonly properties: MessageProperties | undefined;
  /** Keys that are not texts are left out. */
  readonly applicationProperties: ReadonlyMap<string, AmqpValue> | undefined;
  readonly body: MessageBody | undefined;
}

export interface MessageInit {
  readonly routerAnnotations?: RouterAnnotations | undefined;
  readonly header?: MessageHeader | undefined;
  readonly messageAnnotations?: ReadonlyMap<Encodable, Encodable> | undefined;
  readonly properties?: PropertiesInit | undefined;
  readonly applicationProperties?:
    | ReadonlyMap<string, Encodable>
    | Readonly<Record<string, Encodable>>
    | undefined;
  readonly body?: BodyInit | undefined;
}
