/** The folder of recordings: begins them, keeps their sum below a limit, removes old ones, lists. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { isRecord } from '#kube/index.ts';
import { fileSealer, type Sealer } from '#store/index.ts';
import { GatewayError } from '../errors.ts';
import { Recording, type RecordingAbout } from './recording.ts';
import { type RecordingMark, RecordingWriter } from './recording-file.ts';
import { sealCut } from './seal-cut.ts';
import { WriterPlace } from './writer-place.ts';

export interface RecordingOptions {
  readonly directory: string;
  /** File of the keys that seal them; made when there is none. */
  readonly keyPath: string;
  /** Which terminals are recorded where the grant leaves it to the gateway. */
  readonly policy: 'all' | 'asked';
  /** Recordings older than this are removed; absent: none. Milliseconds. */
  readonly keepMs?: number;
  readonly limits?: Partial<RecordingLimits>;
}

export interface RecordingLimits {
  /** Of one recording; its session ends there. Bytes. */
  readonly bytesMax: number;
  /** Of all together; no session starts beyond it. Bytes. */
  readonly totalBytesMax: number;
}

export const defaultRecordingLimits: RecordingLimits = {
  bytesMax: 64 * 1024 * 1024,
  totalBytesMax: 10 * 1024 * 1024 * 1024,
};

/** Of the files in the folder. */
export const recordingSuffix = '.recording';
/** The key file in the folder, unless another is named. */
export const recordingKeyName = 'recordings.key';
const collection = 'recordings';
const sweepMs = 3600_000;

/** Opens what is sealed there. @throws StoreError */
export function recordingSealer(keyPath: string, make: boolean): Sealer {
  return fileSealer(keyPath, collection, make);
}

export interface RecordingsDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Told of a recording that a process did not end; resolves when it is in the audit log, to false
   * when it could not be written.
   */
  readonly onCut: (cut: CutRecording) => Promise<boolean>;
}

/** A recording that ended with its process. */
export interface CutRecording {
  readonly mark: RecordingMark;
  readonly about: RecordingAbout;
  readonly durationMs: number;
  /** It was ended, and only its hash was not written. */
  readonly wasWhole: boolean;
}

export class Recordings implements Running {
  readonly policy: RecordingOptions['policy'];
  readonly #deps: RecordingsDeps;
  readonly #options: RecordingOptions;
  readonly #limits: RecordingLimits;
  readonly #sealer: Sealer;
  readonly #open = new Set<Recording>();
  #writer: WriterPlace;
  #total = 0;
  #sweep: NodeJS.Timeout | undefined;
  #settling: Promise<void> = Promise.resolve();

  private constructor(deps: RecordingsDeps, options: RecordingOptions) {
    this.#deps = deps;
    this.#options = options;
    this.policy = options.policy;
    this.#limits = { ...defaultRecordingLimits, ...options.limits };
    this.#sealer = recordingSealer(options.keyPath, true);
    this.#writer = WriterPlace.open(options.directory);
  }

