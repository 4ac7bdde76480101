/** One terminal session on its way into a file: what goes by is written before it goes on. */
import type { Clock } from '#base/clock.ts';
import { GatewayError } from '../errors.ts';
import { AsciicastEncoder } from './asciicast.ts';
import { channels } from './channel-sink.ts';
import type { RecordingMark, RecordingWriter } from './recording-file.ts';

/** What a recording is of. */
export interface RecordingAbout {
  readonly auditId: string;
  /** `namespace/name` of the grant. */
  readonly grant: string;
  readonly session: string;
  /** The user that the API server saw; absent: the gateway's own account. */
  readonly user?: string;
  readonly client: string;
  /** Such as `exec shop/web-1`, with container and command. */
  readonly what: string;
  readonly tty: boolean;
}

export interface RecordingDeps {
  readonly clock: Clock;
  readonly writer: RecordingWriter;
}

/** What became of a recording. */
export type RecordingLeft = 'whole' | 'cut' | 'nothing';

export class Recording {
  readonly #deps: RecordingDeps;
  readonly #encoder: AsciicastEncoder;
  readonly #bytesMax: number;
  readonly #beganMs: number;
  readonly #over: (left: RecordingLeft) => void;
  #pending = '';
  #writing: Promise<void> = Promise.resolve();
  #finished: Promise<RecordingMark | undefined> | undefined;

  /** @param over told once, at the end */
  constructor(
    deps: RecordingDeps,
    facts: { readonly startMs: number; readonly about: RecordingAbout; readonly bytesMax: number },
    over: (left: RecordingLeft) => void,
  ) {
    this.#deps = deps;
    const { startMs, about, bytesMax } = facts;
    this.#encoder = new AsciicastEncoder({ startMs, title: about.what, tty: about.tty });
    this.#bytesMax = bytesMax;
    this.#beganMs = deps.clock.monotonicMs();
    this.#over = over;
  }

  get name(): string {
    return this.#deps.writer.name;
  }

  get bytes(): number {
    return this.#deps.writer.bytes;
  }

  /** Bytes of a channel, borrowed. Nothing is written before `flush`. */
  onBytes(channel: number, bytes: Buffer, last: boolean): void {
    this.#pending +=
      channel === channels.resize
        ? this.#encoder.resize(bytes, last, this.#atMs())
        : this.#encoder.output(channel, bytes, this.#atMs());
  }

  /** Writes what came; resolves when it is in the file. @throws GatewayError GATEWAY_RECORDING */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    // The next write tells it, too.
    this.#writing.catch(() => undefined);
    return this.#writing;
  }

  /** Ends it. @returns undefined when it could not be written to its end */
  finish(): Promise<RecordingMark | undefined> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  /** There was no session after all. */
  async discard(): Promise<void> {
    this.#finished ??= Promise.resolve(undefined);
    await this.#deps.writer.close();
    this.#over('nothing');
  }

  async #finish(): Promise<RecordingMark | undefined> {
    try {
      await this.#writing;
      const atMs = this.#atMs();
      const rest = this.#pending + this.#encoder.end(atMs);
      this.#pending = '';
      if (rest !== '') await this.#deps.writer.write(rest);
      const end = JSON.stringify({ durationMs: Math.round(atMs) });
      const mark = await this.#deps.writer.finish(end);
      this.#over('whole');
      return mark;
    } catch {
      await this.#deps.writer.close().catch(() => undefined);
      this.#over('cut');
      return undefined;
    }
  }

  async #write(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    if (text === '') return;
    if (this.bytes + text.length > this.#bytesMax) {
      throw new GatewayError('GATEWAY_RECORDING', 'the recording is as large as it may be');
    }
    try {
      await this.#deps.writer.write(text);
    } catch (cause) {
      throw new GatewayError('GATEWAY_RECORDING', 'the recording cannot be written', { cause });
    }
  }

  #atMs(): number {
    return this.#deps.clock.monotonicMs() - this.#beganMs;
  }
}
