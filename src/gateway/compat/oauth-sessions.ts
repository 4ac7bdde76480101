/** Tokens of people who logged in by OAuth2, by the hash of what their browser holds. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { Secret } from '#base/secret.ts';
import type { KubeConnection } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';
import { callerConnection } from '../issue/caller.ts';
import { Upstream } from '../proxy/upstream.ts';
import { requestInfo } from '../request/request-info.ts';
import { type Target, valuesOf } from '../request/target.ts';
import { capabilityOf } from '../rules/connect-capability.ts';
import type { Decision } from '../rules/decide.ts';
import { type HardDenyOptions, hardDenied } from '../rules/hard-deny.ts';
import type { Access } from '../session/gatekeeper.ts';
import type { StreamRegistry } from '../stream/stream-registry.ts';

/** A person with a session, and the API server as that person. */
export interface PersonEntered {
  readonly access: Access;
  readonly upstream: Upstream;
}

export interface OAuthSessionsDeps {
  readonly clock: Clock;
  readonly connection: KubeConnection;
  readonly streams: StreamRegistry;
}

const cookie = 'kg-bearer-session-code';
const attributes = 'Path=/; HttpOnly; SameSite=Lax; Secure';
/** However long the token lives; seconds. */
const lifeSecondsMax = 12 * 3600;
const sessionsMax = 4096;
const statesMax = 10_000;

export class OAuthSessions {
  readonly #deps: OAuthSessionsDeps;
  readonly #sessions = new Map<string, PersonEntered>();
  readonly #states = new Set<string>();

  constructor(deps: OAuthSessionsDeps) {
    this.#deps = deps;
  }

  /** A state is used once. @throws GatewayError GATEWAY_CREDENTIAL */
  refuseRepeat(state: string): void {
    if (this.#states.has(state)) {
      throw new GatewayError('GATEWAY_CREDENTIAL', 'no login: this one was used before');
    }
    this.#states.add(state);
    if (this.#states.size > statesMax) this.#states.delete([...this.#states][0] ?? '');
  }

  /**
   * @param lifeSeconds of the token, as its server says
   * @returns the Set-Cookie of the session
   * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_BUSY
   */
  open(bearer: string, lifeSeconds = lifeSecondsMax): string {
    if (!/^[A-Za-z0-9._~+/=-]{1,8192}$/.test(bearer)) {
      throw new GatewayError('GATEWAY_CREDENTIAL', 'no login: the token cannot be used');
    }
    const nowMs = this.#deps.clock.nowMs();
    for (const [id, { access }] of this.#sessions) if (access.endMs <= nowMs) this.#drop(id);
    if (this.#sessions.size >= sessionsMax) {
      throw new GatewayError('GATEWAY_BUSY', 'too many people are logged in');
    }
    const name = randomBytes(32).toString('base64url');
    const digest = hashOf(name);
    const seconds = Math.min(lifeSeconds, lifeSecondsMax);
    const connection = callerConnection(this.#deps.connection, bearer);
    this.#sessions.set(digest, {
      access: accessOf(digest, nowMs + seconds * 1000),
      upstream: new Upstream('local', connection),
    });
    return `${cookie}=${name}; Max-Age=${seconds}; ${attributes}`;
  }

  /** @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_REQUEST */
  enter(cookies: string | undefined): PersonEntered {
    const id = idIn(cookies);
    const found = id === undefined ? undefined : this.#sessions.get(id);
    if (found !== undefined && this.#deps.clock.nowMs() < found.access.endMs) return found;
    throw new GatewayError('GATEWAY_CREDENTIAL', 'nobody is logged in: open /auth/login');
  }

  /** Ends the session with its streams. @returns the Set-Cookie that takes the cookie away */
  close(cookies: string | undefined): string {
    this.#drop(idIn(cookies) ?? '');
    return `${cookie}=; Max-Age=0; ${attributes}`;
  }

  clear(): void {
    for (const id of this.#sessions.keys()) this.#drop(id);
  }

  #drop(id: string): void {
    this.#sessions.get(id)?.upstream.close();
    if (this.#sessions.delete(id)) this.#deps.streams.endOf(id, 'left');
  }
}

/** The API server decides about the person; what nothing opens stays closed. */
export function decideForPerson(method: string, target: Target, never: HardDenyOptions): Decision {
  const info = requestInfo(method, target);
  const reason = hardDenied(info, never);
  if (reason !== undefined) throw new GatewayError('GATEWAY_DENIED', reason, { rule: 'never' });
  const capability = capabilityOf(info);
  const follow = valuesOf(target.query, 'follow').some((value) => !/^(?:false|0)$/i.test(value));
  const isStream =
    info.verb === 'watch' || (capability !== undefined && (capability !== 'log' || follow));
  return { allowed: true, rule: 'own', reason: '', info, capability, isStream };
}

function idIn(cookies: string | undefined): string | undefined {
  const found = (cookies ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookie}=`));
  if (found.length > 1) {
    throw new GatewayError('GATEWAY_REQUEST', 'the session cookie was sent twice', { close: true });
  }
  const [value] = found;
  return value === undefined ? undefined : hashOf(value.slice(cookie.length + 1));
}

function hashOf(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

function accessOf(digest: string, endMs: number): Access {
  const key = { namespace: 'kube-gateway', name: `login-${digest.slice(0, 12)}` };
  return {
    grant: {
      apiVersion: 'drawbridge.dev/v1alpha1',
      kind: 'GatewayToken',
      metadata: { ...key, uid: digest },
      spec: {},
    },
    session: { kind: 'session', key, secret: new Secret('') },
    sessionId: digest.slice(0, 12),
    endMs,
  };
}
