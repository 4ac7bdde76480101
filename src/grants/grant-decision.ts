/** What spec and status an AccessGrant should have: a pure choice from what is there. */
import {
  type ConditionState,
  DurationError,
  formatTime,
  parseDuration,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import { withUse } from './grant-use.ts';
import { faultOfLife } from './certificate-life.ts';
import type { AccessGrant } from './kinds.ts';
import { refusals } from './server/refusal.ts';
import type { SiteFacts } from './site-access.ts';

/** Where grants of this control plane are redeemed. */
export interface GrantAddress {
  /** `https://host:port`, without a trailing slash. */
  readonly url: string;
  /** PEM bundle to verify it with. */
  readonly caPem: string;
}

/** What a decision looks at beside the grant. */
export interface GrantSurroundings {
  /** False when this control plane redeems no grants. */
  readonly enabled: boolean;
  /** Undefined until the grant server has an address and a certificate. */
  readonly address: GrantAddress | undefined;
  /** The active site of the namespace. */
  readonly site: SiteFacts | undefined;
  /** What stands against links to that site, if anything. */
  readonly siteFault?: string | undefined;
  readonly nowMs: number;
  /** Makes a code for a grant that brings none. */
  readonly createCode: () => string;
}

/** How long a grant may be redeemed when it does not say; also written into its spec. */
export const expirationWindowDefault = '15m';
/** What a grant that does not say allows; also written into its spec. */
export const redemptionsAllowedDefault = 1;

const required = ['Processed', 'Resolved'];

/** The spec with its defaults; the same object when it has them all. */
export function defaultGrantSpec(grant: AccessGrant): AccessGrant {
  const { redemptionsAllowed = 0, expirationWindow = '' } = grant.spec ?? {};
  if (redemptionsAllowed !== 0 && expirationWindow !== '') return grant;
  return {
    ...grant,
    spec: {
      ...grant.spec,
      redemptionsAllowed: redemptionsAllowed === 0 ? redemptionsAllowedDefault : redemptionsAllowed,
      expirationWindow: expirationWindow === '' ? expirationWindowDefault : expirationWindow,
    },
  };
}

/** The grant with the status it should have. Code and expiration are set once and then stay. */
export function decideGrant(grant: AccessGrant, around: GrantSurroundings): AccessGrant {
  if (!around.enabled) {
    return { ...grant, status: { ...grant.status, message: 'AccessGrants are not enabled' } };
  }
  const errors: string[] = [];
  const code = grant.status?.code || grant.spec?.code || around.createCode();
  const expirationTime = grant.status?.expirationTime || expirationOf(grant, around.nowMs, errors);
  if (around.site?.spec?.edge === true) errors.push(refusals.edgeSite.text);
  const allowed = grant.spec?.redemptionsAllowed ?? redemptionsAllowedDefault;
  // Upstream takes it, and the grant is Ready but nobody can use it.
  if (allowed < 0) errors.push(`Invalid redemptionsAllowed ${allowed}: it must be at least 1`);
  const lifeFault = faultOfLife(grant);
  if (lifeFault !== undefined) errors.push(lifeFault);
  if (around.siteFault !== undefined) errors.push(around.siteFault);
  const url =
    around.address === undefined
      ? grant.status?.url
      : `${around.address.url}/${grant.metadata.uid}`;
  const ca = around.address?.caPem ?? grant.status?.ca;
  const processed = errors.length === 0 ? stateReady() : stateError(errors.join(', '));
  const resolved: ConditionState = url && ca ? stateReady() : statePending();
  const status = {
    ...grant.status,
    code,
    ...(expirationTime === '' ? {} : { expirationTime }),
    ...(url === undefined ? {} : { url }),
    ...(ca === undefined ? {} : { ca }),
  };
  const at = { nowMs: around.nowMs, generation: grant.metadata.generation };
  const settled = {
    ...grant,
    status: settleStatus(status, { Processed: processed, Resolved: resolved }, required, at),
  };
  return withUse(settled, around.nowMs);
}

/** Empty, with a word in `errors`, when the window cannot be read. */
function expirationOf(grant: AccessGrant, nowMs: number, errors: string[]): string {
  const window = grant.spec?.expirationWindow || expirationWindowDefault;
  try {
    const windowMs = parseDuration(window);
    // Upstream takes it, and the grant is Ready but has expired before anybody can use it.
    if (windowMs <= 0) throw new DurationError('it must be longer than nothing');
    const endMs = nowMs + windowMs;
    // Go's largest duration, about 292 years, still gives a time that people can read.
    return formatTime(endMs);
  } catch (thrown) {
    if (!(thrown instanceof DurationError)) throw thrown;
    errors.push(`Invalid duration "${window}": ${thrown.message}`);
    return '';
  }
}
