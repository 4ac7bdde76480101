/** WebSocket frames as clients and servers send them. */

export interface FrameOptions {
  readonly opcode?: number;
  readonly final?: boolean;
  readonly masked?: boolean;
}

export function frameOf(payload: Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = 2, final = true, masked = false } = options;
  const { length } = payload;
  const size =
    length < 126
      ? Buffer.of(length)
      : length < 65_536
        ? Buffer.from([126, length >> 8, length & 0xff])
        : Buffer.from([
            127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 0xff,
            (length >> 8) & 0xff,
            length & 0xff,
          ]);
  if (masked) size[0] = (size[0] ?? 0) | 0x80;
  const mask = Buffer.from([7, 33, 201, 0]);
  const body = masked
    ? Buffer.from(payload.map((byte, at) => byte ^ (mask[at & 3] ?? 0)))
    : payload;
  const head = Buffer.concat([Buffer.of((final ? 0x80 : 0) | opcode), size]);
  return Buffer.concat(masked ? [head, mask, body] : [head, body]);
}

/** A message of a channel. */
export function channelFrame(channel: number, text: string, options: FrameOptions = {}): Buffer {
  return frameOf(Buffer.concat([Buffer.of(channel), Buffer.from(text)]), options);
}
