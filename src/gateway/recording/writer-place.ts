/**
 * Who writes which recordings of a folder: a sub-folder for each process, locked while it lives, in
 * which an empty file of its name stands for each recording until its hash is in the audit log. What
 * a process leaves there when it dies is settled by the next one that looks.
 */
import { existsSync } from 'node:fs';
import { readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DirectoryLock, lockDirectory, StoreError } from '#store/index.ts';

/** In the folder of recordings. */
export const writersName = 'writers';
/** What the lock of the store is called. */
const lockName = 'lock';
const triesMax = 5;

export class WriterPlace {
  readonly #directory: string;
  readonly #lock: DirectoryLock;

  private constructor(directory: string, lock: DirectoryLock) {
    this.#directory = directory;
    this.#lock = lock;
  }

  /** A new one in this folder of recordings. @throws StoreError */
  static open(recordings: string): WriterPlace {
    for (let tries = 1; ; tries++) {
      const directory = join(recordings, writersName, randomBytes(8).toString('hex'));
      try {
        const lock = lockDirectory(directory);
        const place = new WriterPlace(directory, lock);
        // Whoever looked for the dead between its making and its lock has taken it away.
        if (place.isThere) return place;
        lock.release();
      } catch (thrown) {
        if (!isInUse(thrown) || tries >= triesMax) throw thrown;
      }
    }
  }

  /** Those of this folder whose process is dead, held by this one from now on. */
  static async dead(recordings: string): Promise<readonly WriterPlace[]> {
    const folder = join(recordings, writersName);
    const found: WriterPlace[] = [];
    for (const id of await readdir(folder)) {
      const directory = join(folder, id);
      try {
        found.push(new WriterPlace(directory, lockDirectory(directory)));
      } catch (thrown) {
        if (!isInUse(thrown)) throw thrown;
      }
    }
    return found;
  }

  /** False when somebody has taken the folder away. */
  get isThere(): boolean {
    return existsSync(join(this.#directory, lockName));
  }

  /** Names of recordings that are not settled; none when the folder is away. */
  async names(): Promise<readonly string[]> {
    const names = await readdir(this.#directory).catch(() => []);
    return names.filter((name) => !name.startsWith(lockName));
  }

  async add(name: string): Promise<void> {
    await writeFile(join(this.#directory, name), '', { flag: 'wx', mode: 0o600 });
  }

  /** Its hash is in the audit log, or there is no recording after all. */
  async settle(name: string): Promise<void> {
    await unlink(join(this.#directory, name)).catch(() => undefined);
  }

  /** Gives it up; it goes when all is settled, and is left to the next process otherwise. */
  async close(): Promise<void> {
    try {
      if ((await this.names()).length === 0) {
        await rm(this.#directory, { recursive: true, force: true });
      }
    } finally {
      this.#lock.release();
    }
  }
}

function isInUse(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.code === 'STORE_IN_USE';
}
