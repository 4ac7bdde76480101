/** Recordings in words. What is told of a session came from others, so controls are taken out. */
import type { RecordingFacts } from '#gateway/index.ts';
import { formatTime, humanAge } from '#kube/index.ts';
import { renderTable } from '../table.ts';

/** The table of `gateway recordings list`. */
export function renderRecordings(recordings: readonly RecordingFacts[]): string {
  const rows = recordings.map((each) => [
    each.name,
    formatTime(each.startMs),
    lengthOf(each),
    each.grant,
    plain(each.user ?? ''),
    plain(each.what),
    String(each.bytes),
  ]);
  return renderTable(['NAME', 'STARTED', 'LENGTH', 'GRANT', 'USER', 'WHAT', 'BYTES'], rows);
}

/** One recording, a line for each fact. */
export function recordingWords(facts: RecordingFacts & { readonly sha256: string }): string {
  const lines: readonly (readonly [string, string])[] = [
    ['Name', facts.name],
    ['Started', formatTime(facts.startMs)],
    ['Length', lengthOf(facts)],
    ['What', plain(facts.what)],
    ['Grant', facts.grant],
    ['Session', facts.session],
    ...(facts.user === undefined ? [] : [['User', plain(facts.user)] as const]),
    ['From', facts.client],
    ['Audit', facts.auditId],
    ['Bytes', String(facts.bytes)],
    ['SHA-256', facts.sha256],
  ];
  return lines.map(([name, value]) => `${`${name}:`.padEnd(10)}${value}\n`).join('');
}

/** For -o json and yaml. */
export function recordingDocument({ startMs, durationMs, ...facts }: RecordingFacts) {
  return {
    ...facts,
    started: formatTime(startMs),
    ...(durationMs === undefined ? {} : { seconds: durationMs / 1000 }),
  };
}

function lengthOf({ durationMs, state }: RecordingFacts): string {
  if (durationMs === undefined) return 'not ended';
  return state === 'cut' ? `${humanAge(durationMs)}, cut short` : humanAge(durationMs);
}

function plain(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}
