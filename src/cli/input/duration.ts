/** Durations as Go writes them (`90s`, `1h30m`), with a least value. */
import { DurationError, formatDuration, parseDuration } from '#kube/index.ts';

/**
 * A duration from the command line, in milliseconds.
 * @param thing what it is, such as `timeout`
 */
export function readDuration(
  thing: string,
  text: string,
  minMs: number,
): { readonly value: number } | { readonly problem: string } {
  const ms = parse(text);
  if (ms === undefined) {
    return { problem: `${thing} is not valid: "${text}" is not a duration such as 90s or 1h30m` };
  }
  if (ms >= minMs) return { value: ms };
  const least = formatDuration(minMs);
  const rule = `duration must not be less than ${least}; got ${formatDuration(ms)}`;
  return { problem: `${thing} is not valid: ${rule}` };
}

function parse(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch (thrown) {
    if (thrown instanceof DurationError) return undefined;
    throw thrown;
  }
}
