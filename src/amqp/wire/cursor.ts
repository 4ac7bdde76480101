/** A read position in a buffer, checked against an end. */
import { Buffer } from 'node:buffer';
import { AmqpConditions, AmqpError } from '../errors.ts';

/** The bytes as a Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An AMQP_DECODE error. */
export function malformed(what: string): AmqpError {
  return new AmqpError('AMQP_DECODE', AmqpConditions.decodeError, what);
}

export class Cursor {
  buffer: Buffer;
  position: number;
  end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.buffer = asBuffer(bytes);
    this.position = start;
    this.end = end;
  }

  /** Points the same cursor elsewhere, for hot paths. */
  reset(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.position;
  }

  /** Moves on by `size` and returns where that began. @throws AmqpError AMQP_DECODE past the end */
  take(size: number): number {
    const at = this.position;
    if (size > this.end - at) throw malformed('value cut off');
    this.position = at + size;
    return at;
  }

  u8(): number {
    return this.buffer[this.take(1)]!;
  }

  u16(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  u32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  /** The view of the next `size` bytes. */
  view(size: number): Buffer {
    const at = this.take(size);
    return this.buffer.subarray(at, at + size);
  }
}
