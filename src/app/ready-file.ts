/** The ready file: where everything serves, for scripts that started `drawbridge up`. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import { AppError } from './errors.ts';

/** Addresses are URLs. */
export interface Readiness {
  readonly pid: number;
  readonly apiServer: string;
  readonly kubeconfig: string;
  /** The pages of the gateway, for browsers. */
  readonly console: string;
  readonly gateway: string;
  readonly grantServer: string;
  readonly metrics: string;
}

/** Writes the file in one step, so that a reader never sees half of it. @throws AppError APP_READY_FILE */
export async function writeReadyFile(path: string, readiness: Readiness): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, `${JSON.stringify(readiness, undefined, 2)}\n`, { mode: 0o600 });
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft, { force: true });
    throw new AppError(
      'APP_READY_FILE',
      `cannot write the ready file ${path}: ${messageOf(thrown)}`,
      'choose a path in a folder that exists and is writable',
      { cause: thrown },
    );
  }
}

export async function removeReadyFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
