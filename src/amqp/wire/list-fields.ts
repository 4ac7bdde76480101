/**
 * Fields of performatives. The rare ones are decoded as a list of values and picked by position;
 * the frequent ones read their fields straight from the bytes with the functions below.
 */
import { type Cursor, malformed } from './cursor.ts';
import { readValue } from './decode.ts';
import { type AmqpMap, type AmqpValue, Described } from './typed.ts';

/** Positional fields; missing ones at the end are absent. All getters throw AMQP_DECODE. */
export class ListFields {
  readonly #items: readonly AmqpValue[];

  constructor(value: AmqpValue) {
    if (!Array.isArray(value)) throw malformed('expected a list');
    this.#items = value;
  }

  at(index: number): AmqpValue {
    return this.#items[index] ?? null;
  }

  uint(index: number, max = 0xffff_ffff): number | undefined {
    const value = this.at(index);
    if (value === null) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
      throw malformed('expected an unsigned number');
    }
    return value;
  }

  /** Unsigned 64 bits; beyond 2^53 it counts as 2^53-1. */
  ulong(index: number): number | undefined {
    const value = this.at(index);
    if (typeof value === 'bigint' && value > 0n) return Number.MAX_SAFE_INTEGER;
    return this.uint(index, Number.MAX_SAFE_INTEGER);
  }

  boolean(index: number): boolean | undefined {
    const value = this.at(index);
    if (value === null) return undefined;
    if (typeof value !== 'boolean') throw malformed('expected a boolean');
    return value;
  }

  text(index: number): string | undefined {
    const value = this.at(index);
    if (value === null) return undefined;
    if (typeof value !== 'string') throw malformed('expected a text');
    return value;
  }

  binary(index: number): Uint8Array | undefined {
    const value = this.at(index);
    if (value === null) return undefined;
    if (!(value instanceof Uint8Array)) throw malformed('expected binary');
    return value;
  }

  /** A symbol, an array of symbols, or nothing. */
  symbols(index: number): readonly string[] {
    const value = this.at(index);
    if (value === null) return [];
    if (typeof value === 'string') return [value];
    if (!Array.isArray(value)) throw malformed('expected symbols');
    return value.map((item: AmqpValue) => {
      if (typeof item !== 'string') throw malformed('expected symbols');
      return item;
    });
  }

  map(index: number): AmqpMap | undefined {
    const value = this.at(index);
    if (value === null) return undefined;
    if (!(value instanceof Map)) throw malformed('expected a map');
    return value;
  }

  /** A map as properties: keys that are not texts are left out. */
  properties(index: number): ReadonlyMap<string, AmqpValue> {
    return textKeys(this.map(index));
  }

  described(index: number): Described<AmqpValue> | undefined {
    const value = this.at(index);
    if (value === null) return undefined;
    if (!(value instanceof Described)) throw malformed('expected a described value');
    return value;
  }
}

/** The entries of a map whose keys are texts. */
export function textKeys(map: AmqpMap | undefined): ReadonlyMap<string, AmqpValue> {
  const texts = new Map<string, AmqpValue>();
  for (const [key, value] of map ?? []) if (typeof key === 'string') texts.set(key, value);
  return texts;
}

/** The descriptor of a performative, section or outcome. @throws AmqpError AMQP_DECODE */
export function readDescriptorCode(cursor: Cursor): number {
  if (cursor.u8() !== 0x00) throw malformed('expected a described value');
  const width = cursor.u8();
  if (width === 0x53) return cursor.u8();
  if (width === 0x80) {
    const high = cursor.u32();
    if (high === 0) return cursor.u32();
  }
  throw malformed('unknown descriptor');
}

/**
 * Enters a list: the cursor stands at the first field afterwards.
 * @returns the number of fields
 */
export function enterList(cursor: Cursor): number {
  const constructorByte = cursor.u8();
  if (constructorByte === 0xc0) {
    const size = cursor.u8();
    if (size < 1 || size > cursor.left) throw malformed('list size is wrong');
    return cursor.u8();
  }
  if (constructorByte === 0x45) return 0;
  if (constructorByte === 0xd0) {
    const size = cursor.u32();
    if (size < 4 || size > cursor.left) throw malformed('list size is wrong');
    return cursor.u32();
  }
  throw malformed('expected a list');
}

/** An unsigned field of 8 to 32 bits, -1 for null. */
export function readUintField(cursor: Cursor): number {
  switch (cursor.u8()) {
    case 0x52:
    case 0x50:
    case 0x53:
      return cursor.u8();
    case 0x43:
    case 0x44:
      return 0;
    case 0x70:
      return cursor.u32();
    case 0x60:
      return cursor.u16();
    case 0x40:
      return -1;
    default:
      throw malformed('expected an unsigned number');
  }
}

/** A boolean field, false for null. */
export function readBooleanField(cursor: Cursor): boolean {
  switch (cursor.u8()) {
    case 0x41:
      return true;
    case 0x42:
    case 0x40:
      return false;
    case 0x56:
      return cursor.u8() === 1;
    default:
      throw malformed('expected a boolean');
  }
}

/** The value of a performative as fields. */
export function readFields(cursor: Cursor): ListFields {
  return new ListFields(readValue(cursor));
}
