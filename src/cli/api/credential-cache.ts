/**
 * Short-lived credentials kept between runs of the command line, because every kubectl is a process
 * of its own. One file each, for this user's eyes only; runs at the same time wait for one to ask.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isRecord } from '#kube/index.ts';
import { CliError } from '../errors.ts';

export interface Credential {
  readonly token: string;
  readonly obtainedAtMs: number;
  readonly expiresAtMs: number;
}

/** Part of its life after which a credential is replaced, unless said otherwise. */
const renewAfterDefault = 2 / 3;
/** One with less life left than this is replaced, if that can be. */
const lifeLeftMsMin = 30_000;
/** How long to wait for another run that asks for the same credential. */
const lockWaitMsMax = 30_000;
/** Age after which the lock of a run that died is taken over. */
const lockAgeMsMax = 60_000;
const lockPollMs = 50;

export class CredentialCache {
  readonly #folder: string;
  readonly #nowMs: () => number;
  readonly #renewAfter: number;

  /**
   * @param folder made when absent, with mode 0700
   * @param renewAfter part of its life after which a credential is replaced, 0 to 1
   */
  constructor(folder: string, nowMs: () => number, renewAfter = renewAfterDefault) {
    this.#folder = folder;
    this.#nowMs = nowMs;
    this.#renewAfter = renewAfter;
  }

  /**
   * The credential kept for `key`, or a new one.
   * @param key everything that makes it another credential; only its hash is kept
   * @param obtain asks for a new one; when that fails, one that still lives is given out once more
   * @throws what `obtain` throws; CliError CLI_FILE
   */
  async get(key: readonly string[], obtain: () => Promise<Credential>): Promise<Credential> {
    const name = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    const path = join(this.#folder, `${name}.json`);
    const kept = await this.#read(path);
    if (kept !== undefined && this.#isFresh(kept)) return kept;
    await this.#makeFolder();
    return this.#locked(`${path}.lock`, async () => {
      const now = await this.#read(path);
      if (now !== undefined && this.#isFresh(now)) return now;
      try {
        const fresh = await obtain();
        await writePrivate(path, JSON.stringify(fresh));
        return fresh;
      } catch (thrown) {
        if (now !== undefined && now.expiresAtMs > this.#nowMs()) return now;
        throw thrown;
      }
    });
  }

  #isFresh({ obtainedAtMs, expiresAtMs }: Credential): boolean {
    const now = this.#nowMs();
    const renewAtMs = obtainedAtMs + (expiresAtMs - obtainedAtMs) * this.#renewAfter;
    return obtainedAtMs <= now && now < renewAtMs && expiresAtMs - now > lifeLeftMsMin;
  }

  /** What is kept; undefined when there is nothing usable, or when others could have put it there. */
  async #read(path: string): Promise<Credential | undefined> {
    try {
      const facts = await stat(path);
      if (facts.uid !== process.getuid?.() || (facts.mode & 0o077) !== 0) return undefined;
      const value: unknown = JSON.parse(await readFile(path, 'utf8'));
      if (!isRecord(value)) return undefined;
      const { token, obtainedAtMs, expiresAtMs } = value;
      if (typeof token !== 'string' || typeof obtainedAtMs !== 'number') return undefined;
      return typeof expiresAtMs === 'number' ? { token, obtainedAtMs, expiresAtMs } : undefined;
    } catch {
      return undefined;
    }
  }

  async #makeFolder(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await chmod(this.#folder, 0o700);
    } catch (cause) {
      throw new CliError('CLI_FILE', `${this.#folder} cannot be made`, {
        todo: 'set XDG_CACHE_HOME to a folder of yours, or add --no-cache',
        cause,
      });
    }
  }

  async #locked<T>(lock: string, work: () => Promise<T>): Promise<T> {
    const deadlineMs = this.#nowMs() + lockWaitMsMax;
    while (!(await takeLock(lock))) {
      const age = this.#nowMs() - ((await stat(lock).catch(() => undefined))?.mtimeMs ?? 0);
      if (age > lockAgeMsMax || this.#nowMs() > deadlineMs) await rm(lock, { force: true });
      else await pause(lockPollMs);
    }
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }
}

async function takeLock(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw thrown;
  }
}

async function writePrivate(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** Where credentials are kept. @spec XDG-Base-Directory 3 */
export function credentialFolder(io: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}): string {
  const xdg = io.env['XDG_CACHE_HOME'];
  const base = xdg !== undefined && xdg.startsWith('/') ? xdg : join(io.homeDir, '.cache');
  return join(base, 'drawbridge', 'credentials');
}
