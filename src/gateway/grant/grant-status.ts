/** The status that a grant should have, beside its uses: when it ends and whether it can be used. */
import { BlockList } from 'node:net';
import { type GatewayToken, readyConditions } from '#apis/index.ts';
import { networksOf } from '#http/index.ts';
import {
  type ConditionState,
  formatTime,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import { parseUrlPattern } from '../rules/url-pattern.ts';
import {
  approvalsMissing,
  decisionsOf,
  type GrantLimits,
  isNewGrant,
  personOf,
  stateOf,
  waitingText,
  windowOf,
} from './grant-facts.ts';

/** The grant with its status brought up to date; the same object when it is. */
export function decideStatus(
  grant: GatewayToken,
  nowMs: number,
  limits: GrantLimits,
): GatewayToken {
  const before = grant.status ?? {};
  const window = windowOf(grant, limits);
  const expirationTime = window === undefined ? undefined : formatTime(window.endMs);
  const settled = settleStatus(
    before,
    { Processed: processed(grant, nowMs, limits) },
    readyConditions.GatewayToken,
    { nowMs, generation: grant.metadata.generation },
  );
  const complete = before.expirationTime === expirationTime && before.uses !== undefined;
  if (settled === before && complete) return grant;
  const status = { ...settled, uses: before.uses ?? 0 };
  if (expirationTime === undefined) delete status.expirationTime;
  else status.expirationTime = expirationTime;
  return { ...grant, status };
}

function processed(grant: GatewayToken, nowMs: number, limits: GrantLimits): ConditionState {
  const fault = faultOf(grant.spec);
  if (fault !== undefined) return stateError(fault);
  const state = stateOf(grant, nowMs, limits);
  switch (state) {
    case 'broken':
      return stateError('expirationWindow or sessionMax is not a duration, or is too long');
    case 'unproven':
      return isNewGrant(grant, nowMs)
        ? statePending('Its creator is being looked at')
        : stateError('Nobody has checked what its creator may do: make it again');
    case 'revoked':
      return stateError('Revoked');
    case 'denied': {
      const [denial] = decisionsOf(grant, limits);
      const why = denial?.reason === undefined ? '' : `: ${denial.reason}`;
      return stateError(`Denied by ${denial === undefined ? 'somebody' : personOf(denial)}${why}`);
    }
    case 'expired':
      return stateError('Expired');
    case 'pending':
    case 'early':
    case 'open':
      if (approvalsMissing(grant, limits) > 0) {
        const text = waitingText(grant, limits);
        return statePending(`${text.charAt(0).toUpperCase()}${text.slice(1)}`);
      }
      return grant.status?.codeHash === undefined
        ? statePending("Has no code yet: make one with 'drawbridge gateway link NAME'")
        : stateReady();
    default:
      return stateError(state satisfies never);
  }
}

/** What of the spec can never work, beside its times. */
function faultOf({
  rules = [],
  urls = [],
  clientCIDRs = [],
}: GatewayToken['spec']): string | undefined {
  const bad = urls.find((text) => parseUrlPattern(text) === undefined);
  if (bad !== undefined) {
    return `urls: ${JSON.stringify(bad)} is not a pattern: a star is a whole segment`;
  }
  const networks = networksOf(clientCIDRs);
  if (!(networks instanceof BlockList)) {
    return `clientCIDRs: ${JSON.stringify(networks.wrong)} is neither address nor network`;
  }
  return rules.length + urls.length === 0
    ? 'It opens nothing: it has neither rules nor urls'
    : undefined;
}
