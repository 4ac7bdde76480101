/**
 * Collects everything a connection sends in one turn. Frame heads are written into slabs; payload
 * views are put between them uncopied (small ones are copied: a copy is cheaper than one more
 * buffer for the kernel):
 *
 *   chunks:  [slab: ...frames, transfer head] [payload view] [payload view] [slab: ...]
 *
 * The transfer written last stays open until something else is written, so that bytes and the end
 * of a delivery that come in the same turn share its frame: size, `more` and `settled` are filled
 * in when it closes.
 */
import { Buffer } from 'node:buffer';
import { ByteWriter } from './byte-writer.ts';
import { Descriptors } from './descriptors.ts';
import { closeCompound, openCompound, writeBinary, writeUint } from './encode.ts';

/** Size of a slab, bytes. */
const slabBytes = 8192;
/** A new slab is begun when less room than this is left, bytes. */
const slabRoomBytes = 512;
/** Payloads up to this size are copied into the slab, bytes. */
export const payloadCopyBytesMax = 1024;

const protocolHeader = (protocol: 0 | 3): Buffer =>
  Buffer.from([0x41, 0x4d, 0x51, 0x50, protocol, 1, 0, 0]);

export class Outbox {
  readonly #onFirst: () => void;
  #out = new ByteWriter(slabBytes);
  /** Where the part of the slab begins that is not in `#chunks` yet. */
  #unsealed = 0;
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  #frameStart = 0;
  #framesTotal = 0;
  // The open transfer.
  #openOwner: object | undefined = undefined;
  #openSlab: Buffer = this.#out.bytes;
  #openStart = 0;
  #openMoreAt = 0;
  #openSettledAt = 0;
  #openSizeBytes = 0;

  /** @param onFirst called when the first byte comes into an empty outbox */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
  }

  /** Bytes waiting. */
  get sizeBytes(): number {
    return this.#chunkBytes + this.#out.size - this.#unsealed;
  }

  get framesTotal(): number {
    return this.#framesTotal;
  }

  protocolHeader(protocol: 0 | 3): void {
    this.#prepare();
    this.#out.raw(protocolHeader(protocol));
  }

  heartbeat(): void {
    this.endFrame(this.beginFrame(0));
  }

  /** The writer for the body of a frame; give it back to {@link endFrame}. */
  beginFrame(channel: number, type: 0 | 1 = 0): ByteWriter {
    this.#prepare();
    const out = this.#out;
    this.#frameStart = out.size;
    out.u32(0);
    out.u8pair(2, type);
    out.u16(channel);
    return out;
  }

  endFrame(out: ByteWriter): void {
    out.bytes.writeUInt32BE(out.size - this.#frameStart, this.#frameStart);
    this.#framesTotal++;
  }

  /** Takes back what was written since {@link beginFrame}. */
  abandonFrame(out: ByteWriter): void {
    out.size = this.#frameStart;
  }

  /** The owner of the transfer that can still grow. */
  get openOwner(): object | undefined {
    return this.#openOwner;
  }

  /** Size of the open transfer frame so far, bytes. */
  get openSizeBytes(): number {
    return this.#openSizeBytes;
  }

  /** Opens a transfer with `more` set and not settled unless `settled`. */
  openTransfer(
    owner: object,
    channel: number,
    handle: number,
    deliveryId: number,
    tag: Uint8Array,
    messageFormat: number,
    settled: boolean,
  ): void {
    const out = this.beginFrame(channel);
    out.u8(0x00);
    out.u8pair(0x53, Descriptors.transfer);
    const list = out.size;
    openCompound(out, 0xc0);
    writeUint(out, handle);
    writeUint(out, deliveryId);
    writeBinary(out, tag);
    writeUint(out, messageFormat);
    this.#openSettledAt = out.size;
    out.u8pair(settled ? 0x41 : 0x42, 0x41);
    this.#openMoreAt = this.#openSettledAt + 1;
    closeCompound(out, list, 6);
    this.#openOwner = owner;
    this.#openSlab = out.bytes;
    this.#openStart = this.#frameStart;
    this.#openSizeBytes = out.size - this.#frameStart;
    this.#framesTotal++;
  }

  /** Appends to the open transfer. */
  addPayload(bytes: Uint8Array): void {
    this.#openSizeBytes += bytes.length;
    const out = this.#out;
    if (bytes.length <= payloadCopyBytesMax && out.size + bytes.length <= out.bytes.length) {
      out.bytes.set(bytes, out.size);
      out.size += bytes.length;
      return;
    }
    this.#seal();
    this.#chunks.push(bytes);
    this.#chunkBytes += bytes.length;
  }

  /** Marks the open transfer as the last of its delivery and closes it. */
  finishTransfer(settled: boolean): void {
    this.#openSlab[this.#openMoreAt] = 0x42;
    if (settled) this.#openSlab[this.#openSettledAt] = 0x41;
    this.closeTransfer();
  }

  /** Closes the open transfer, if there is one. */
  closeTransfer(): void {
    if (!this.#openOwner) return;
    this.#openSlab.writeUInt32BE(this.#openSizeBytes, this.#openStart);
    this.#openOwner = undefined;
  }

  /** A transfer without payload that gives its delivery up. */
  abortTransfer(channel: number, handle: number, deliveryId: number, tag: Uint8Array): void {
    const out = this.beginFrame(channel);
    out.u8(0x00);
    out.u8pair(0x53, Descriptors.transfer);
    const list = out.size;
    openCompound(out, 0xc0);
    writeUint(out, handle);
    writeUint(out, deliveryId);
    writeBinary(out, tag);
    out.u8(0x43);
    out.u8pair(0x41, 0x42);
    out.u8pair(0x40, 0x40);
    out.u8pair(0x40, 0x41);
    closeCompound(out, list, 10);
    this.endFrame(out);
  }

  /** Takes everything out, for the transport to own. */
  take(): Uint8Array[] {
    this.closeTransfer();
    this.#seal();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#chunkBytes = 0;
    return chunks;
  }

  #prepare(): void {
    this.closeTransfer();
    const out = this.#out;
    if (this.sizeBytes === 0) this.#onFirst();
    if (out.bytes.length - out.size < slabRoomBytes) {
      this.#seal();
      this.#out = new ByteWriter(slabBytes);
      this.#unsealed = 0;
    }
  }

  #seal(): void {
    const out = this.#out;
    if (out.size === this.#unsealed) return;
    this.#chunks.push(out.bytes.subarray(this.#unsealed, out.size));
    this.#chunkBytes += out.size - this.#unsealed;
    this.#unsealed = out.size;
  }
}
