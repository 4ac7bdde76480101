/** The performatives that travel a few times per connection or link. @spec AMQP-1.0 2.7 */
import type { ByteWriter } from './byte-writer.ts';
import { type Cursor, malformed } from './cursor.ts';
import { type AmqpCondition, conditionOf, conditionToValue } from './delivery-state.ts';
import { Descriptors } from './descriptors.ts';
import { writeValue } from './encode.ts';
import { readFields } from './list-fields.ts';
import { sourceToValue, targetToValue, type Terminus, terminusOf } from './terminus.ts';
import {
  type AmqpValue,
  type Encodable,
  sym,
  symArray,
  symMap,
  ubyte,
  uint,
  ulong,
  ushort,
} from './typed.ts';

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

/** Writes a described list without trailing nulls. */
export function writePerformative(out: ByteWriter, code: number, fields: Encodable[]): void {
  while (fields.length > 0 && (fields.at(-1) ?? null) === null) fields.pop();
  out.u8(0x00);
  out.u8pair(0x53, code);
  writeValue(out, fields);
}

/** `open` to send. */
export interface OpenToSend {
  readonly containerId: string;
  readonly hostname: string | undefined;
  readonly maxFrameSizeBytes: number;
  readonly channelMax: number;
  readonly idleTimeoutMs: number;
  readonly offeredCapabilities: readonly string[];
  readonly desiredCapabilities: readonly string[];
  readonly properties: PropertiesToSend;
}

const propertiesToValue = (properties: PropertiesToSend | undefined): Encodable => {
  if (!properties) return null;
  const map = symMap(properties);
  return map.size === 0 ? null : map;
};

const symbolsToValue = (names: readonly string[]): Encodable =>
  names.length === 0 ? null : symArray(names);

export function writeOpen(out: ByteWriter, open: OpenToSend): void {
  writePerformative(out, Descriptors.open, [
    open.containerId,
    open.hostname,
    uint(open.maxFrameSizeBytes),
    ushort(open.channelMax),
    open.idleTimeoutMs === 0 ? null : uint(open.idleTimeoutMs),
    null,
    null,
    symbolsToValue(open.offeredCapabilities),
    symbolsToValue(open.desiredCapabilities),
    propertiesToValue(open.properties),
  ]);
}

/** @throws AmqpError AMQP_DECODE */
export function readOpen(cursor: Cursor): PeerOpen {
  const fields = readFields(cursor);
  const containerId = fields.text(0);
  if (containerId === undefined) throw malformed('open without container-id');
  return {
    containerId,
    hostname: fields.text(1),
    maxFrameSizeBytes: fields.uint(2) ?? 0xffff_ffff,
    channelMax: fields.uint(3, 0xffff) ?? 0xffff,
    idleTimeoutMs: fields.uint(4),
    offeredCapabilities: fields.symbols(7),
    desiredCapabilities: fields.symbols(8),
    properties: fields.properties(9),
  };
}

/** `begin` to send. */
export interface BeginToSend {
  readonly remoteChannel: number | undefined;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax: number;
  readonly properties: PropertiesToSend | undefined;
}

export function writeBegin(out: ByteWriter, begin: BeginToSend): void {
  writePerformative(out, Descriptors.begin, [
    begin.remoteChannel === undefined ? null : ushort(begin.remoteChannel),
    uint(begin.nextOutgoingId),
    uint(begin.incomingWindow),
    uint(begin.outgoingWindow),
    uint(begin.handleMax),
    null,
    null,
    propertiesToValue(begin.properties),
  ]);
}

/** @throws AmqpError AMQP_DECODE */
export function readBegin(cursor: Cursor): PeerBegin {
  const fields = readFields(cursor);
  const nextOutgoingId = fields.uint(1);
  const incomingWindow = fields.uint(2);
  const outgoingWindow = fields.uint(3);
  if (nextOutgoingId === undefined || incomingWindow === undefined) {
    throw malformed('begin without window');
  }
  return {
    remoteChannel: fields.uint(0, 0xffff),
    nextOutgoingId,
    incomingWindow,
    outgoingWindow: outgoingWindow ?? 0xffff_ffff,
    handleMax: fields.uint(4) ?? 0xffff_ffff,
    properties: fields.properties(7),
  };
}

