/** Flags of `gateway serve` for terminals that are recorded. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { defaultRecordingLimits, recordingKeyName, type RecordingOptions } from '#gateway/index.ts';
import { readDuration } from '../../input/duration.ts';
import { choiceProblems, integerProblems } from '../../input/name.ts';
import type { Problems } from '../../input/problems.ts';

export interface RecordingFlags {
  readonly recordingDir?: string;
  readonly recordingKeyFile?: string;
  readonly record?: string;
  readonly recordingKeep?: string;
  readonly recordingMax: string;
  readonly recordingTotalMax: string;
}

const mebibyte = 1024 * 1024;
const { bytesMax, totalBytesMax } = defaultRecordingLimits;
const hourMs = 3600_000;

export function addRecordingOptions(command: Command): Command {
  return command
    .option('--recording-dir <dir>', 'record terminals (exec, attach) into files there')
    .option('--recording-key-file <file>', 'keys that seal them (default: in --recording-dir)')
    .option('--record <which>', 'all terminals, or those whose grant asked for it (default: all)')
    .option('--recording-keep <duration>', 'remove recordings after this (default: never)')
    .option('--recording-max <MiB>', 'of one; its session ends there', `${bytesMax / mebibyte}`)
    .option(
      '--recording-total-max <MiB>',
      'of all; no recorded terminal opens beyond it',
      `${totalBytesMax / mebibyte}`,
    );
}

/** Notes what is wrong. @returns undefined when nothing is to be recorded */
export function readRecording(
  problems: Problems,
  flags: RecordingFlags,
): RecordingOptions | undefined {
  const { recordingDir, recordingKeyFile, record, recordingKeep } = flags;
  if (recordingDir === undefined) {
    const given = {
      '--recording-key-file': recordingKeyFile,
      '--record': record,
      '--recording-keep': recordingKeep,
    };
    for (const [name, value] of Object.entries(given)) {
      if (value !== undefined)
        problems.add(`${name} has a meaning only together with --recording-dir`);
    }
    return undefined;
  }
  problems.add(
    ...choiceProblems('--record', record ?? 'all', ['all', 'asked']),
    ...integerProblems('--recording-max', flags.recordingMax, 1),
    ...integerProblems('--recording-total-max', flags.recordingTotalMax, 1),
  );
  const keep =
    recordingKeep === undefined
      ? undefined
      : readDuration('--recording-keep', recordingKeep, hourMs);
  if (keep !== undefined && 'problem' in keep) problems.add(keep.problem);
  const directory = resolve(recordingDir);
  return {
    directory,
    keyPath: resolve(recordingKeyFile ?? join(directory, recordingKeyName)),
    policy: record === 'asked' ? 'asked' : 'all',
    ...(keep !== undefined && 'value' in keep ? { keepMs: keep.value } : {}),
    limits: {
      bytesMax: Number(flags.recordingMax) * mebibyte,
      totalBytesMax: Number(flags.recordingTotalMax) * mebibyte,
    },
  };
}
