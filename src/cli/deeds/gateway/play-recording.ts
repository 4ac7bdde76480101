/** Plays a recording in the terminal: what it showed, when it showed it. */
import { parseAsciicastEvent } from '#gateway/index.ts';
import type { CliIo } from '../../io.ts';
import { TerminalFilter } from '../../output/recording/terminal-filter.ts';
import { exportRecording, type RecordingFolder } from './recordings.ts';

export interface PlayOptions {
  /** How much faster than it was. */
  readonly speed: number;
  /** Longest pause, before `speed`; milliseconds. */
  readonly idleMsMax: number;
}

/** Colours off, cursor shown, ordinary screen, no mouse and paste reports. */
const calm = '\x1b[0m\x1b[?25h\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?2004l\r\n';

/** @throws CliError when it cannot be read */
export async function playRecording(
  io: Pick<CliIo, 'stdout' | 'stderr'>,
  folder: RecordingFolder,
  name: string,
  { speed, idleMsMax }: PlayOptions,
): Promise<void> {
  const filter = new TerminalFilter();
  let atMs = 0;
  let rest = '';
  const play = async (text: string): Promise<void> => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = parseAsciicastEvent(line);
      if (event === undefined) continue;
      await pause(Math.min(Math.max(0, event.atMs - atMs), idleMsMax) / speed);
      ({ atMs } = event);
      if (event.code === 'o') io.stdout.write(filter.push(event.data));
    }
  };
  const { state } = await exportRecording(folder, name, play);
  io.stdout.write(calm);
  if (state === 'cut') io.stderr.write('The recording was cut short here\n');
  if (state === 'unfinished') io.stderr.write('The recording is not ended\n');
}

async function pause(ms: number): Promise<void> {
  if (ms < 1) return;
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
