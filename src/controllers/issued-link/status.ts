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
import type { RouterRevocation } from '../site-router/site-routers.ts';
import { isRevoked } from './revoked-list.ts';

export interface IssuedLinkFacts {
  /** A router connects with it; undefined when we could not ask. */
  readonly connected: boolean | undefined;
  /** Name of the site as the network tells it. */
  readonly siteName: string | undefined;
  /** What each router says of its revocation. */
  readonly revocations: readonly RouterRevocation[];
}

type Status = NonNullable<IssuedLink['status']>;

export const unsupportedMessage =
  'The router cannot refuse single certificates; revoke-access without a name cuts all sites';
const waitingMessage = 'Revocation waits for the router';

/** True while a router that can be asked was not. */
export function isAwaited(revocations: readonly RouterRevocation[]): boolean {
  return revocations.some(({ connected, said }) => connected && said === undefined);
}

/** True when a router cannot refuse it. */
export function isUnsupported(revocations: readonly RouterRevocation[]): boolean {
  return revocations.some(({ said }) => said?.state === 'unsupported');
}

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

/** What all routers confirmed once stays confirmed: it is told again whenever it starts. */
function revokedStates(
  before: Status,
  { revocations }: IssuedLinkFacts,
): Record<string, ConditionState> {
  const told = findCondition(before.conditions, 'Revoked');
  if (isUnsupported(revocations)) {
    const error = stateError(unsupportedMessage);
    return { Valid: error, Revoked: error };
  }
  if (told?.status === 'True') return { Valid: revokedState(told.message, 'False') };
  const message = confirmedMessage(revocations);
  const missing = revocations.filter(({ said }) => said === undefined);
  if (message === undefined || missing.length > 0) {
    const pending = statePending(pendingMessage(message, missing));
    return { Valid: { ...pending, reason: 'Revoked' }, Revoked: pending };
  }
  return { Valid: revokedState(message, 'False'), Revoked: revokedState(message, 'True') };
}

/** The sentence that says who confirmed, in how many milliseconds; undefined when nobody did. */
export function confirmedMessage(revocations: readonly RouterRevocation[]): string | undefined {
  const confirmed = revocations.flatMap(({ router, said }) => {
    if (said?.state !== 'confirmed') return [];
    const { closed, ms } = said;
    const connections = closed === 1 ? '1 connection' : `${closed} connections`;
    return [{ router, deed: `${connections} closed in ${ms} ms` }];
  });
  const [only, ...others] = confirmed;
  if (only === undefined) return undefined;
  if (others.length === 0) return `Refused by router ${only.router}, ${only.deed}`;
  const each = confirmed.map(({ router, deed }) => `${router} (${deed})`);
  return `Refused by routers ${each.join(' and ')}`;
}

function pendingMessage(
  confirmed: string | undefined,
  missing: readonly RouterRevocation[],
): string {
  if (confirmed === undefined) return waitingMessage;
  const names = missing.map(({ router }) => router).join(' and ');
  return `Revocation waits for router ${names}. ${confirmed}`;
}

function revokedState(message: string, status: 'True' | 'False'): ConditionState {
  return { status, reason: 'Revoked', message };
}

/** Written when it changes only, so that an idle site writes nothing. */
function seen(before: Status, { connected }: IssuedLinkFacts, nowMs: number): Partial<Status> {
  if (connected === undefined || connected === (before.connected ?? false)) return {};
  return { connected, lastSeenTime: formatTime(nowMs) };
}
