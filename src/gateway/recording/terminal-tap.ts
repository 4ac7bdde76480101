/**
 * The recorder's place in a stream: two transforms that change nothing. What the workload shows is
 * in the file before the client gets it, so that a slow disk slows the session and a full one ends
 * it. What is typed is not recorded: a password that is typed without echo must not stay anywhere.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { ChannelReader } from './channel-reader.ts';
import { type ChannelFollower, channels } from './channel-sink.ts';
import type { Recording } from './recording.ts';
import { SpdyTerminal } from './spdy/spdy-terminal.ts';

class Tap extends Transform {
  readonly #reader: ChannelFollower;
  readonly #recording: Recording;

  constructor(recording: Recording, reader: ChannelFollower) {
    super();
    this.#recording = recording;
    this.#reader = reader;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    try {
      this.#reader.push(chunk);
    } catch (thrown) {
      done(thrown instanceof Error ? thrown : null);
      return;
    }
    this.#recording.flush().then(
      () => done(null, chunk),
      (fault: Error) => done(fault),
    );
  }
}

export interface Taps {
  /** For what comes from the workload. */
  readonly output: Transform;
  /** For what comes from the client: the size of its terminal, and nothing else. */
  readonly size: Transform;
}

/** The two directions of one terminal, by WebSocket or by SPDY. */
export function tapsOf(recording: Recording, isWebSocket: boolean): Taps {
  if (!isWebSocket) {
    const { fromClient, fromServer } = new SpdyTerminal(recording);
    return { output: new Tap(recording, fromServer), size: new Tap(recording, fromClient) };
  }
  const reader = (...wanted: readonly number[]): Tap =>
    new Tap(recording, new ChannelReader(recording, wanted));
  return { output: reader(channels.stdout, channels.stderr), size: reader(channels.resize) };
}
