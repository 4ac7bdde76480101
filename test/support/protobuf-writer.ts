/** A plain protobuf encoder, the opposite of the server's decoder, for tests. */
type Value = string | number | boolean | Buffer;

/** Fields in the order given: number and value; buffers are embedded messages or bytes. */
export function message(...fields: readonly (readonly [number, Value])[]): Buffer {
  return Buffer.concat(fields.map(([number, value]) => field(number, value)));
}

/** One entry of a map. */
export function entry(key: string, value: Value): Buffer {
  return message([1, key], [2, value]);
}

/** The body that kubectl sends. */
export function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = message([1, apiVersion], [2, kind]);
  const unknown = message([1, typeMeta], [2, raw], [3, ''], [4, '']);
  return Buffer.concat([Buffer.from('k8s\0', 'latin1'), unknown]);
}

function field(number: number, value: Value): Buffer {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return Buffer.concat([varint(BigInt(number) << 3n), varint(BigInt(value))]);
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const tag = varint((BigInt(number) << 3n) | 2n);
  return Buffer.concat([tag, varint(BigInt(bytes.length)), bytes]);
}

function varint(given: bigint): Buffer {
  let value = BigInt.asUintN(64, given);
  const bytes: number[] = [];
  do {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    bytes.push(value === 0n ? low : low | 0x80);
  } while (value !== 0n);
  return Buffer.from(bytes);
}
