/**
 * A DER writer as small as certificates need, plus a reader that walks the fields of one sequence.
 * Signing through a general ASN.1 library costs about ten times the signature itself; this does not.
 * The reader is only given bytes that OpenSSL has parsed before.
 * @spec X.690 8
 */
import { assert } from '#base/assert.ts';

/** Tags that certificates use. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value with its tag and definite length. */
export function encodeValue(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let size = 0;
  for (const part of parts) size += part.length;
  return Buffer.concat([encodeHeader(tag, size), ...parts]);
}

function encodeHeader(tag: number, size: number): Buffer {
  if (size < 0x80) return Buffer.of(tag, size);
  if (size < 0x100) return Buffer.of(tag, 0x81, size);
  assert(size < 0x1_0000, 'a DER value longer than 65535 bytes');
  return Buffer.of(tag, 0x82, size >> 8, size & 0xff);
}

/** SEQUENCE of encoded values. */
export function encodeSequence(...parts: readonly Uint8Array[]): Buffer {
  return encodeValue(Tag.sequence, ...parts);
}

/** An object identifier from its dotted form. */
export function encodeOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return encodeValue(Tag.objectIdentifier, Buffer.from(bytes));
}

/** A point in time: UTCTime to 2049, GeneralizedTime after. @spec RFC5280 4.1.2.5 */
export function encodeTime(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replace(/\.\d+Z$|[-:T]/g, '');
  const year = Number(digits.slice(0, 4));
  assert(year >= 1950 && year <= 9999, 'a certificate time outside 1950 to 9999');
  return year < 2050
    ? encodeValue(Tag.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : encodeValue(Tag.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'));
}

/** BIT STRING whose last byte leaves `unusedBits` free. */
export function encodeBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return encodeValue(Tag.bitString, Buffer.of(unusedBits), bytes);
}

/** One field of a walked sequence; both views borrow the input. */
export interface DerField {
  readonly tag: number;
  /** The value without tag and length. */
  readonly content: Buffer;
  /** Tag, length and value. */
  readonly whole: Buffer;
}

/** The fields inside a constructed value's content, in order. */
export function readFields(content: Buffer): readonly DerField[] {
  const fields: DerField[] = [];
  for (let at = 0; at < content.length; ) {
    const field = readField(content, at);
    fields.push(field);
    at += field.whole.length;
  }
  return fields;
}

function readField(bytes: Buffer, at: number): DerField {
  const tag = bytes.readUInt8(at);
  let size = bytes.readUInt8(at + 1);
  let start = at + 2;
  if (size >= 0x80) {
    const width = size & 0x7f;
    assert(width >= 1 && width <= 4, 'a DER length of a width that is not used');
    size = bytes.readUIntBE(start, width);
    start += width;
  }
  assert(start + size <= bytes.length, 'a DER value longer than its surroundings');
  return {
    tag,
    content: bytes.subarray(start, start + size),
    whole: bytes.subarray(at, start + size),
  };
}
