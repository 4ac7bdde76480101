/** Where `drawbridge up` keeps its database, keys, kubeconfig and runtime files. */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '#base/errors.ts';
import { AppError } from './errors.ts';

export interface DataDirectory {
  readonly path: string;
  /** True when it was made for this run and goes with it. */
  readonly temporary: boolean;
  remove(): Promise<void>;
}

/** The default place: XDG data home, folder drawbridge. @spec XDG-Base-Directory 3 */
export function defaultDataDirectory(environment: NodeJS.ProcessEnv): string {
  const home = environment['XDG_DATA_HOME'];
  // The specification says that relative paths there are to be ignored.
  const base = home?.startsWith('/') ? home : join(homedir(), '.local', 'share');
  return join(base, 'drawbridge');
}

/**
 * Makes the directory, readable by its owner alone.
 * @param wanted path from the user; undefined: the default, or a temporary one for the demo
 * @throws AppError APP_DATA_DIRECTORY
 */
export async function openDataDirectory(
  wanted: string | undefined,
  demo: boolean,
  environment: NodeJS.ProcessEnv,
): Promise<DataDirectory> {
  const temporary = wanted === undefined && demo;
  const path = resolve(wanted ?? defaultDataDirectory(environment));
  try {
    if (temporary) {
      const made = await mkdtemp(join(tmpdir(), 'drawbridge-demo-'));
      return {
        path: made,
        temporary,
        remove: () => rm(made, { recursive: true, force: true, maxRetries: 3 }),
      };
    }
    await makeFolder(path);
    return { path, temporary, remove: async () => undefined };
  } catch (thrown) {
    throw new AppError(
      'APP_DATA_DIRECTORY',
      `cannot make the data directory ${path}: ${messageOf(thrown)}`,
      'choose another one with --data',
      { cause: thrown },
    );
  }
}

/**
 * Makes a folder and those above it. Node's own recursion never ends where a file system knows the
 * parent and still answers ENOENT, as /proc does.
 */
async function makeFolder(path: string): Promise<void> {
  const make = (): Promise<unknown> => mkdir(path, { mode: 0o700 });
  try {
    await make();
  } catch (thrown) {
    const code = isErrnoException(thrown) ? thrown.code : undefined;
    const parent = dirname(path);
    if (code === 'ENOENT' && parent !== path) {
      await makeFolder(parent);
      await make();
      return;
    }
    const exists = code === 'EEXIST' && (await stat(path)).isDirectory();
    if (!exists) throw thrown;
  }
}

function isErrnoException(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'code' in thrown;
}
