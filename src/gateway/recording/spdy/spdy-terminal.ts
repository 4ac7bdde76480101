/**
 * Reads the channels of a remote command out of SPDY frames that go by. The client opens a stream
 * for each and says in a header what it is for; only what it has so named may carry anything.
 * @spec SPDY/3.1 2.3, Kubernetes v4.channel.k8s.io
 */
import { type ChannelFollower, channels, type ChannelSink, unfollowable } from '../channel-sink.ts';
import { controls, headerBlockAt, SpdyFrameReader } from './frame-reader.ts';
import { HeaderBlocks } from './header-blocks.ts';

/** Streams of one session; kubectl opens five at most. */
const streamsMax = 16;
const typeHeader = 'streamtype';
/** Ends the object in which a client tells its size. */
const sizeEnd = 0x7d;

const channelByName: ReadonlyMap<string, number> = new Map(Object.entries(channels));
const shown: ReadonlySet<number> = new Set([channels.stdout, channels.stderr]);

/** The two directions of one session. */
export class SpdyTerminal {
  readonly fromClient: ChannelFollower;
  readonly fromServer: ChannelFollower;
  readonly #sink: ChannelSink;
  readonly #channelOf = new Map<number, number>();
  readonly #headers = new HeaderBlocks();
  #streamLast = 0;

  constructor(sink: ChannelSink) {
    this.#sink = sink;
    this.fromClient = new SpdyFrameReader({
      onControl: (type, payload) => this.#onClientControl(type, payload),
      onData: (stream, bytes) => this.#onTyped(stream, bytes),
    });
    this.fromServer = new SpdyFrameReader({
      onControl: (type) => {
        if (type === controls.synStream) throw unfollowable('the server opens a stream');
      },
      onData: (stream, bytes) => this.#onShown(stream, bytes),
    });
  }

  #onClientControl(type: number, payload: Buffer): void {
    const at = headerBlockAt(type);
    if (at === undefined) return;
    const headers = this.#headers.read(payload.subarray(at));
    if (type !== controls.synStream) return;
    const stream = payload.readUInt32BE(0);
    const channel = channelByName.get(headers.get(typeHeader) ?? '');
    if (channel === undefined) throw unfollowable('a stream does not say what it is for');
    // Whoever used a number again would have it known as what it was.
    if (stream % 2 === 0 || stream > 0x7fff_ffff || stream <= this.#streamLast) {
      throw unfollowable('a stream has a number that it cannot have');
    }
    if (this.#channelOf.size >= streamsMax) throw unfollowable('it has too many streams');
    this.#streamLast = stream;
    this.#channelOf.set(stream, channel);
  }

  #onTyped(stream: number, bytes: Buffer): void {
    if (this.#channel(stream) !== channels.resize) return;
    let from = 0;
    while (from < bytes.length) {
      const found = bytes.indexOf(sizeEnd, from);
      const end = found < 0 ? bytes.length : found + 1;
      this.#sink.onBytes(channels.resize, bytes.subarray(from, end), found >= 0);
      from = end;
    }
  }

  #onShown(stream: number, bytes: Buffer): void {
    const channel = this.#channel(stream);
    if (shown.has(channel) && bytes.length > 0) this.#sink.onBytes(channel, bytes, true);
  }

  #channel(stream: number): number {
    const channel = this.#channelOf.get(stream);
    if (channel === undefined) throw unfollowable('bytes belong to no stream that was opened');
    return channel;
  }
}
