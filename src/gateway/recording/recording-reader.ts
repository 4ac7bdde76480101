/** Recordings for those who look at them afterwards: listed, opened, removed. */
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import { glanceRecording, readRecording, type RecordingRead } from './recording-file.ts';
import { recordingSealer, recordingSuffix } from './recordings.ts';

export interface RecordingPlace {
  readonly directory: string;
  readonly keyPath: string;
}

/** One recording, as its file tells. */
export interface RecordingFacts {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly startMs: number;
  /** Undefined while it is not ended. */
  readonly durationMs: number | undefined;
  /** `cut`: its gateway was killed, or could not write; `unfinished`: goes on, or not yet ended so. */
  readonly state: 'whole' | 'cut' | 'unfinished';
  readonly bytes: number;
  readonly grant: string;
  readonly session: string;
  readonly user: string | undefined;
  readonly client: string;
  readonly what: string;
  readonly auditId: string;
}

/** Names are those that `Recordings` gives. */
export function isRecordingName(name: string): boolean {
  return /^\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(name);
}

/**
 * All of them, oldest first; those that cannot be read are named apart.
 * @throws StoreError when the key is missing; the fault of the file system for the folder
 */
export async function listRecordings(place: RecordingPlace): Promise<{
  readonly recordings: readonly RecordingFacts[];
  readonly unreadable: readonly string[];
}> {
  const files = (await readdir(place.directory)).filter((file) => file.endsWith(recordingSuffix));
  const names = files.map((file) => file.slice(0, -recordingSuffix.length)).filter(isRecordingName);
  const recordings: RecordingFacts[] = [];
  const unreadable: string[] = [];
  if (names.length === 0) return { recordings, unreadable };
  const sealer = recordingSealer(place.keyPath, false);
  for (const name of names.toSorted()) {
    try {
      const { about, end, bytes } = await glanceRecording(pathOf(place, name), { name, sealer });
      recordings.push(factsOf(name, bytes, about, end));
    } catch {
      unreadable.push(name);
    }
  }
  return { recordings, unreadable };
}

/**
 * One of them, read whole.
 * @param onText told each piece of the asciicast in order
 * @throws GatewayError GATEWAY_RECORDING; StoreError; the fault of the file system
 */
export async function openRecording(
  place: RecordingPlace,
  name: string,
  onText?: (text: string) => void | Promise<void>,
): Promise<RecordingFacts & Pick<RecordingRead, 'sha256'>> {
  const sealer = recordingSealer(place.keyPath, false);
  const { about, end, bytes, sha256 } = await readRecording(
    pathOf(place, name),
    { name, sealer },
    onText,
  );
  return { ...factsOf(name, bytes, about, end), sha256 };
}

/** @throws the fault of the file system */
export async function removeRecording(place: RecordingPlace, name: string): Promise<void> {
  await unlink(pathOf(place, name));
}

function pathOf({ directory }: RecordingPlace, name: string): string {
  if (isRecordingName(name)) return join(directory, `${name}${recordingSuffix}`);
  throw new GatewayError(
    'GATEWAY_RECORDING',
    `"${name.slice(0, 64)}" is not the name of a recording`,
  );
}

function factsOf(
  name: string,
  bytes: number,
  about: string,
  end: string | undefined,
): RecordingFacts {
  const facts = parsed(about);
  const text = (key: string): string => {
    const value = facts[key];
    return typeof value === 'string' ? value : '';
  };
  const ended = end === undefined ? undefined : parsed(end);
  const durationMs = ended === undefined ? undefined : Number(ended['durationMs']);
  const state = ended === undefined ? 'unfinished' : ended['cut'] === true ? 'cut' : 'whole';
  const user = text('user');
  return {
    name,
    startMs: Number(facts['startMs']),
    durationMs,
    state,
    bytes,
    grant: text('grant'),
    session: text('session'),
    user: user === '' ? undefined : user,
    client: text('client'),
    what: text('what'),
    auditId: text('auditId'),
  };
}

function parsed(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  return isRecord(value) ? value : {};
}
