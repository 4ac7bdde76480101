/**
 * From a handle to what it gives now. Every request comes through here, so that expiry, revocation,
 * place and the grace without contact are looked at each time.
 */
import type { GatewayToken } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { GatewayError } from '../errors.ts';
import type { GrantBook } from '../grant/grant-book.ts';
import {
  type GrantLimits,
  liveSessions,
  type Redemption,
  sessionEndMs,
  sessionMsOf,
  windowOf,
} from '../grant/grant-facts.ts';
import { type Handle, hashOf, isHashOf, sessionOf } from '../grant/handle.ts';
import { refusePlace, refuseState } from '../grant/use.ts';
import { OpenedHandles } from './opened-handles.ts';

/** A grant in use by somebody. */
export interface Access {
  readonly grant: GatewayToken;
  readonly session: Handle;
  /** Names the session in records. */
  readonly sessionId: string;
  /** When it ends at the latest; milliseconds since 1970. */
  readonly endMs: number;
}

export interface GatekeeperDeps {
  readonly book: Pick<GrantBook, 'known' | 'fresh' | 'use' | 'leave'>;
  readonly clock: Clock;
  /** False once nobody has confirmed the grants for longer than the grace. */
  readonly isConfirmed: () => boolean;
  /** Told once for each new session. */
  readonly onRedeemed: (grant: GatewayToken, redemption: Redemption) => void;
}

/** A nonce of a redemption; characters. */
const nonceCharsMin = 22;
const nonceCharsMax = 128;

export class Gatekeeper {
  readonly #deps: GatekeeperDeps;
  readonly #limits: GrantLimits;
  readonly #opened = new OpenedHandles<Access>();

  constructor(deps: GatekeeperDeps, limits: GrantLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /**
   * The grant of a code, without using it.
   * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_ENDED, GATEWAY_NOT_YET, GATEWAY_DENIED
   */
  async look(code: Handle, client: string): Promise<GatewayToken> {
    this.#refuseUnconfirmed();
    const grant = await this.#find(code, (found) => isHashOf(found.status?.codeHash, code));
    refuseState(grant, this.#deps.clock.nowMs(), this.#limits);
    refusePlace(grant, client);
    refuseUnknownPerson(grant);
    return grant;
  }

  /**
   * Redeems a code for a session, counted.
   * @param nonce chosen by the client, 22 to 128 characters; the same one gets the same session
   * @throws GatewayError as `look`; GATEWAY_REQUEST, GATEWAY_BUSY, GATEWAY_STORE
   */
  async redeem(code: Handle, nonce: string, client: string): Promise<Access> {
    if (nonce.length < nonceCharsMin || nonce.length > nonceCharsMax) {
      throw new GatewayError('GATEWAY_REQUEST', 'the nonce must have 22 to 128 characters');
    }
    await this.look(code, client);
    return this.#open(code, sessionOf(code, `link\n${nonce}`), client);
  }

  /**
   * What a handle gives now. A code used as a bearer is redeemed by its first use, and again after
   * each `sessionMax`.
   * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_NOT_YET, GATEWAY_DENIED, GATEWAY_STORE
   */
  async enter(handle: Handle, client: string): Promise<Access> {
    const hash = openedName(handle);
    const fromMs = this.#deps.clock.nowMs();
    const opened = this.#letIn(hash, handle, client);
    if (opened !== undefined) return opened;
    const access = await this.#enter(handle, client);
    const untilMs = Math.min(access.endMs, this.#slotEndMs(handle, access.grant));
    this.#opened.keep(hash, { access, client, fromMs, untilMs });
    return access;
  }

  /** As `enter`, at once, for who was let in before; undefined: ask `enter`. @throws GatewayError GATEWAY_STORE */
  again(handle: Handle, client: string): Access | undefined {
    return this.#letIn(openedName(handle), handle, client);
  }

  #letIn(hash: string, { key }: Handle, client: string): Access | undefined {
    this.#refuseUnconfirmed();
    return this.#opened.find(hash, this.#deps.book.known(key), client, this.#deps.clock.nowMs());
  }

  async #enter(handle: Handle, client: string): Promise<Access> {
    if (handle.kind === 'session') return this.#resume(handle, client);
    try {
      const grant = await this.look(handle, client);
      const session = sessionOf(handle, `bearer\n${this.#slotOf(grant)}`);
      return this.#access(grant, session) ?? (await this.#open(handle, session, client));
    } catch (thrown) {
      throw asCredentialFault(thrown);
    }
  }

  /** Ends a session. Idempotent. @throws GatewayError GATEWAY_STORE */
  async leave(session: Handle): Promise<void> {
    await this.#deps.book.leave(session.key, hashOf(session));
  }

  /**
   * Counts one request or stream; undefined when the grant does not count such.
   * @throws GatewayError
   */
  count(access: Access, client: string, what: 'request' | 'stream'): Promise<void> | undefined {
    return access.grant.spec.countPer === what ? this.#count(access, client, what) : undefined;
  }

  async #count(access: Access, client: string, what: 'request' | 'stream'): Promise<void> {
    try {
      await this.#deps.book.use(access.session.key, { client, what });
    } catch (thrown) {
      throw asCredentialFault(thrown);
    }
  }

