/**
 * Reads the channels of a remote command out of WebSocket frames that go by, in pieces as they come:
 * the first byte of a message names its channel. The bytes themselves are not changed.
 * @spec RFC6455 5.2 5.4, Kubernetes v4.channel.k8s.io and v5.channel.k8s.io
 */
import { payloadBytes, sizeOfHeader } from '../stream/web-socket-frames.ts';
import { type ChannelFollower, type ChannelSink, unfollowable } from './channel-sink.ts';

/** Subprotocols whose messages are read so. */
export const channelProtocols: ReadonlySet<string> = new Set([
  'channel.k8s.io',
  'v2.channel.k8s.io',
  'v3.channel.k8s.io',
  'v4.channel.k8s.io',
  'v5.channel.k8s.io',
]);

const opcodeMax = { data: 2, continuation: 0, control: 8 } as const;

export class ChannelReader implements ChannelFollower {
  readonly #sink: ChannelSink;
  /** Channels that are read; the bytes of others are passed over. */
  readonly #wanted: ReadonlySet<number>;
  #header: number[] = [];
  /** Bytes of the frame's payload still to come. */
  #left = 0;
  #mask: readonly number[] = [];
  #maskAt = 0;
  #isControl = false;
  #isFinal = true;
  #inMessage = false;
  #channel: number | undefined;

  constructor(sink: ChannelSink, wanted: readonly number[]) {
    this.#sink = sink;
    this.#wanted = new Set(wanted);
  }

  /** @throws GatewayError GATEWAY_RECORDING when the bytes are no frames that can be followed */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        this.#onPayload(chunk.subarray(at, end));
        at = end;
        continue;
      }
      this.#header.push(chunk[at] ?? 0);
      at++;
      if (this.#header.length === sizeOfHeader(this.#header)) this.#onHeader();
    }
  }

  #onHeader(): void {
    const header = this.#header;
    this.#header = [];
    const [first = 0, second = 0] = header;
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw unfollowable('it uses an extension');
    this.#isControl = opcode >= opcodeMax.control;
    this.#isFinal = (first & 0x80) !== 0;
    if (!this.#isControl) {
      const goesOn = opcode === opcodeMax.continuation;
      if (opcode > opcodeMax.data || goesOn !== this.#inMessage)
        throw unfollowable('a frame is out of order');
      if (!goesOn) this.#channel = undefined;
      this.#inMessage = true;
    }
    this.#left = payloadBytes(header);
    this.#mask = (second & 0x80) === 0 ? [] : header.slice(-4);
    this.#maskAt = 0;
    if (this.#left === 0) this.#onFrameEnd();
  }

  #onPayload(bytes: Buffer): void {
    this.#left -= bytes.length;
    const isLast = this.#left === 0;
    if (!this.#isControl) this.#onData(bytes, isLast && this.#isFinal);
    if (isLast) this.#onFrameEnd();
  }

  #onData(bytes: Buffer, last: boolean): void {
    let from = 0;
    if (this.#channel === undefined) {
      this.#channel = (bytes[0] ?? 0) ^ (this.#mask[0] ?? 0);
      this.#maskAt = 1;
      from = 1;
    }
    if (this.#wanted.has(this.#channel)) {
      this.#sink.onBytes(this.#channel, this.#plain(bytes.subarray(from)), last);
    }
    this.#maskAt += bytes.length - from;
  }

  #plain(bytes: Buffer): Buffer {
    if (this.#mask.length === 0) return bytes;
    return Buffer.from(bytes.map((byte, at) => byte ^ (this.#mask[(this.#maskAt + at) & 3] ?? 0)));
  }

  #onFrameEnd(): void {
    if (!this.#isControl && this.#isFinal) this.#inMessage = false;
  }
}
