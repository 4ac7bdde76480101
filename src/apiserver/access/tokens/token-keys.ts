/**
 * The keys that sign ServiceAccount tokens: one file each in a directory of their own, named by the
 * time they were made, readable by the owner only. They rotate by themselves. Removing a file ends all
 * tokens that its key signed, within a minute.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { createKeyPair, type KeyPair, parsePrivateKey, privateKeyPem } from '#pki/index.ts';
import { type SigningKey, signingKeyOf } from '#token/index.ts';
import { ApiServerError } from '../../errors.ts';
import { writePrivateFile } from '../../kubeconfig.ts';
import { defaultRotationTimes, planRotation, type RotationTimes } from './key-rotation.ts';

export interface TokenKeysOptions {
  /** Absent: the keys live as long as the process. */
  readonly directory?: string;
  readonly times?: RotationTimes;
}

interface DatedKey {
  readonly key: SigningKey;
  readonly createdMs: number;
}

/** How often the directory is looked at, and whether a key is due; milliseconds. */
const lookMs = 60_000;
const fileName = /^(\d{13})\.key$/u;

export class TokenKeys {
  readonly #deps: { readonly clock: Clock; readonly logger: Logger };
  readonly #directory: string | undefined;
  readonly #times: RotationTimes;
  #keys: readonly DatedKey[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    deps: { readonly clock: Clock; readonly logger: Logger },
    options: TokenKeysOptions = {},
  ) {
    this.#deps = deps;
    this.#directory = options.directory;
    this.#times = options.times ?? defaultRotationTimes;
  }

  /**
   * There is a key when it resolves.
   * @throws ApiServerError APISERVER_FILES_UNUSABLE
   */
  async start(): Promise<void> {
    await this.refresh();
    this.#timer = setInterval(() => {
      this.refresh().catch((thrown: unknown) =>
        this.#deps.logger.error('token keys not refreshed', { error: messageOf(thrown) }),
      );
    }, lookMs).unref();
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  /** Every key that good tokens may be signed with; newest first. */
  get all(): readonly SigningKey[] {
    return this.#keys.map(({ key }) => key);
  }

  /** The key for new tokens. */
  get signing(): SigningKey {
    const { signing } = planRotation(this.#keys, this.#deps.clock.nowMs(), this.#times);
    assert(signing, 'token keys are started');
    return signing.key;
  }

  /** The longest life of a token; milliseconds. */
  get tokenLifetimeMsMax(): number {
    return this.#times.tokenMs;
  }

  /** Reads the directory, makes a key when one is due, drops those that are over. */
  async refresh(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    try {
      const read = this.#directory === undefined ? this.#keys : this.#read(this.#directory);
      const { create, expired } = planRotation(read, nowMs, this.#times);
      for (const { createdMs } of expired) this.#remove(createdMs);
      const kept = read.filter((key) => !expired.includes(key));
      this.#keys = (create ? [await this.#create(nowMs), ...kept] : [...kept]).sort(
        (a, b) => b.createdMs - a.createdMs,
      );
    } catch (cause) {
      if (cause instanceof ApiServerError) throw cause;
      const message = `cannot prepare token keys: ${messageOf(cause)}`;
      throw new ApiServerError('APISERVER_FILES_UNUSABLE', message, { cause });
    }
  }

  #read(directory: string): DatedKey[] {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const known = new Map(this.#keys.map((dated) => [dated.createdMs, dated]));
    const found: DatedKey[] = [];
    for (const name of readdirSync(directory)) {
      const createdMs = Number(fileName.exec(name)?.[1]);
      if (Number.isNaN(createdMs)) continue;
      const key =
        known.get(createdMs)?.key ??
        signingKeyOf(parsePrivateKey(readFileSync(join(directory, name), 'utf8')));
      found.push({ key, createdMs });
    }
    return found;
  }

  async #create(createdMs: number): Promise<DatedKey> {
    const pair: KeyPair = await createKeyPair();
    if (this.#directory !== undefined) {
      writePrivateFile(this.#pathOf(createdMs), privateKeyPem(pair.privateKey));
    }
    return { key: signingKeyOf(pair), createdMs };
  }

  #remove(createdMs: number): void {
    if (this.#directory !== undefined) rmSync(this.#pathOf(createdMs), { force: true });
  }

  #pathOf(createdMs: number): string {
    return join(this.#directory ?? '', `${String(createdMs).padStart(13, '0')}.key`);
  }
}
