/** A growing buffer with a write position. Numbers are big-endian, as AMQP wants. */
import { Buffer } from 'node:buffer';

export class ByteWriter {
  bytes: Buffer;
  size = 0;

  constructor(capacityBytes = 256) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
  }

  /** Makes room for `extra` more bytes. */
  ensure(extra: number): void {
    const needed = this.size + extra;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.size);
    this.bytes = larger;
  }

  u8(value: number): void {
    this.ensure(1);
    this.bytes[this.size++] = value;
  }

  /** A constructor byte and one byte of value. */
  u8pair(first: number, second: number): void {
    this.ensure(2);
    this.bytes[this.size++] = first;
    this.bytes[this.size++] = second;
  }

  u16(value: number): void {
    this.ensure(2);
    this.size = this.bytes.writeUInt16BE(value, this.size);
  }

  u32(value: number): void {
    this.ensure(4);
    this.size = this.bytes.writeUInt32BE(value, this.size);
  }

  i32(value: number): void {
    this.ensure(4);
    this.size = this.bytes.writeInt32BE(value, this.size);
  }

  /** Unsigned, a safe integer. */
  u64(value: number): void {
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value % 0x1_0000_0000);
  }

  bigU64(value: bigint): void {
    this.ensure(8);
    this.size = this.bytes.writeBigUInt64BE(value, this.size);
  }

  bigI64(value: bigint): void {
    this.ensure(8);
    this.size = this.bytes.writeBigInt64BE(value, this.size);
  }

  f32(value: number): void {
    this.ensure(4);
    this.size = this.bytes.writeFloatBE(value, this.size);
  }

  f64(value: number): void {
    this.ensure(8);
    this.size = this.bytes.writeDoubleBE(value, this.size);
  }

  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  /** Text of which the encoded size is known. */
  text(text: string, sizeBytes: number, encoding: 'utf8' | 'latin1'): void {
    this.ensure(sizeBytes);
    this.bytes.write(text, this.size, sizeBytes, encoding);
    this.size += sizeBytes;
  }

  /** Opens a gap of `gap` bytes at `at`, moving what follows. */
  insertGap(at: number, gap: number): void {
    this.ensure(gap);
    this.bytes.copyWithin(at + gap, at, this.size);
    this.size += gap;
  }

  /** What was written, as an owned copy of exact size. */
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.size));
  }
}
