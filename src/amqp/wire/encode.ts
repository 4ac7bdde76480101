/**
 * Values to bytes, each in its shortest form. Compounds are written with one-byte sizes first and
 * widened when they turn out larger.
 *
 * @spec AMQP-1.0 1.2 1.6
 */
import { Buffer } from 'node:buffer';
import { AmqpConditions, AmqpError } from '../errors.ts';
import type { ByteWriter } from './byte-writer.ts';
import { Described, type Encodable, Typed } from './typed.ts';

/** Deepest nesting we encode or decode. */
export const valueDepthMax = 32;

const fail = (message: string): never => {
  throw new AmqpError('AMQP_ENCODE', AmqpConditions.internalError, message);
};

const inRange = (value: unknown, min: number, max: number, kind: string): number => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    return fail(`${kind} out of range`);
  }
  return value;
};

/** @throws AmqpError AMQP_ENCODE for values out of range, AMQP_DEPTH */
export function writeValue(out: ByteWriter, value: Encodable, depth = 0): void {
  if (depth > valueDepthMax) {
    throw new AmqpError('AMQP_DEPTH', AmqpConditions.internalError, 'value nested too deeply');
  }
  if (value === null || value === undefined) return out.u8(0x40);
  if (typeof value === 'boolean') return out.u8(value ? 0x41 : 0x42);
  if (typeof value === 'string') return writeText(out, value, 'utf8');
  if (typeof value === 'number') return writeNumber(out, value);
  if (typeof value === 'bigint') return writeLong(out, value);
  if (value instanceof Typed) return writeTyped(out, value);
  if (value instanceof Uint8Array) return writeBinary(out, value);
  if (value instanceof Described) {
    out.u8(0x00);
    writeDescriptor(out, value.descriptor);
    return writeValue(out, value.value as Encodable, depth + 1);
  }
  if (value instanceof Map) return writeMap(out, value, depth);
  return writeList(out, value as readonly Encodable[], depth);
}

function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isInteger(value) && !Object.is(value, -0)) {
    if (value >= -0x8000_0000 && value <= 0x7fff_ffff) return writeInt(out, value);
    if (Number.isSafeInteger(value)) return writeLong(out, BigInt(value));
  }
  out.u8(0x82);
  out.f64(value);
}

function writeInt(out: ByteWriter, value: number): void {
  if (value >= -128 && value <= 127) return out.u8pair(0x54, value & 0xff);
  out.u8(0x71);
  out.i32(value);
}

function writeLong(out: ByteWriter, value: bigint): void {
  if (value >= -128n && value <= 127n) return out.u8pair(0x55, Number(value) & 0xff);
  if (value < -(1n << 63n) || value >= 1n << 63n) fail('long out of range');
  out.u8(0x81);
  out.bigI64(value);
}

/** Shortest form of an unsigned 32-bit number. */
export function writeUint(out: ByteWriter, value: number): void {
  if (value === 0) return out.u8(0x43);
  if (value <= 0xff) return out.u8pair(0x52, value);
  out.u8(0x70);
  out.u32(value);
}

/** Shortest form of an unsigned 64-bit number. */
export function writeUlong(out: ByteWriter, value: number | bigint): void {
  if (value === 0 || value === 0n) return out.u8(0x44);
  if (value > 0 && value <= 0xff) return out.u8pair(0x53, Number(value));
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) fail('ulong out of range');
    out.u8(0x80);
    return out.u64(value);
  }
  if (value < 0n || value >= 1n << 64n) fail('ulong out of range');
  out.u8(0x80);
  out.bigU64(value);
}

function writeText(out: ByteWriter, text: string, encoding: 'utf8' | 'latin1'): void {
  const symbol = encoding === 'latin1';
  const size = symbol ? text.length : Buffer.byteLength(text, 'utf8');
  if (size <= 0xff) out.u8pair(symbol ? 0xa3 : 0xa1, size);
  else {
    out.u8(symbol ? 0xb3 : 0xb1);
    out.u32(size);
  }
  out.text(text, size, encoding);
}

/** A symbol. @throws AmqpError AMQP_ENCODE when it is not ASCII */
export function writeSymbol(out: ByteWriter, name: string): void {
  assertAscii(name);
  writeText(out, name, 'latin1');
}

function assertAscii(name: string): void {
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) > 0x7f) fail('symbol is not ASCII');
  }
}

/** Binary with its shortest size. */
export function writeBinary(out: ByteWriter, bytes: Uint8Array): void {
  if (bytes.length <= 0xff) out.u8pair(0xa0, bytes.length);
  else {
    out.u8(0xb0);
    out.u32(bytes.length);
  }
  out.raw(bytes);
}

