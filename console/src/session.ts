/** What the link that was opened allows, as the gateway tells it, and leaving it. */

export interface SessionRule {
  readonly effect?: 'allow' | 'deny';
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly subresources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Label selectors that lists must carry. */
  readonly selectors?: readonly string[];
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

/** The gateway's words, and whether asking again later makes sense. */
export class Refusal extends Error {
  readonly isNotYet: boolean;

  constructor(message: string, isNotYet: boolean) {
    super(message);
    this.isNotYet = isNotYet;
  }
}

interface RefusalBody {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly message?: string }[] };
}

/** Asks the gateway about a link's code, or spends it. @throws Refusal */
export async function postCode<T>(verb: 'look' | 'redeem', body: object): Promise<T> {
  const response = await fetch(`${root}/${verb}`, {
    ...options,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const value = (await response.json()) as T & RefusalBody;
  if (response.ok) return value;
  // The rule says what kind of refusal it is; the words are for people.
  const rule = value.details?.causes?.[0]?.message ?? '';
  const isNotYet = rule === 'approval' || rule === 'notBefore';
  throw new Refusal(value.message ?? `the gateway answered ${response.status}`, isNotYet);
}

/** True when the grant names this way into a workload. */
export function mayConnect({ grant }: Session, capability: string): boolean {
  return grant.connect.includes(capability);
}
