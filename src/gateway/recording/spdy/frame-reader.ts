/**
 * Cuts the bytes of one direction into SPDY frames: control frames whole, data in pieces as it
 * comes. Lengths that the standard fixes must be so, because readers exist that believe the kind of
 * a frame and not its length: what follows would be another frame to them than to us.
 * @spec SPDY/3.1 2.2
 */
import { unfollowable } from '../channel-sink.ts';

/** Control frames that exist. */
export const controls = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export interface SpdySink {
  /** A whole control frame. @param payload owned */
  onControl(type: number, payload: Buffer): void;
  /** Some bytes of a data frame, borrowed. */
  onData(stream: number, bytes: Buffer): void;
}

const headBytes = 8;
/** Of a control frame; those of a terminal have less than a hundred. */
const controlBytesMax = 16 * 1024;
const settingBytes = 8;
const dataFlags = { fin: 1 } as const;
const lengths: ReadonlyMap<number, number> = new Map([
  [controls.rstStream, 8],
  [controls.ping, 4],
  [controls.goAway, 8],
  [controls.windowUpdate, 8],
]);
/** Bytes before the header block. */
const blockAt: ReadonlyMap<number, number> = new Map([
  [controls.synStream, 10],
  [controls.synReply, 4],
  [controls.headers, 4],
]);

/** Bytes before the header block of a control frame; undefined when it has none. */
export function headerBlockAt(type: number): number | undefined {
  return blockAt.get(type);
}

export class SpdyFrameReader {
  readonly #sink: SpdySink;
  readonly #head = Buffer.alloc(headBytes);
  #headAt = 0;
  /** Bytes of the payload still to come. */
  #left = 0;
  /** The control frame that is gathered; undefined in a data frame. */
  #control: Buffer | undefined;
  #type = 0;
  #stream = 0;

  constructor(sink: SpdySink) {
    this.#sink = sink;
  }

  /** @throws GatewayError GATEWAY_RECORDING when the bytes are no frames that can be followed */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const taken = chunk.copy(this.#head, this.#headAt, at);
        at += taken;
        this.#headAt += taken;
        if (this.#headAt === headBytes) this.#onHead();
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      this.#onPayload(chunk.subarray(at, end));
      at = end;
    }
  }

  #onHead(): void {
    this.#headAt = 0;
    const first = this.#head.readUInt32BE(0);
    const size = this.#head.readUIntBE(5, 3);
    if (first >>> 31 === 0) {
      const flags = this.#head[4] ?? 0;
      if ((flags & ~dataFlags.fin) !== 0) throw unfollowable('a data frame has unknown flags');
      this.#control = undefined;
      this.#stream = first;
      this.#sink.onData(first, this.#head.subarray(0, 0));
    } else {
      if (first >>> 16 !== 0x8003) throw unfollowable('it is not version 3 of SPDY');
      this.#type = first & 0xffff;
      if (size > controlBytesMax) throw unfollowable('a control frame is too large');
      this.#control = Buffer.alloc(size);
    }
    this.#left = size;
    if (size === 0) this.#onFrameEnd();
  }

  #onPayload(bytes: Buffer): void {
    const control = this.#control;
    if (control === undefined) this.#sink.onData(this.#stream, bytes);
    else bytes.copy(control, control.length - this.#left);
    this.#left -= bytes.length;
    if (this.#left === 0) this.#onFrameEnd();
  }

  #onFrameEnd(): void {
    const control = this.#control;
    if (control === undefined) return;
    this.#control = undefined;
    if (!isOfItsLength(this.#type, control)) {
      throw unfollowable('a control frame is unknown or not of its length');
    }
    this.#sink.onControl(this.#type, control);
  }
}

function isOfItsLength(type: number, payload: Buffer): boolean {
  const fixed = lengths.get(type);
  if (fixed !== undefined) return payload.length === fixed;
  const before = blockAt.get(type);
  if (before !== undefined) return payload.length > before;
  if (type !== controls.settings || payload.length < 4) return false;
  return payload.length === 4 + settingBytes * payload.readUInt32BE(0);
}
