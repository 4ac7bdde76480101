/**
 * One use of a grant, decided on the newest state there is. Pure: what it returns is written with
 * one guarded update, and decided again when somebody else was faster.
 */
import { BlockList } from 'node:net';
import { type GatewayToken, redemptionsKeptMax } from '#apis/index.ts';
import { isInside, networksOf } from '#http/index.ts';
import { formatTime, parseTime } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import {
  type GrantLimits,
  isNewGrant,
  liveSessions,
  type Redemption,
  stateOf,
  usesLeft,
  waitingText,
  windowOf,
} from './grant-facts.ts';

export interface Attempt {
  /** Hash of the session that a redemption opens; undefined: an existing session is used. */
  readonly sessionHash?: string;
  /** Address of the client. */
  readonly client: string;
  /** What was done; counted when the grant counts such things. */
  readonly what: 'redemption' | 'request' | 'stream';
}

export interface Use {
  /** The status to be written; undefined when nothing changes. */
  readonly status: GatewayToken['status'] | undefined;
  /** The redemption of the session, when one was opened or found. */
  readonly redemption: Redemption | undefined;
  /** True when a session was opened now. */
  readonly opened: boolean;
}

/** How long the same redemption may be repeated by a client that got no answer; milliseconds. */
const repeatMsMax = 30_000;

/**
 * Every condition, on this state of the grant.
 * @throws GatewayError GATEWAY_ENDED, GATEWAY_NOT_YET, GATEWAY_DENIED, GATEWAY_BUSY
 */
export function decideUse(
  grant: GatewayToken,
  attempt: Attempt,
  nowMs: number,
  limits: GrantLimits,
): Use {
  refuseState(grant, nowMs, limits);
  refusePlace(grant, attempt.client);
  const { redemptions = [], uses = 0 } = grant.status ?? {};
  const known = redemptions.find(
    (each) => attempt.sessionHash !== undefined && each.session === attempt.sessionHash,
  );
  if (known !== undefined) {
    const age = nowMs - (parseTime(known.time) ?? 0);
    if (age > repeatMsMax) throw ended('it has been used already');
    return { status: undefined, redemption: known, opened: false };
  }
  // Who opens a session wants to use it: without uses left that is pointless, counted or not.
  if (usesLeft(grant) === 0) throw ended('it has been used as often as it may be');
  const counts = attempt.what === (grant.spec.countPer ?? 'redemption');
  const counted = { ...grant.status, uses: counts ? uses + 1 : uses };
  if (attempt.sessionHash === undefined) {
    return { status: counts ? counted : undefined, redemption: undefined, opened: false };
  }
  const redemption: Redemption = {
    id: attempt.sessionHash.slice(0, 16),
    time: formatTime(nowMs),
    client: attempt.client,
    session: attempt.sessionHash,
  };
  const kept = room(grant, nowMs, limits);
  const status = { ...counted, redemptions: [...kept, redemption] };
  return { status, redemption, opened: true };
}

/** The grant itself must be usable now. @throws GatewayError */
export function refuseState(grant: GatewayToken, nowMs: number, limits: GrantLimits): void {
  const state = stateOf(grant, nowMs, limits);
  switch (state) {
    case 'open':
      return;
    case 'early': {
      const start = formatTime(windowOf(grant, limits)?.startMs ?? 0);
      throw new GatewayError('GATEWAY_NOT_YET', `the grant is not valid yet: it begins ${start}`, {
        rule: 'notBefore',
      });
    }
    case 'unproven':
      if (isNewGrant(grant, nowMs)) {
        throw new GatewayError('GATEWAY_BUSY', 'the creator of the grant is being looked at', {
          retry: { afterMs: 1000 },
        });
      }
      throw new GatewayError(
        'GATEWAY_DENIED',
        'the grant does not work: nobody has checked what its creator may do',
        { rule: 'seal' },
      );
    case 'pending':
      throw new GatewayError('GATEWAY_DENIED', `the grant ${waitingText(grant, limits)}`, {
        rule: 'approval',
      });
    case 'denied':
      throw ended('its approval was denied');
    case 'expired':
      throw ended('it has expired');
    case 'revoked':
      throw ended('it was revoked');
    case 'broken':
      throw ended('its times cannot be honoured');
    default:
      throw ended(state satisfies never);
  }
}

/** The client must come from where the grant says. @throws GatewayError GATEWAY_DENIED */
export function refusePlace(grant: GatewayToken, client: string): void {
  const { clientCIDRs = [], bindFirstClient } = grant.spec;
  if (clientCIDRs.length > 0) {
    const networks = networksOf(clientCIDRs);
    if (!(networks instanceof BlockList) || !isInside(networks, client)) {
      throw new GatewayError('GATEWAY_DENIED', 'the grant is not for your address', {
        rule: 'clientCIDRs',
      });
    }
  }
  const [first] = grant.status?.redemptions ?? [];
  if (bindFirstClient === true && first?.client !== undefined && first.client !== client) {
    throw new GatewayError(
      'GATEWAY_DENIED',
      'the grant is bound to the address of another client',
      {
        rule: 'bindFirstClient',
      },
    );
  }
}

/** The redemptions to keep beside a new one. @throws GatewayError GATEWAY_BUSY */
function room(grant: GatewayToken, nowMs: number, limits: GrantLimits): readonly Redemption[] {
  const live = liveSessions(grant, nowMs, limits);
  const { maxConcurrent = redemptionsKeptMax, bindFirstClient } = grant.spec;
  if (live.length >= Math.min(maxConcurrent, redemptionsKeptMax)) {
    throw new GatewayError('GATEWAY_BUSY', 'the grant has as many sessions as it may have', {
      retry: { afterMs: 30_000 },
    });
  }
  const all = grant.status?.redemptions ?? [];
  if (all.length < redemptionsKeptMax) return all;
  // The first one stays: it says which client the grant is bound to.
  const [first] = all;
  const rest = live.filter((each) => each !== first);
  const head = bindFirstClient === true && first !== undefined ? [first] : live.slice(0, 1);
  return [...head, ...rest.filter((each) => !head.includes(each)).slice(-redemptionsKeptMax + 2)];
}

function ended(why: string): GatewayError {
  return new GatewayError('GATEWAY_ENDED', `the grant cannot be used: ${why}`);
}
