/** AMQP 1.0: values, messages and the connection machine. Pure: no sockets, no timers. */
export { createConnection } from './connection/connection.ts';
export type {
  Connection,
  ConnectionCounters,
  ConnectionDriver,
  ConnectionHandler,
  ConnectionOptions,
  ConnectionSink,
  DeliveryOptions,
  EndReason,
  IncomingDelivery,
  IncomingHandler,
  Link,
  LinkOptions,
  OutgoingDelivery,
  OutgoingHandler,
  ReceiverAcceptance,
  ReceiverHandler,
  ReceiverLink,
  ReceiverOptions,
  Refusal,
  SaslMechanism,
  SenderAcceptance,
  SenderHandler,
  SenderLink,
  Session,
  SessionAcceptance,
  SessionHandler,
  SessionOptions,
} from './connection/contract.ts';
export { AmqpConditions, AmqpError, type AmqpErrorCode } from './errors.ts';
export { MessageCollector } from './message/collector.ts';
export {
  type HeadReaderOptions,
  type MessageHead,
  MessageHeadReader,
} from './message/head-reader.ts';
export type {
  BodyInit,
  Message,
  MessageBody,
  MessageHeader,
  MessageInit,
  MessageProperties,
  PropertiesInit,
} from './message/message.ts';
export { decodeMessage, encodeMessage } from './message/message-codec.ts';
export { AnnotationFlags, type RouterAnnotations } from './message/router-annotations.ts';
export { decodeValue, encodeValue } from './wire/codec.ts';
export {
  accepted,
  type AmqpCondition,
  type DeliveryState,
  modified,
  received,
  rejected,
  released,
} from './wire/delivery-state.ts';
export type {
  PeerAttach,
  PeerBegin,
  PeerOpen,
  PropertiesToSend,
  ReceiverSettleMode,
  SenderSettleMode,
} from './wire/performatives.ts';
export type { ExpiryPolicy, Terminus } from './wire/terminus.ts';
export {
  type AmqpMap,
  type AmqpValue,
  byte,
  char,
  Described,
  described,
  double,
  type Encodable,
  float,
  int,
  long,
  raw,
  short,
  sym,
  symArray,
  symMap,
  timestamp,
  Typed,
  type TypedKind,
  ubyte,
  uint,
  ulong,
  ushort,
  uuid,
} from './wire/typed.ts';
