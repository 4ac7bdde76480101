/**
 * A note in the data home that this `drawbridge up` runs, so that the command line finds it without
 * a kubeconfig, also when its data is elsewhere.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDataDirectory } from './data-directory.ts';
import { type Readiness, writeReadyFile } from './ready-file.ts';

/** Where the note of a process is. */
function noteOf(pid: number, environment: NodeJS.ProcessEnv): string {
  return join(defaultDataDirectory(environment), 'running', `${pid}.json`);
}

/** @throws AppError APP_READY_FILE; the caller may go on without the note */
export async function writeRunningNote(
  readiness: Readiness,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const path = noteOf(readiness.pid, environment);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeReadyFile(path, readiness);
}

export async function removeRunningNote(
  pid: number,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  await rm(noteOf(pid, environment), { force: true });
}
