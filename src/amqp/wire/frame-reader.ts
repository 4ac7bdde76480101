/**
 * Cuts a byte stream into protocol headers and frames. Performatives are handed over whole;
 * transfer payloads are handed over as views in the pieces in which they arrive, never joined:
 *
 *   chunk 1  [size doff type ch | transfer ... | payload-]      onTransfer, onPayload
 *   chunk 2  [-payload]                                         onPayload, onTransferEnd
 *
 * Only a head that is itself cut apart is joined, in a buffer of just its size.
 *
 * @spec AMQP-1.0 2.2 2.3
 */
import { Buffer } from 'node:buffer';
import { AmqpConditions, AmqpError } from '../errors.ts';
import { asBuffer, Cursor } from './cursor.ts';
import { Descriptors } from './descriptors.ts';
import { readDescriptorCode } from './list-fields.ts';
import { Transfer } from './transfer.ts';

/** Cursors and transfers are borrowed: valid during the call. Payload views may be kept. */
export interface FrameHandler {
  /** `protocol`: 0 AMQP, 2 TLS, 3 SASL. */
  onProtocolHeader(protocol: number): void;
  onHeartbeat(): void;
  /** The cursor stands at the list of the performative. */
  onPerformative(channel: number, code: number, cursor: Cursor): void;
  onSaslFrame(code: number, cursor: Cursor): void;
  onTransfer(channel: number, transfer: Transfer): void;
  onPayload(bytes: Buffer): void;
  /** The payload of this transfer frame is complete. */
  onTransferEnd(): void;
}

/** The first four bytes of a protocol header, read as a frame size. */
const protocolHeaderMark = 0x41_4d_51_50;

/** Longest transfer performative, bytes; ours take about 40. */
export const transferHeadBytesMax = 1024;

const framing = (what: string): AmqpError =>
  new AmqpError('AMQP_FRAMING', AmqpConditions.framingError, what);

