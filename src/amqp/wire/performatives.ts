/** The performatives that travel a few times per connection or link. @spec AMQP-1.0 2.7 */
import type { AmqpValue, Encodable } from './typed.ts';
import type { Terminus } from './terminus.ts';

/** `open` as received. */
export interface PeerOpen {
  readonly containerId: string;
  readonly hostname: string | undefined;
  readonly maxFrameSizeBytes: number;
  readonly channelMax: number;
  /** Undefined or 0 means the peer wants no heartbeats. */
  readonly idleTimeoutMs: number | undefined;
  readonly offeredCapabilities: readonly string[];
  readonly desiredCapabilities: readonly string[];
  readonly properties: ReadonlyMap<string, AmqpValue>;
}

/** `begin` as received. */
export interface PeerBegin {
  readonly remoteChannel: number | undefined;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax: number;
  readonly properties: ReadonlyMap<string, AmqpValue>;
}

/** 0 unsettled, 1 settled, 2 mixed. */
export type SenderSettleMode = 0 | 1 | 2;
/** 0 first, 1 second. */
export type ReceiverSettleMode = 0 | 1;

/** `attach` as received. */
export interface PeerAttach {
  readonly name: string;
  readonly handle: number;
  /** The role of the peer that sent the attach. */
  readonly role: 'sender' | 'receiver';
  readonly senderSettleMode: SenderSettleMode;
  readonly receiverSettleMode: ReceiverSettleMode;
  readonly source: Terminus | undefined;
  readonly target: Terminus | undefined;
  readonly initialDeliveryCount: number | undefined;
  /** 0 is unlimited. */
  readonly maxMessageSizeBytes: number;
  readonly properties: ReadonlyMap<string, AmqpValue>;
}

/** Properties to send; keys are written as symbols. */
export type PropertiesToSend = ReadonlyMap<string, Encodable> | Readonly<Record<string, Encodable>>;
