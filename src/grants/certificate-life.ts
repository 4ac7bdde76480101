/** How long the certificates live that a grant hands out: its own word, else the server's. */
import { DurationError, formatDuration, parseDuration } from '#kube/index.ts';
import type { AccessGrant } from './kinds.ts';

/** Setting of an AccessGrant, a duration such as 24h. */
export const lifeSetting = 'certificate-life';
/** Shorter ones could not be renewed over a link that has a bad moment; milliseconds. */
const lifeMsMin = 10_000;

/** Milliseconds; undefined when the grant does not say. @throws DurationError */
export function certificateLifeMs(grant: AccessGrant): number | undefined {
  const text = grant.spec?.settings?.[lifeSetting] ?? '';
  return text === '' ? undefined : parseDuration(text);
}

/** What is wrong with the setting, if anything. */
export function faultOfLife(grant: AccessGrant): string | undefined {
  try {
    const lifeMs = certificateLifeMs(grant);
    if (lifeMs === undefined || lifeMs >= lifeMsMin) return undefined;
    return `Invalid setting ${lifeSetting}: must not be less than ${formatDuration(lifeMsMin)}`;
  } catch (thrown) {
    if (!(thrown instanceof DurationError)) throw thrown;
    return `Invalid setting ${lifeSetting}: ${thrown.message}`;
  }
}
