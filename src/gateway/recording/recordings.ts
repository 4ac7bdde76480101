/** The folder of recordings: begins them, keeps their sum below a limit, removes old ones, lists. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { fileSealer, type Sealer } from '#store/index.ts';
import { GatewayError } from '../errors.ts';
import { Recording, type RecordingAbout } from './recording.ts';
import { RecordingWriter } from './recording-file.ts';

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
}

export class Recordings implements Running {
  readonly policy: RecordingOptions['policy'];
  readonly #deps: RecordingsDeps;
  readonly #options: RecordingOptions;
  readonly #limits: RecordingLimits;
  readonly #sealer: Sealer;
  readonly #open = new Set<Recording>();
  #total: number;
  #sweep: NodeJS.Timeout | undefined;

  private constructor(deps: RecordingsDeps, options: RecordingOptions, total: number) {
    this.#deps = deps;
    this.#options = options;
    this.policy = options.policy;
    this.#limits = { ...defaultRecordingLimits, ...options.limits };
    this.#sealer = recordingSealer(options.keyPath, true);
    this.#total = total;
  }

  /** @throws GatewayError GATEWAY_CONFIG when the folder or its key cannot be used */
  static async open(deps: RecordingsDeps, options: RecordingOptions): Promise<Recordings> {
    const { directory } = options;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const recordings = new Recordings(deps, options, 0);
      await recordings.sweep();
      recordings.#sweep = setInterval(() => void recordings.sweep(), sweepMs);
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
    const path = join(this.#options.directory, `${name}${recordingSuffix}`);
    try {
      const text = JSON.stringify({ ...about, startMs });
      const writer = await RecordingWriter.create(path, {
        name,
        about: text,
        sealer: this.#sealer,
      });
      const recording = new Recording({ clock, writer }, { startMs, about, bytesMax }, (kept) => {
        this.#open.delete(recording);
        if (kept) this.#total += recording.bytes;
        else void unlink(path).catch(() => undefined);
      });
      this.#open.add(recording);
      return recording;
    } catch (cause) {
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

  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#open].map((recording) => recording.finish()));
  }
}

function unwritable(why: string, cause?: unknown): GatewayError {
  const message = `terminals are recorded here, and ${why}: none can be opened now`;
  return new GatewayError('GATEWAY_RECORDING', message, { cause, retry: { afterMs: 30_000 } });
}
