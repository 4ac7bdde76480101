/** The status of an IssuedLink: is it used, by whom, and was its revocation confirmed. Pure. */
import {
  type ConditionState,
  type Evaluation,
  equalJson,
  findCondition,
  formatTime,
  isConditionTrue,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { IssuedLink } from '../kinds.ts';
import type { Revocation } from '../site-router/revocation-sync.ts';
import { isRevoked } from './revoked-list.ts';

export interface IssuedLinkFacts {
  /** A router connects with it; undefined when we could not ask. */
  readonly connected: boolean | undefined;
  /** Name of the site as the network tells it. */
  readonly siteName: string | undefined;
  /** What the router says of its revocation; undefined before we could ask. */
  readonly revocation: Revocation | undefined;
  /** Name of the router that was asked. */
  readonly router: string;
}

type Status = NonNullable<IssuedLink['status']>;

export const unsupportedMessage =
  'The router cannot refuse single certificates; revoke-access without a name cuts all sites';
const waitingMessage = 'Revocation waits for the router';

/** The same object when nothing changes. */
export function decideIssuedLinkStatus(
  issued: IssuedLink,
  facts: IssuedLinkFacts,
  at: Evaluation,
): Status {
  const before: Status = issued.status ?? {};
  const changes = isRevoked(issued)
    ? revokedStates(before, facts)
    : { Valid: validState(issued, at.nowMs) };
  const settled = settleStatus(before, changes, ['Valid'], at);
  const next: Status = {
    ...settled,
    ...seen(before, facts, at.nowMs),
    ...(facts.siteName === undefined ? {} : { remoteSiteName: facts.siteName.slice(0, 512) }),
    ...(isConditionTrue(settled.conditions, 'Revoked') && before.revokedTime === undefined
      ? { revokedTime: formatTime(at.nowMs) }
      : {}),
  };
  return equalJson(next, before) ? before : next;
}

function validState(issued: IssuedLink, nowMs: number): ConditionState {
  const endMs = Date.parse(issued.spec?.notAfter ?? '');
  if (!(endMs <= nowMs)) return stateReady();
  return { status: 'False', reason: 'Expired', message: 'The certificate has expired' };
}

/** What the router confirmed once stays confirmed: it is told again whenever it starts. */
function revokedStates(
  before: Status,
  { revocation, router }: IssuedLinkFacts,
): Record<string, ConditionState> {
  const told = findCondition(before.conditions, 'Revoked');
  if (revocation?.state === 'unsupported') {
    const error = stateError(unsupportedMessage);
    return { Valid: error, Revoked: error };
  }
  if (told?.status === 'True') return { Valid: revokedState(told.message, 'False') };
  if (revocation?.state !== 'confirmed') {
    const pending = statePending(waitingMessage);
    return { Valid: { ...pending, reason: 'Revoked' }, Revoked: pending };
  }
  const message = confirmedMessage(router, revocation);
  return { Valid: revokedState(message, 'False'), Revoked: revokedState(message, 'True') };
}

/** The sentence that says who confirmed, in how many milliseconds. */
export function confirmedMessage(
  router: string,
  { closed, ms }: Extract<Revocation, { state: 'confirmed' }>,
): string {
  const connections = closed === 1 ? '1 connection' : `${closed} connections`;
  return `Refused by router ${router}, ${connections} closed in ${ms} ms`;
}

function revokedState(message: string, status: 'True' | 'False'): ConditionState {
  return { status, reason: 'Revoked', message };
}

/** Written when it changes only, so that an idle site writes nothing. */
function seen(before: Status, { connected }: IssuedLinkFacts, nowMs: number): Partial<Status> {
  if (connected === undefined || connected === (before.connected ?? false)) return {};
  return { connected, lastSeenTime: formatTime(nowMs) };
}
