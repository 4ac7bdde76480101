/** Recordings of terminals in a folder of this machine. */
import { join } from 'node:path';
import { messageOf } from '#base/errors.ts';
import {
  GatewayError,
  listRecordings,
  openRecording,
  type RecordingFacts,
  recordingKeyName,
  removeRecording,
} from '#gateway/index.ts';
import { errorDocs, StoreError } from '#store/index.ts';
import { CliError } from '../../errors.ts';

export interface RecordingFolder {
  readonly directory: string;
  /** Absent: the usual one in the folder. */
  readonly keyPath?: string;
}

/** @throws CliError */
export function recordingsIn(folder: RecordingFolder): ReturnType<typeof listRecordings> {
  return careful(folder, () => listRecordings(placeOf(folder)), 'is not there');
}

/** Reads it whole. @throws CliError */
export function recordingFacts(
  folder: RecordingFolder,
  name: string,
): ReturnType<typeof openRecording> {
  return careful(folder, () => openRecording(placeOf(folder), name));
}

/** @param onText told each piece of the asciicast in order @throws CliError */
export async function exportRecording(
  folder: RecordingFolder,
  name: string,
  onText: (text: string) => void | Promise<void>,
): Promise<RecordingFacts> {
  return careful(folder, () => openRecording(placeOf(folder), name, onText));
}

/** @returns the names of those that are gone now @throws CliError */
export async function removeRecordings(
  folder: RecordingFolder,
  which: { readonly names: readonly string[] } | { readonly olderThanMs: number },
  nowMs: number,
): Promise<readonly string[]> {
  const place = placeOf(folder);
  const names =
    'names' in which
      ? which.names
      : (await recordingsIn(folder)).recordings
          .filter(({ startMs }) => startMs + which.olderThanMs < nowMs)
          .map(({ name }) => name);
  for (const name of names) await careful(folder, () => removeRecording(place, name));
  return names;
}

function placeOf({ directory, keyPath }: RecordingFolder) {
  return { directory, keyPath: keyPath ?? join(directory, recordingKeyName) };
}

async function careful<T>(
  { directory }: RecordingFolder,
  deed: () => Promise<T>,
  missing = 'has no such recording',
): Promise<T> {
  try {
    return await deed();
  } catch (cause) {
    if (cause instanceof StoreError) {
      throw new CliError('CLI_FILE', cause.message, { todo: errorDocs[cause.code].action, cause });
    }
    const todo = `see 'drawbridge gateway recordings list --dir ${directory}'`;
    if (cause instanceof GatewayError)
      throw new CliError('CLI_FILE', cause.message, { todo, cause });
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new CliError(
      isMissing ? 'CLI_NOT_THERE' : 'CLI_FILE',
      isMissing ? `${directory} ${missing}` : messageOf(cause),
      {
        todo: isMissing
          ? `${todo}, or give another folder with --dir`
          : 'check --dir and its permissions',
        cause,
      },
    );
  }
}
