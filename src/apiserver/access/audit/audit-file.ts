/**
 * A file of lines, readable by its owner only, that is set aside when it is large: `FILE.1` is the
 * latest of those. A line is written before the next request is answered, so none is lost by a crash of
 * the process; when the disk refuses lines they are counted, and the number is written when it can be.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { ApiServerError } from '../../errors.ts';

export interface AuditFileOptions {
  readonly path: string;
  /** Default 64 MiB. */
  readonly bytesMax?: number;
  /** Files set aside that are kept; default 4. */
  readonly keptMax?: number;
}

const defaults = { bytesMax: 64 * 1024 * 1024, keptMax: 4 };

export class AuditFile {
  readonly #logger: Logger;
  readonly #options: Required<AuditFileOptions>;
  #descriptor: number;
  #size: number;
  #lost = 0;
  #stopped = false;

  /** @throws ApiServerError APISERVER_FILES_UNUSABLE */
  constructor(logger: Logger, options: AuditFileOptions) {
    this.#logger = logger;
    this.#options = { ...defaults, ...options };
    try {
      this.#descriptor = openSync(options.path, 'a', 0o600);
      this.#size = fstatSync(this.#descriptor).size;
    } catch (cause) {
      const message = `cannot write the audit log ${options.path}: ${messageOf(cause)}`;
      throw new ApiServerError('APISERVER_FILES_UNUSABLE', message, { cause });
    }
  }

  write(value: object): void {
    if (this.#stopped) return;
    const lost = this.#lost === 0 ? '' : `${JSON.stringify({ lostLines: this.#lost })}\n`;
    const line = `${lost}${JSON.stringify(value)}\n`;
    try {
      if (this.#size + line.length > this.#options.bytesMax && this.#size > 0) this.#setAside();
      this.#size += writeSync(this.#descriptor, line);
      this.#lost = 0;
    } catch (thrown) {
      this.#lost++;
      if (this.#lost === 1) {
        this.#logger.error('audit lines are being lost', { error: messageOf(thrown) });
      }
    }
  }

  stop(): Promise<void> {
    if (!this.#stopped) closeSync(this.#descriptor);
    this.#stopped = true;
    return Promise.resolve();
  }

  #setAside(): void {
    const { path, keptMax } = this.#options;
    for (let index = keptMax; index > 1; index--)
      rename(`${path}.${index - 1}`, `${path}.${index}`);
    rename(path, `${path}.1`);
    const next = openSync(path, 'a', 0o600);
    closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#size = 0;
  }
}

/** What is not there need not be moved. */
function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
}
