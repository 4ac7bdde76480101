/** The protobuf wire format, as far as reading needs it. @spec Protocol Buffers Encoding */
import { KubeError } from '../errors.ts';

export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Walks the fields of one message. Views are borrowed from the given buffer. */
export class ProtobufReader {
  readonly #bytes: Buffer;
  #at = 0;
  #wireType = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The number of the next field; 0 at the end. */
  nextField(): number {
    if (this.#at >= this.#bytes.length) return 0;
    const tag = this.#varint();
    const field = Number(tag >> 3n);
    this.#wireType = Number(tag & 7n);
    if (field === 0) throw malformed('field number zero');
    return field;
  }

  /** A signed integer. @throws KubeError beyond 2^53 */
  readInteger(): number {
    this.#expect(WireType.varint);
    const value = Number(BigInt.asIntN(64, this.#varint()));
    if (!Number.isSafeInteger(value)) throw malformed('integer out of range');
    return value;
  }

  /** Bytes, text or an embedded message. */
  readBytes(): Buffer {
    this.#expect(WireType.bytes);
    return this.#take(Number(this.#varint()));
  }

  skip(): void {
    switch (this.#wireType) {
      case WireType.varint:
        this.#varint();
        return;
      case WireType.fixed64:
        this.#take(8);
        return;
      case WireType.bytes:
        this.#take(Number(this.#varint()));
        return;
      case WireType.fixed32:
        this.#take(4);
        return;
      default:
        throw malformed('unknown wire type');
    }
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw malformed('unexpected wire type');
  }

  #take(size: number): Buffer {
    if (size > this.#bytes.length - this.#at) throw malformed('length beyond the end');
    const view = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    return view;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed('varint beyond the end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('varint too long');
  }
}

export function malformed(what: string): KubeError {
  return new KubeError('KUBE_PROTOBUF_MALFORMED', `malformed protobuf: ${what}`);
}
