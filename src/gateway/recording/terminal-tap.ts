/**
 * The recorder's place in a stream: two transforms that change nothing. What the workload shows is
 * in the file before the client gets it, so that a slow disk slows the session and a full one ends
 * it. What is typed is not recorded: a password that is typed without echo must not stay anywhere.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { ChannelReader, channels } from './channel-reader.ts';
import type { Recording } from './recording.ts';

class Tap extends Transform {
  readonly #reader: ChannelReader;
  readonly #recording: Recording;

  constructor(recording: Recording, wanted: readonly number[]) {
    super();
    this.#recording = recording;
    this.#reader = new ChannelReader(recording, wanted);
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

/** For what comes from the workload. */
export function outputTap(recording: Recording): Transform {
  return new Tap(recording, [channels.stdout, channels.stderr]);
}

/** For what comes from the client: the size of its terminal, and nothing else. */
export function sizeTap(recording: Recording): Transform {
  return new Tap(recording, [channels.resize]);
}
