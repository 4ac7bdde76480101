/** What a grant allows, for those who hold it: never a code, a hash or who else used it. */
import type { GatewayToken } from '#apis/index.ts';
import { formatTime } from '#kube/index.ts';
import { type GrantLimits, usesLeft, windowOf } from '../grant/grant-facts.ts';
import { csrfOf } from '../grant/handle.ts';
import type { Access } from '../session/gatekeeper.ts';
import { tagOf } from './cookies.ts';
import { localCluster } from './route.ts';

/** A grant as its holder may see it. */
export interface GrantView {
  readonly namespace: string;
  readonly name: string;
  readonly cluster: string;
  readonly notBefore: string;
  readonly expires: string;
  readonly usesAllowed: number;
  readonly usesLeft: number;
  readonly countPer: string;
  readonly rules: readonly unknown[];
  readonly connect: readonly string[];
  readonly urls: readonly string[];
  readonly methods: readonly string[];
  readonly viewOnly: boolean;
  readonly apps: readonly string[];
  readonly issuedBy: string;
}

/** A session as its holder may see it. */
export interface SessionView {
  readonly tag: string;
  /** Put before the path of every request of this session by cookie. */
  readonly base: string;
  /** Where the API of the grant's cluster is, below the host. */
  readonly api: string;
  readonly session: string;
  readonly expires: string;
  /** For the header x-drawbridge-csrf; only for sessions by cookie. */
  readonly csrf?: string;
  /** Who logged in, for sessions that a login opened. */
  readonly person?: string;
  readonly grant: GrantView;
}

export function viewGrant(grant: GatewayToken, limits: GrantLimits): GrantView {
  const { spec, status = {} } = grant;
  const window = windowOf(grant, limits);
  const { namespace = '', name } = grant.metadata;
  return {
    namespace,
    name,
    cluster: spec.cluster ?? localCluster,
    notBefore: formatTime(window?.startMs ?? 0),
    expires: formatTime(window?.endMs ?? 0),
    usesAllowed: spec.usesAllowed ?? 1,
    usesLeft: usesLeft(grant),
    countPer: spec.countPer ?? 'redemption',
    rules: spec.rules ?? [],
    connect: spec.connect ?? [],
    urls: spec.urls ?? [],
    methods: spec.methods ?? [],
    viewOnly: spec.viewOnly ?? false,
    apps: spec.apps ?? [],
    issuedBy: status.issuedBy ?? '',
  };
}

export function viewSession(access: Access, browser: boolean, limits: GrantLimits): SessionView {
  const grant = viewGrant(access.grant, limits);
  const tag = tagOf(access.session.key);
  const base = `/s/${tag}`;
  const { login } = access.grant.status ?? {};
  const below = grant.cluster === localCluster ? '/k8s' : `/clusters/${grant.cluster}`;
  return {
    tag,
    base,
    api: `${browser ? base : ''}${below}`,
    session: access.sessionId,
    expires: formatTime(access.endMs),
    ...(browser ? { csrf: csrfOf(access.session) } : {}),
    ...(login === undefined ? {} : { person: login.subject }),
    grant,
  };
}
