/** Finds processes by what their command line holds, also after their parent has died. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Survivor {
  readonly pid: number;
  readonly commandLine: string;
}

/** Why processes cannot be looked up here; undefined when they can. */
export const survivorsSkip: string | undefined =
  process.platform === 'linux' ? undefined : 'finding processes needs /proc (Linux)';

/** Processes other than this one whose command line contains `text`, zombies left out. */
export function processesWith(text: string): Survivor[] {
  const found: Survivor[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const commandLine = commandLineOf(entry);
    if (commandLine.includes(text)) found.push({ pid: Number(entry), commandLine });
  }
  return found;
}

/** Empty for processes that have gone meanwhile and for zombies. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
