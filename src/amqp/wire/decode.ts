/**
 * Bytes to values. Sizes and counts are checked against the bytes that are really there, so that
 * a short hostile value can not claim much memory.
 *
 * @spec AMQP-1.0 1.2 1.6
 */
import { AmqpConditions, AmqpError } from '../errors.ts';
import { type Cursor, malformed } from './cursor.ts';
import { valueDepthMax } from './encode.ts';
import { type AmqpValue, Described } from './typed.ts';

/** Most elements of an array whose elements take no bytes (nulls, zeros, empty lists). */
export const emptyElementsMax = 4096;

/** @throws AmqpError AMQP_DECODE, AMQP_DEPTH */
export function readValue(cursor: Cursor, depth = 0): AmqpValue {
  const constructorByte = cursor.u8();
  if (constructorByte !== 0x00) return readBody(cursor, constructorByte, depth);
  checkDepth(depth);
  const descriptor = readDescriptor(cursor);
  return new Described(descriptor, readValue(cursor, depth + 1));
}

function checkDepth(depth: number): void {
  if (depth >= valueDepthMax) {
    throw new AmqpError('AMQP_DEPTH', AmqpConditions.decodeError, 'value nested too deeply');
  }
}

/** The descriptor after a 0x00 byte. */
export function readDescriptor(cursor: Cursor): number | bigint | string {
  const constructorByte = cursor.u8();
  switch (constructorByte) {
    case 0x44:
    case 0x53:
    case 0x80:
    case 0xa3:
    case 0xb3:
      return readBody(cursor, constructorByte, 0) as number | bigint | string;
    default:
      throw malformed('descriptor is neither ulong nor symbol');
  }
}

/** Moves past one value without building it. @throws AmqpError AMQP_DECODE */
export function skipValue(cursor: Cursor): void {
  let constructorByte = cursor.u8();
  for (let descriptors = 0; constructorByte === 0x00; descriptors++) {
    checkDepth(descriptors);
    readDescriptor(cursor);
    constructorByte = cursor.u8();
  }
  switch (constructorByte >>> 4) {
    case 0x4:
      return;
    case 0x5:
      cursor.take(1);
      return;
    case 0x6:
      cursor.take(2);
      return;
    case 0x7:
      cursor.take(4);
      return;
    case 0x8:
      cursor.take(8);
      return;
    case 0x9:
      cursor.take(16);
      return;
    case 0xa:
    case 0xc:
    case 0xe:
      cursor.take(cursor.u8());
      return;
    case 0xb:
    case 0xd:
    case 0xf:
      cursor.take(cursor.u32());
      return;
    default:
      throw malformed('unknown constructor byte');
  }
}

// Long by nature: one case per constructor byte of the specification.
// oxlint-disable-next-line max-lines-per-function
function readBody(cursor: Cursor, constructorByte: number, depth: number): AmqpValue {
  const { buffer } = cursor;
  switch (constructorByte) {
    case 0x40:
      return null;
    case 0x41:
      return true;
    case 0x42:
      return false;
    case 0x56:
      return readBoolean(cursor);
    case 0x43:
    case 0x44:
      return 0;
    case 0x45:
      return [];
    case 0x50:
    case 0x52:
    case 0x53:
      return cursor.u8();
    case 0x51:
    case 0x54:
    case 0x55:
      return (cursor.u8() << 24) >> 24;
    case 0x60:
      return cursor.u16();
    case 0x61:
      return (cursor.u16() << 16) >> 16;
    case 0x70:
      return cursor.u32();
    case 0x71:
      return cursor.u32() | 0;
    case 0x72:
      return buffer.readFloatBE(cursor.take(4));
    case 0x73:
      return readChar(cursor);
    case 0x80:
      return readUlong(cursor);
    case 0x81:
    case 0x83:
      return readLong(cursor);
    case 0x82:
      return buffer.readDoubleBE(cursor.take(8));
    // decimal32, decimal64 and decimal128 stay bytes: nobody on this network computes with them.
    case 0x74:
      return cursor.view(4);
    case 0x84:
      return cursor.view(8);
    case 0x94:
      return cursor.view(16);
    case 0x98:
      return readUuid(cursor);
    case 0xa0:
      return cursor.view(cursor.u8());
    case 0xb0:
      return cursor.view(cursor.u32());
    case 0xa1:
      return readText(cursor, cursor.u8());
    case 0xb1:
      return readText(cursor, cursor.u32());
    case 0xa3:
      return readSymbol(cursor, cursor.u8());
    case 0xb3:
      return readSymbol(cursor, cursor.u32());
    case 0xc0:
      return readCompound(cursor, cursor.u8(), 1, 'list', depth);
    case 0xd0:
      return readCompound(cursor, cursor.u32(), 4, 'list', depth);
    case 0xc1:
      return readCompound(cursor, cursor.u8(), 1, 'map', depth);
    case 0xd1:
      return readCompound(cursor, cursor.u32(), 4, 'map', depth);
    case 0xe0:
      return readCompound(cursor, cursor.u8(), 1, 'array', depth);
    case 0xf0:
      return readCompound(cursor, cursor.u32(), 4, 'array', depth);
    default:
      throw malformed('unknown constructor byte');
  }
}

