/**
 * The obvious slow twin of the value encoder: always the widest form, built by concatenation.
 * Property tests compare what both mean.
 */
import { Described, type Encodable, Typed } from '#amqp/index.ts';

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const i64 = (code: number, value: bigint): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes[0] = code;
  bytes.writeBigInt64BE(BigInt.asIntN(64, value), 1);
  return bytes;
};

const sized = (code: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([code]), u32(bytes.length), bytes]);

const compound = (code: number, count: number, content: Buffer): Buffer =>
  sized(code, Buffer.concat([u32(count), content]));

export function plainEncode(value: Encodable): Buffer {
  if (value === null || value === undefined) return Buffer.from([0x40]);
  if (typeof value === 'boolean') return Buffer.from([0x56, value ? 1 : 0]);
  if (typeof value === 'string') return sized(0xb1, Buffer.from(value, 'utf8'));
  if (typeof value === 'bigint') return i64(0x81, value);
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return i64(0x81, BigInt(value));
    const bytes = Buffer.alloc(9);
    bytes[0] = 0x82;
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (value instanceof Uint8Array) return sized(0xb0, Buffer.from(value));
  if (value instanceof Typed) return plainTyped(value);
  if (value instanceof Described) {
    const { descriptor } = value;
    const name =
      typeof descriptor === 'string'
        ? sized(0xb3, Buffer.from(descriptor, 'latin1'))
        : i64(0x80, BigInt(descriptor));
    return Buffer.concat([Buffer.from([0]), name, plainEncode(value.value as Encodable)]);
  }
  if (value instanceof Map) {
    const items = [...value].flat().map((item) => plainEncode(item as Encodable));
    return compound(0xd1, items.length, Buffer.concat(items));
  }
  const items = (value as readonly Encodable[]).map(plainEncode);
  return compound(0xd0, items.length, Buffer.concat(items));
}

/** The kinds that the property tests make. */
function plainTyped({ kind, value }: Typed): Buffer {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check
  switch (kind) {
    case 'ulong':
      return i64(0x80, BigInt(value as number | bigint));
    case 'long':
      return i64(0x81, BigInt(value as number | bigint));
    case 'timestamp':
      return i64(0x83, BigInt(value as number | bigint));
    case 'uint':
      return Buffer.concat([Buffer.from([0x70]), u32(value as number)]);
    case 'int':
      return i64(0x81, BigInt(value as number));
    case 'sym':
      return sized(0xb3, Buffer.from(value as string, 'latin1'));
    case 'symArray': {
      const items = (value as string[]).map((name) =>
        Buffer.concat([u32(name.length), Buffer.from(name, 'latin1')]),
      );
      return compound(0xf0, items.length, Buffer.concat([Buffer.from([0xb3]), ...items]));
    }
    default:
      throw new TypeError(`the plain twin knows no ${kind}`);
  }
}
