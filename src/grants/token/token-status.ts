/** The status of AccessTokens. */
import {
  type ConditionState,
  findCondition,
  setCondition,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { AccessToken } from '../kinds.ts';

const redeemedCondition = 'Redeemed';

/** What is told while a token waits for a site. */
export const noActiveSite = 'No active site in namespace';
const deletedSite = 'Already redeemed for a deleted site';

function withState(token: AccessToken, state: ConditionState, nowMs: number): AccessToken {
  const at = { nowMs, generation: token.metadata.generation };
  const status = settleStatus(
    token.status ?? {},
    { [redeemedCondition]: state },
    [redeemedCondition],
    at,
  );
  return status === token.status ? token : { ...token, status };
}

/** The token waits. */
export function asPending(token: AccessToken, message: string, nowMs: number): AccessToken {
  return withState(token, statePending(message), nowMs);
}

/** The last try failed. */
export function asFailed(token: AccessToken, message: string, nowMs: number): AccessToken {
  return withState(token, stateError(message), nowMs);
}

/** The token has done its work, for good. */
export function asRedeemed(token: AccessToken, nowMs: number): AccessToken {
  const done = withState(token, stateReady(), nowMs);
  return { ...done, status: { ...done.status, redeemed: true } };
}

/** The site it was redeemed for is gone: True, so that nobody tries again, but an error to see. */
export function asOrphaned(token: AccessToken, nowMs: number): AccessToken {
  const state: ConditionState = { status: 'True', reason: 'Error', message: deletedSite };
  const before = findCondition(token.status?.conditions, redeemedCondition);
  if (before?.reason === state.reason && before.message === state.message) return token;
  const at = { nowMs, generation: token.metadata.generation };
  const ready = { ...state, status: 'False' as const };
  const conditions = setCondition(
    setCondition(token.status?.conditions, redeemedCondition, state, at),
    'Ready',
    ready,
    at,
  );
  return {
    ...token,
    status: { ...token.status, status: 'Error', message: deletedSite, conditions: [...conditions] },
  };
}