  /** @throws GatewayError GATEWAY_CONFIG when the folder or its key cannot be used */
  static async open(deps: RecordingsDeps, options: RecordingOptions): Promise<Recordings> {
    const { directory } = options;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const recordings = new Recordings(deps, options);
      await recordings.sweep();
      recordings.#lookForDead();
      recordings.#sweep = setInterval(() => {
        void recordings.sweep();
        recordings.#lookForDead();
      }, sweepMs);
      recordings.#sweep.unref();
      return recordings;
    } catch (cause) {
      const message = `recordings cannot be written to ${directory}: ${messageOf(cause)}`;
      throw new GatewayError('GATEWAY_CONFIG', message, { cause });
    }
  }

  /** @throws GatewayError GATEWAY_RECORDING when nothing can be recorded now */
  async begin(about: RecordingAbout): Promise<Recording> {
    const { clock, log } = this.#deps;
    const { bytesMax, totalBytesMax } = this.#limits;
    const active = [...this.#open].reduce((sum, each) => sum + each.bytes, 0);
    if (this.#total + active >= totalBytesMax) {
      log.error('recordings have reached their limit: no terminal can be opened', {
        totalBytesMax,
      });
      throw unwritable('the recordings have reached their limit');
    }
    const startMs = clock.nowMs();
    const time = new Date(startMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
    const name = `${time}Z-${randomBytes(4).toString('hex')}`;
    const path = this.#pathOf(name);
    try {
      await (await this.#ownPlace()).add(name);
      const text = JSON.stringify({ ...about, startMs });
      const writer = await RecordingWriter.create(path, {
        name,
        about: text,
        sealer: this.#sealer,
      });
      const recording = new Recording({ clock, writer }, { startMs, about, bytesMax }, (left) => {
        this.#open.delete(recording);
        if (left === 'nothing') void this.#drop(name);
        else this.#total += recording.bytes;
        if (left === 'cut') this.#later(() => this.#settleCut(this.#writer, name));
      });
      this.#open.add(recording);
      return recording;
    } catch (cause) {
      await this.#drop(name);
      log.error('a recording cannot be begun', { error: messageOf(cause) });
      throw unwritable('the recording cannot be written', cause);
    }
  }

  /** Removes what is too old, and counts the rest. */
  async sweep(): Promise<void> {
    const { directory, keepMs } = this.#options;
    const active = new Set([...this.#open].map(({ name }) => `${name}${recordingSuffix}`));
    let total = 0;
    for (const file of await readdir(directory)) {
      if (!file.endsWith(recordingSuffix) || active.has(file)) continue;
      const path = join(directory, file);
      const facts = await stat(path).catch(() => undefined);
      if (facts === undefined) continue;
      if (keepMs !== undefined && facts.mtimeMs + keepMs < this.#deps.clock.nowMs()) {
        await unlink(path).catch((thrown: unknown) => {
          this.#deps.log.warn('an old recording was not removed', { reason: messageOf(thrown) });
        });
        continue;
      }
      total += facts.size;
    }
    this.#total = total;
  }

  /** Its hash is in the audit log once `written` is true: then nobody has to look after it. */
  settle(name: string, written: Promise<boolean>): void {
    this.#settling = Promise.all([
      this.#settling,
      written.then((is) => (is ? this.#writer.settle(name) : undefined)),
    ]).then(() => undefined);
  }

  /** Ends what is open. */
  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#open].map((recording) => recording.finish()));
    await this.#settling;
  }

  /** After the last record: what is not settled is left to the next process. */
  async close(): Promise<void> {
    await this.#settling;
    await this.#writer.close();
  }

  /** Made anew when the folder was away and has come back. */
  async #ownPlace(): Promise<WriterPlace> {
    const { directory } = this.#options;
    if (!this.#writer.isThere && existsSync(directory)) {
      await this.#writer.close();
      this.#writer = WriterPlace.open(directory);
    }
    return this.#writer;
  }

  #pathOf(name: string): string {
    return join(this.#options.directory, `${name}${recordingSuffix}`);
  }

  async #drop(name: string): Promise<void> {
    await unlink(this.#pathOf(name)).catch(() => undefined);
    await this.#writer.settle(name);
  }

  #lookForDead(): void {
    this.#later(async () => {
      for (const place of await WriterPlace.dead(this.#options.directory)) {
        for (const name of await place.names()) await this.#settleCut(place, name);
        await place.close();
      }
    });
  }

  /** One after the other. */
  #later(deed: () => Promise<void>): void {
    this.#settling = this.#settling.then(deed).catch((thrown: unknown) => {
      this.#deps.log.warn('recordings were not ended', { reason: messageOf(thrown) });
    });
  }

  async #settleCut(place: WriterPlace, name: string): Promise<void> {
    const path = this.#pathOf(name);
    if ((await stat(path).catch(() => undefined)) === undefined) return place.settle(name);
    try {
      const { about, ...cut } = await sealCut(path, { name, sealer: this.#sealer });
      if (await this.#deps.onCut({ ...cut, about: parseAbout(about) })) await place.settle(name);
    } catch (thrown) {
      this.#deps.log.error('a recording cannot be ended', {
        recording: name,
        reason: messageOf(thrown),
      });
    }
  }
}

function unwritable(why: string, cause?: unknown): GatewayError {
  const message = `terminals are recorded here, and ${why}: none can be opened now`;
  return new GatewayError('GATEWAY_RECORDING', message, { cause, retry: { afterMs: 30_000 } });
}

/** We sealed it ourselves. */
function parseAbout(text: string): RecordingAbout {
  const value: unknown = JSON.parse(text);
  assert(isRecord(value), 'a recording says what it is of');
  return value as unknown as RecordingAbout;
}
