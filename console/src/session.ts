/** What the link that was opened allows, as the gateway tells it, and leaving it. */

export interface SessionRule {
  readonly effect?: 'allow' | 'deny';
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly subresources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly verbs?: readonly string[];
}

/** A grant as its holder may see it. */
export interface Grant {
  readonly namespace: string;
  readonly name: string;
  readonly cluster: string;
  readonly expires: string;
  readonly usesLeft: number;
  readonly countPer: string;
  readonly rules: readonly SessionRule[];
  readonly connect: readonly string[];
  readonly urls: readonly string[];
  readonly methods: readonly string[];
  readonly viewOnly: boolean;
  /** Empty when that is not told. */
  readonly issuedBy: string;
}

/** A session of this browser. */
export interface Session {
  /** Names the session in addresses. */
  readonly tag: string;
  /** Where the API of the grant's cluster is. */
  readonly api: string;
  /** Ends at this time whatever happens; RFC 3339. */
  readonly expires: string;
  /** Proof, for requests that change something, that they come from this page. */
  readonly csrf: string;
  /** Who logged in; absent for sessions that a link opened. */
  readonly person?: string;
  readonly grant: Grant;
}

/** A session and the gateway's clock, so that a wrong clock here does not matter. */
export interface SessionNow {
  readonly session: Session;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

const root = '/gateway/v1';

const options: RequestInit = { credentials: 'same-origin', cache: 'no-store' };

/** Undefined when there is no such session, or not any more. @throws when the gateway is away */
export async function readSession(tag: string): Promise<SessionNow | undefined> {
  const response = await fetch(`${root}/sessions/${encodeURIComponent(tag)}`, options);
  if (response.status >= 500) throw new Error(`the gateway answered ${response.status}`);
  if (!response.ok) return undefined;
  const nowMs = Date.parse(response.headers.get('date') ?? '');
  const session = (await response.json()) as Session;
  return { session, nowMs: Number.isNaN(nowMs) ? Date.now() : nowMs };
}

/** What this browser has, and whether people can log in here. */
export interface Sessions {
  readonly sessions: readonly Session[];
  readonly canLogIn: boolean;
}

/** All sessions of this browser. */
export async function readSessions(): Promise<Sessions> {
  const response = await fetch(`${root}/sessions`, options);
  if (!response.ok) return { sessions: [], canLogIn: false };
  return (await response.json()) as Sessions;
}

/** Ends the session at the gateway, with everything open under it. */
export async function leaveSession({ tag, csrf }: Session): Promise<void> {
  await fetch(`${root}/sessions/${encodeURIComponent(tag)}`, {
    ...options,
    method: 'DELETE',
    headers: { 'x-drawbridge-csrf': csrf },
  });
}

/** Asks the gateway about a link's code, or spends it. @throws with the gateway's words */
export async function postCode<T>(verb: 'look' | 'redeem', body: object): Promise<T> {
  const response = await fetch(`${root}/${verb}`, {
    ...options,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const value = (await response.json()) as T & { readonly message?: string };
  if (!response.ok) throw new Error(value.message ?? `the gateway answered ${response.status}`);
  return value;
}

/** True when the grant names this way into a workload. */
export function mayConnect({ grant }: Session, capability: string): boolean {
  return grant.connect.includes(capability);
}