function readBoolean(cursor: Cursor): boolean {
  const byte = cursor.u8();
  if (byte > 1) throw malformed('boolean is neither 0 nor 1');
  return byte === 1;
}

function readChar(cursor: Cursor): string {
  const point = cursor.u32();
  if (point > 0x10_ffff) throw malformed('char beyond Unicode');
  return String.fromCodePoint(point);
}

function readUlong(cursor: Cursor): number | bigint {
  const at = cursor.take(8);
  const high = cursor.buffer.readUInt32BE(at);
  if (high >= 0x20_0000) return cursor.buffer.readBigUInt64BE(at);
  return high * 0x1_0000_0000 + cursor.buffer.readUInt32BE(at + 4);
}

function readLong(cursor: Cursor): number | bigint {
  const at = cursor.take(8);
  const high = cursor.buffer.readInt32BE(at);
  if (high >= 0x20_0000 || high < -0x20_0000) return cursor.buffer.readBigInt64BE(at);
  const value = high * 0x1_0000_0000 + cursor.buffer.readUInt32BE(at + 4);
  return Number.isSafeInteger(value) ? value : BigInt(value);
}

function readUuid(cursor: Cursor): string {
  const hex = cursor.view(16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function readText(cursor: Cursor, size: number): string {
  const at = cursor.take(size);
  return cursor.buffer.toString('utf8', at, at + size);
}

function readSymbol(cursor: Cursor, size: number): string {
  const at = cursor.take(size);
  return cursor.buffer.toString('latin1', at, at + size);
}

function readCompound(
  cursor: Cursor,
  size: number,
  countWidth: 1 | 4,
  kind: 'list' | 'map' | 'array',
  depth: number,
): AmqpValue {
  checkDepth(depth);
  if (size < countWidth || size > cursor.left) throw malformed(`${kind} size is wrong`);
  const end = cursor.position + size;
  const count = countWidth === 1 ? cursor.u8() : cursor.u32();
  let value: AmqpValue;
  if (kind === 'array') value = readArrayItems(cursor, count, end, depth);
  else {
    if (count > end - cursor.position) throw malformed(`${kind} count is wrong`);
    value =
      kind === 'list' ? readListItems(cursor, count, depth) : readMapItems(cursor, count, depth);
  }
  if (cursor.position !== end) throw malformed(`${kind} size does not match its content`);
  return value;
}

function readListItems(cursor: Cursor, count: number, depth: number): AmqpValue {
  const items: AmqpValue[] = [];
  for (let index = 0; index < count; index++) items.push(readValue(cursor, depth + 1));
  return items;
}

function readMapItems(cursor: Cursor, count: number, depth: number): AmqpValue {
  if (count % 2 === 1) throw malformed('map has a key without value');
  const map = new Map<AmqpValue, AmqpValue>();
  for (let index = 0; index < count; index += 2) {
    const key = readValue(cursor, depth + 1);
    map.set(key, readValue(cursor, depth + 1));
  }
  return map;
}

function readArrayItems(cursor: Cursor, count: number, end: number, depth: number): AmqpValue {
  // Some senders leave the element constructor out of an empty array.
  if (count === 0) {
    cursor.position = end;
    return [];
  }
  const first = cursor.u8();
  const descriptor = first === 0x00 ? readDescriptor(cursor) : undefined;
  const constructorByte = first === 0x00 ? cursor.u8() : first;
  const isEmptyElement = constructorByte >>> 4 === 0x4;
  if (count > (isEmptyElement ? emptyElementsMax : end - cursor.position)) {
    throw malformed('array count is wrong');
  }
  const items: AmqpValue[] = [];
  for (let index = 0; index < count; index++) {
    const item = readBody(cursor, constructorByte, depth + 1);
    items.push(descriptor === undefined ? item : new Described(descriptor, item));
  }
  return items;
}
