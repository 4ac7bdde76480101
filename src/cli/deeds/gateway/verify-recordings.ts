/** Recordings against the audit log: whether each is the one of its session. */
import { messageOf } from '#base/errors.ts';
import { auditedRecordings, verifyAuditLog } from '#gateway/index.ts';
import { CliError } from '../../errors.ts';
import { recordingFacts, type RecordingFolder, recordingsIn } from './recordings.ts';

export interface RecordingVerdict {
  readonly name: string;
  /** What was found, in words. */
  readonly words: string;
  readonly holds: boolean;
}

/**
 * @param names none: all in the folder
 * @param logs the audit log, its oldest file first
 * @throws CliError when the log or the folder cannot be read, or the log was changed
 */
export async function verifyRecordings(
  folder: RecordingFolder,
  names: readonly string[],
  logs: readonly string[],
): Promise<readonly RecordingVerdict[]> {
  const hashes = await hashesIn(logs);
  const { recordings, unreadable } = await recordingsIn(folder);
  const known = [...recordings.map(({ name }) => name), ...unreadable];
  const verdicts: RecordingVerdict[] = [];
  for (const name of names.length === 0 ? known : names) {
    if (unreadable.includes(name)) {
      const words = 'cannot be read: it was changed, or sealed with another key';
      verdicts.push({ name, words, holds: false });
    } else verdicts.push(await verdictOf(folder, name, hashes.get(name)));
  }
  return verdicts;
}

async function verdictOf(
  folder: RecordingFolder,
  name: string,
  audited: string | undefined,
): Promise<RecordingVerdict> {
  try {
    const { sha256, state } = await recordingFacts(folder, name);
    if (state === 'unfinished' && audited === undefined) {
      return { name, words: 'is not ended yet', holds: true };
    }
    if (audited === undefined) {
      return { name, words: 'is not in the audit log', holds: false };
    }
    if (audited !== sha256) {
      return { name, words: 'is not the one that the audit log tells of', holds: false };
    }
    const short = state === 'cut' ? ', and was cut short' : '';
    return { name, words: `is as the audit log tells${short}`, holds: true };
  } catch (thrown) {
    if (!(thrown instanceof CliError) || thrown.code === 'CLI_NOT_THERE') throw thrown;
    return { name, words: `cannot be read: ${thrown.message}`, holds: false };
  }
}

async function hashesIn(logs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  try {
    const verdict = await verifyAuditLog(...logs);
    if (verdict.intact) return await auditedRecordings(...logs);
    throw new CliError('CLI_REFUSED', `${verdict.file}, line ${verdict.line}: ${verdict.why}`, {
      todo: 'a log that was changed proves nothing: take a copy from elsewhere',
    });
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('CLI_FILE', `the audit log cannot be read: ${messageOf(cause)}`, {
      todo: 'check --audit-file and its permissions',
      cause,
    });
  }
}