/** `attach` to send. */
export interface AttachToSend {
  readonly name: string;
  readonly handle: number;
  readonly role: 'sender' | 'receiver';
  readonly senderSettleMode: SenderSettleMode;
  readonly receiverSettleMode: ReceiverSettleMode;
  readonly source: Terminus | undefined;
  readonly target: Terminus | undefined;
  readonly maxMessageSizeBytes: number;
  readonly properties: PropertiesToSend | undefined;
}

export function writeAttach(out: ByteWriter, attach: AttachToSend): void {
  writePerformative(out, Descriptors.attach, [
    attach.name,
    uint(attach.handle),
    attach.role === 'receiver',
    ubyte(attach.senderSettleMode),
    ubyte(attach.receiverSettleMode),
    sourceToValue(attach.source),
    targetToValue(attach.target),
    null,
    null,
    attach.role === 'sender' ? uint(0) : null,
    ulong(attach.maxMessageSizeBytes),
    null,
    null,
    propertiesToValue(attach.properties),
  ]);
}

/** @throws AmqpError AMQP_DECODE */
export function readAttach(cursor: Cursor): PeerAttach {
  const fields = readFields(cursor);
  const name = fields.text(0);
  const handle = fields.uint(1);
  const isReceiver = fields.boolean(2);
  if (name === undefined || handle === undefined || isReceiver === undefined) {
    throw malformed('attach without name, handle or role');
  }
  return {
    name,
    handle,
    role: isReceiver ? 'receiver' : 'sender',
    senderSettleMode: (fields.uint(3, 2) ?? 2) as SenderSettleMode,
    receiverSettleMode: (fields.uint(4, 1) ?? 0) as ReceiverSettleMode,
    source: terminusOf(fields.described(5)),
    target: terminusOf(fields.described(6)),
    initialDeliveryCount: fields.uint(9),
    maxMessageSizeBytes: fields.ulong(10) ?? 0,
    properties: fields.properties(13),
  };
}

/** `detach` as received. */
export interface PeerDetach {
  readonly handle: number;
  readonly closed: boolean;
  readonly error: AmqpCondition | undefined;
}

export function writeDetach(
  out: ByteWriter,
  handle: number,
  error: AmqpCondition | undefined,
): void {
  writePerformative(out, Descriptors.detach, [
    uint(handle),
    true,
    error ? conditionToValue(error) : null,
  ]);
}

/** @throws AmqpError AMQP_DECODE */
export function readDetach(cursor: Cursor): PeerDetach {
  const fields = readFields(cursor);
  const handle = fields.uint(0);
  if (handle === undefined) throw malformed('detach without handle');
  return {
    handle,
    closed: fields.boolean(1) ?? false,
    error: conditionOf(fields.described(2)),
  };
}

/** `end` or `close`. */
export function writeEnding(
  out: ByteWriter,
  code: typeof Descriptors.end | typeof Descriptors.close,
  error: AmqpCondition | undefined,
): void {
  writePerformative(out, code, [error ? conditionToValue(error) : null]);
}

/** The error of an `end` or `close`. @throws AmqpError AMQP_DECODE */
export function readEnding(cursor: Cursor): AmqpCondition | undefined {
  return conditionOf(readFields(cursor).described(0));
}

export function writeSaslMechanisms(out: ByteWriter, mechanisms: readonly string[]): void {
  writePerformative(out, Descriptors.saslMechanisms, [symArray(mechanisms)]);
}

/** @throws AmqpError AMQP_DECODE */
export function readSaslMechanisms(cursor: Cursor): readonly string[] {
  return readFields(cursor).symbols(0);
}

export function writeSaslInit(
  out: ByteWriter,
  mechanism: string,
  initialResponse: Uint8Array,
  hostname: string | undefined,
): void {
  writePerformative(out, Descriptors.saslInit, [sym(mechanism), initialResponse, hostname]);
}

/** The mechanism asked for. @throws AmqpError AMQP_DECODE */
export function readSaslInit(cursor: Cursor): string {
  const mechanism = readFields(cursor).text(0);
  if (mechanism === undefined) throw malformed('sasl-init without mechanism');
  return mechanism;
}

export function writeSaslOutcome(out: ByteWriter, code: number): void {
  writePerformative(out, Descriptors.saslOutcome, [ubyte(code)]);
}

/** 0 is ok. @throws AmqpError AMQP_DECODE */
export function readSaslOutcome(cursor: Cursor): number {
  const code = readFields(cursor).uint(0, 0xff);
  if (code === undefined) throw malformed('sasl-outcome without code');
  return code;
}
