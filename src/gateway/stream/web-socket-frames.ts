/**
 * Follows WebSocket frames going to a client without changing them, to know when a close frame may
 * be put between two of them.
 * @spec RFC6455 5.2 5.5.1
 */

/** Bytes of the longest header without a mask. */
const headerBytesMax = 10;

export class FrameTracker {
  /** Bytes of the payload still to come. */
  #left = 0;
  #header: number[] = [];

  /** True between two frames. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#header.length === 0;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      this.#header.push(chunk[at] ?? 0);
      at++;
      if (this.#header.length < sizeOfHeader(this.#header)) continue;
      this.#left = payloadBytes(this.#header);
      this.#header = [];
    }
  }
}

/** Bytes that the header has, as far as its first ones tell. */
export function sizeOfHeader(header: readonly number[]): number {
  const second = header[1];
  if (second === undefined) return 2;
  const mask = (second & 0x80) === 0 ? 0 : 4;
  const short = second & 0x7f;
  if (short < 126) return 2 + mask;
  return (short === 126 ? 4 : headerBytesMax) + mask;
}

/** Bytes of the payload after a whole header. */
export function payloadBytes(header: readonly number[]): number {
  const short = (header[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  const size = Buffer.from(header);
  return short === 126 ? size.readUInt16BE(2) : Number(size.readBigUInt64BE(2));
}

/** Policy violation: the server does not let the client go on. */
export const closePolicy = 1008;

/** An unmasked close frame. @param reason cut at 123 bytes */
export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason).subarray(0, 123);
  const frame = Buffer.alloc(4 + text.length);
  frame[0] = 0x88;
  frame[1] = 2 + text.length;
  frame.writeUInt16BE(code, 2);
  text.copy(frame, 4);
  return frame;
}