function writeDescriptor(out: ByteWriter, descriptor: number | bigint | string): void {
  if (typeof descriptor === 'string') return writeSymbol(out, descriptor);
  writeUlong(out, descriptor);
}

function writeList(out: ByteWriter, items: readonly Encodable[], depth: number): void {
  if (items.length === 0) return out.u8(0x45);
  const start = out.size;
  openCompound(out, 0xc0);
  for (const item of items) writeValue(out, item, depth + 1);
  closeCompound(out, start, items.length);
}

function writeMap(out: ByteWriter, map: ReadonlyMap<Encodable, Encodable>, depth: number): void {
  const start = out.size;
  openCompound(out, 0xc1);
  for (const [key, item] of map) {
    writeValue(out, key, depth + 1);
    writeValue(out, item, depth + 1);
  }
  closeCompound(out, start, map.size * 2);
}

/** Writes the head of a list8, map8 or array8 with open size and count. */
export function openCompound(out: ByteWriter, constructorByte: number): void {
  out.u8(constructorByte);
  out.u8pair(0, 0);
}

/** Fills in size and count of the compound at `start`, widening it to 32-bit sizes if needed. */
export function closeCompound(out: ByteWriter, start: number, count: number): void {
  const content = out.size - start - 3;
  if (content + 1 <= 0xff && count <= 0xff) {
    out.bytes[start + 1] = content + 1;
    out.bytes[start + 2] = count;
    return;
  }
  out.insertGap(start + 3, 6);
  out.bytes[start] = out.bytes[start]! + 0x10;
  out.bytes.writeUInt32BE(content + 4, start + 1);
  out.bytes.writeUInt32BE(count, start + 5);
}

function writeSymbolArray(out: ByteWriter, names: readonly string[]): void {
  const start = out.size;
  openCompound(out, 0xe0);
  let wide = false;
  for (const name of names) {
    assertAscii(name);
    if (name.length > 0xff) wide = true;
  }
  out.u8(wide ? 0xb3 : 0xa3);
  for (const name of names) {
    if (wide) out.u32(name.length);
    else out.u8(name.length);
    out.text(name, name.length, 'latin1');
  }
  closeCompound(out, start, names.length);
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function writeUuid(out: ByteWriter, text: unknown): void {
  if (typeof text !== 'string' || !uuidPattern.test(text)) return fail('uuid malformed');
  out.u8(0x98);
  out.raw(Buffer.from(text.replaceAll('-', ''), 'hex'));
}

function writeChar(out: ByteWriter, text: unknown): void {
  const point = typeof text === 'string' ? text.codePointAt(0) : undefined;
  if (point === undefined || String.fromCodePoint(point) !== text) return fail('char malformed');
  out.u8(0x73);
  out.u32(point);
}

function toBigint(value: unknown, kind: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return fail(`${kind} out of range`);
}

function writeTyped(out: ByteWriter, typed: Typed): void {
  const { kind, value } = typed;
  switch (kind) {
    case 'ubyte':
      return out.u8pair(0x50, inRange(value, 0, 0xff, kind));
    case 'ushort':
      inRange(value, 0, 0xffff, kind);
      out.u8(0x60);
      return out.u16(Number(value));
    case 'uint':
      return writeUint(out, inRange(value, 0, 0xffff_ffff, kind));
    case 'ulong':
      return writeUlong(out, value as number | bigint);
    case 'byte':
      return out.u8pair(0x51, inRange(value, -128, 127, kind) & 0xff);
    case 'short':
      inRange(value, -0x8000, 0x7fff, kind);
      out.u8(0x61);
      return out.u16(Number(value) & 0xffff);
    case 'int':
      return writeInt(out, inRange(value, -0x8000_0000, 0x7fff_ffff, kind));
    case 'long':
      return writeLong(out, toBigint(value, kind));
    case 'float':
      out.u8(0x72);
      return out.f32(Number(value));
    case 'double':
      out.u8(0x82);
      return out.f64(Number(value));
    case 'char':
      return writeChar(out, value);
    case 'timestamp':
      out.u8(0x83);
      return out.bigI64(BigInt.asIntN(64, toBigint(value, kind)));
    case 'uuid':
      return writeUuid(out, value);
    case 'sym':
      return writeSymbol(out, value as string);
    case 'symArray':
      return writeSymbolArray(out, value as readonly string[]);
    case 'raw':
      return out.raw(value as Uint8Array);
  }
}