  async #resume(session: Handle, client: string): Promise<Access> {
    this.#refuseUnconfirmed();
    try {
      const holds = ({ status }: GatewayToken): boolean =>
        (status?.redemptions ?? []).some((each) => isHashOf(each.session, session));
      const grant = await this.#find(session, holds);
      refuseState(grant, this.#deps.clock.nowMs(), this.#limits);
      refusePlace(grant, client);
      const access = this.#access(grant, session);
      if (access !== undefined) return access;
      throw new GatewayError('GATEWAY_CREDENTIAL', 'the session has ended');
    } catch (thrown) {
      throw asCredentialFault(thrown);
    }
  }

  /** The grant of a handle, from the cache or, when that does not know the handle yet, from the API. */
  async #find(handle: Handle, knows: (grant: GatewayToken) => boolean): Promise<GatewayToken> {
    const cached = this.#deps.book.known(handle.key);
    // What another replica has just vouched for may not be in the cache yet.
    const settled = cached !== undefined && this.#limits.isProven?.(cached) !== false;
    if (settled && knows(cached)) return cached;
    const fresh = await this.#deps.book.fresh(handle.key);
    if (fresh === undefined || !knows(fresh)) throw unknown();
    return fresh;
  }

  #access(grant: GatewayToken, session: Handle): Access | undefined {
    const live = liveSessions(grant, this.#deps.clock.nowMs(), this.#limits);
    const redemption = live.find((each) => isHashOf(each.session, session));
    return redemption === undefined ? undefined : this.#accessOf(grant, session, redemption);
  }

  #accessOf(grant: GatewayToken, session: Handle, redemption: Redemption): Access {
    const endMs = sessionEndMs(grant, redemption, this.#limits);
    return { grant, session, sessionId: redemption.id, endMs };
  }

  async #open(code: Handle, session: Handle, client: string): Promise<Access> {
    const { grant, redemption, opened } = await this.#deps.book.use(code.key, {
      sessionHash: hashOf(session),
      client,
      what: 'redemption',
    });
    if (redemption === undefined) throw unknown();
    if (opened) this.#deps.onRedeemed(grant, redemption);
    return this.#accessOf(grant, session, redemption);
  }

  /** Which stretch of `sessionMax` this is, counted from the beginning of the grant. */
  #slotOf(grant: GatewayToken): number {
    const start = windowOf(grant, this.#limits)?.startMs ?? 0;
    return Math.floor((this.#deps.clock.nowMs() - start) / (sessionMsOf(grant) ?? 1));
  }

  /** Until when a code stands for the same session; a session does so as long as it lasts. */
  #slotEndMs(handle: Handle, grant: GatewayToken): number {
    const window = windowOf(grant, this.#limits);
    if (handle.kind === 'session' || window === undefined) return window?.endMs ?? 0;
    return window.startMs + (this.#slotOf(grant) + 1) * (sessionMsOf(grant) ?? 0);
  }

  #refuseUnconfirmed(): void {
    if (this.#deps.isConfirmed()) return;
    throw new GatewayError('GATEWAY_STORE', 'the grants have not been confirmed for too long', {
      retry: { afterMs: 1000 },
    });
  }
}

/** Under which a handle is remembered: nothing that could be used. */
function openedName(handle: Handle): string {
  return `${handle.kind} ${hashOf(handle)}`;
}

/** What is for certain people is opened by logging in, not by whoever has the code. */
function refuseUnknownPerson({ spec, status }: GatewayToken): void {
  const forPeople = spec.requireLogin === true || (spec.subjects ?? []).length > 0;
  if (!forPeople || status?.login !== undefined) return;
  throw new GatewayError('GATEWAY_DENIED', 'this grant is for people who have logged in');
}

function unknown(): GatewayError {
  return new GatewayError('GATEWAY_CREDENTIAL', 'the link, token or session is not known here', {
    facts: { guess: true },
  });
}

/** To whom already holds something, an ended grant is a credential that counts no more. */
function asCredentialFault(thrown: unknown): unknown {
  if (!(thrown instanceof GatewayError) || thrown.code !== 'GATEWAY_ENDED') return thrown;
  return new GatewayError('GATEWAY_CREDENTIAL', thrown.message, { cause: thrown });
}