export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #transfer = new Transfer();
  readonly #cursor = new Cursor(Buffer.alloc(0));
  /** Largest frame accepted, bytes. */
  frameSizeBytesMax: number;
  #payloadLeft = 0;
  #inTransfer = false;
  #joinBuffer: Buffer | undefined = undefined;
  #joinedBytes = 0;
  #isStopped = false;

  constructor(handler: FrameHandler, frameSizeBytesMax: number) {
    this.#handler = handler;
    this.frameSizeBytesMax = frameSizeBytesMax;
  }

  /** True between frames: nothing is half read. */
  get isBetweenFrames(): boolean {
    return !this.#inTransfer && this.#joinBuffer === undefined;
  }

  /** Ignores everything from now on, also the rest of the present chunk. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * @param bytes owned from now on: never to be rewritten
   * @throws AmqpError AMQP_FRAMING, AMQP_FRAME_TOO_LARGE, AMQP_DECODE, AMQP_PROTOCOL_HEADER
   */
  push(bytes: Uint8Array): void {
    const buffer = asBuffer(bytes);
    const end = buffer.length;
    let at = 0;
    while (at < end && !this.#isStopped) {
      if (this.#inTransfer) at = this.#readPayload(buffer, at, end);
      else if (this.#joinBuffer) at = this.#join(this.#joinBuffer, buffer, at, end);
      else {
        const needed = this.#headSize(buffer, at, end - at);
        if (needed <= end - at) {
          this.#readHead(buffer, at, needed);
          at += needed;
        } else {
          this.#joinBuffer = Buffer.allocUnsafe(needed);
          this.#joinedBytes = buffer.copy(this.#joinBuffer, 0, at, end);
          at = end;
        }
      }
    }
  }

  #readPayload(buffer: Buffer, at: number, end: number): number {
    const size = Math.min(this.#payloadLeft, end - at);
    this.#payloadLeft -= size;
    const isWhole = size === buffer.length;
    this.#handler.onPayload(isWhole ? buffer : buffer.subarray(at, at + size));
    if (this.#payloadLeft === 0) {
      this.#inTransfer = false;
      if (!this.#isStopped) this.#handler.onTransferEnd();
    }
    return at + size;
  }

  #join(join: Buffer, buffer: Buffer, at: number, end: number): number {
    const size = Math.min(join.length - this.#joinedBytes, end - at);
    buffer.copy(join, this.#joinedBytes, at, at + size);
    this.#joinedBytes += size;
    if (this.#joinedBytes < join.length) return at + size;
    const needed = this.#headSize(join, 0, join.length);
    if (needed > join.length) {
      const larger = Buffer.allocUnsafe(needed);
      join.copy(larger);
      this.#joinBuffer = larger;
    } else {
      this.#joinBuffer = undefined;
      this.#readHead(join, 0, needed);
    }
    return at + size;
  }

  /**
   * How many bytes from `at` must be there before the head can be read: at most that many more
   * than needed to know better. For all but transfers the head is the whole frame.
   */
  #headSize(buffer: Buffer, at: number, available: number): number {
    if (available < 8) return 8;
    const size = buffer.readUInt32BE(at);
    if (size === protocolHeaderMark) return 8;
    if (size > this.frameSizeBytesMax) {
      throw new AmqpError('AMQP_FRAME_TOO_LARGE', AmqpConditions.framingError, 'frame too large', {
        facts: { sizeBytes: size, sizeBytesMax: this.frameSizeBytesMax },
      });
    }
    const body = buffer[at + 4]! * 4;
    if (body < 8 || body > size) throw framing('frame header is wrong');
    if (buffer[at + 5] !== 0 || size - body < 5) return size;
    if (available < body + 3) return body + 3;
    let list = body + 3;
    if (buffer[at + body + 1] === 0x80) {
      if (available < Math.min(size, body + 10)) return Math.min(size, body + 10);
      if (size < body + 10 || buffer.readUInt32BE(at + body + 6) !== Descriptors.transfer) {
        return size;
      }
      list = body + 10;
    } else if (buffer[at + body + 2] !== Descriptors.transfer) return size;
    return this.#transferHeadSize(buffer, at, available, list, size);
  }

  #transferHeadSize(
    buffer: Buffer,
    at: number,
    available: number,
    list: number,
    size: number,
  ): number {
    if (available < Math.min(size, list + 5)) return Math.min(size, list + 5);
    const constructorByte = buffer[at + list];
    let head = 0;
    if (constructorByte === 0xc0) head = list + 2 + buffer[at + list + 1]!;
    else if (constructorByte === 0xd0 && size >= list + 5) {
      head = list + 5 + buffer.readUInt32BE(at + list + 1);
    }
    if (head === 0 || head > size || head > transferHeadBytesMax) {
      throw framing('transfer does not fit its frame');
    }
    return head;
  }

  #readHead(buffer: Buffer, at: number, length: number): void {
    const size = buffer.readUInt32BE(at);
    if (size === protocolHeaderMark) return this.#readProtocolHeader(buffer, at);
    const body = buffer[at + 4]! * 4;
    const type = buffer[at + 5]!;
    const cursor = this.#cursor;
    cursor.reset(buffer, at + body, at + length);
    if (type === 1) {
      if (size === body) throw framing('empty SASL frame');
      return this.#handler.onSaslFrame(readDescriptorCode(cursor), cursor);
    }
    if (type !== 0) throw framing('unknown frame type');
    if (size === body) return this.#handler.onHeartbeat();
    const channel = buffer.readUInt16BE(at + 6);
    const code = readDescriptorCode(cursor);
    if (code !== Descriptors.transfer) {
      return this.#handler.onPerformative(channel, code, cursor);
    }
    this.#transfer.read(cursor);
    this.#payloadLeft = size - length;
    this.#inTransfer = this.#payloadLeft > 0;
    this.#handler.onTransfer(channel, this.#transfer);
    if (this.#payloadLeft === 0 && !this.#isStopped) this.#handler.onTransferEnd();
  }

  #readProtocolHeader(buffer: Buffer, at: number): void {
    const protocol = buffer[at + 4]!;
    const isVersion1 = buffer[at + 5] === 1 && buffer[at + 6] === 0 && buffer[at + 7] === 0;
    if (!isVersion1) {
      throw new AmqpError(
        'AMQP_PROTOCOL_HEADER',
        AmqpConditions.framingError,
        'the peer speaks another version of AMQP',
      );
    }
    this.#handler.onProtocolHeader(protocol);
  }
}
