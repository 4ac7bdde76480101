/**
 * Wrong codes, recorded on the grant that they were tried on: how many, from where, and an Event.
 * What waits to be written counts already. Writes of a grant are batched, one at a time and not
 * more than one a second, so that nobody can make the API busy by guessing.
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import {
  type EventRecorder,
  type Informer,
  updateStatus,
  type WritingClient,
} from '#kubeclient/index.ts';
import { type AccessGrant, accessGrant } from '../../kinds.ts';
import {
  type GuessLimits,
  guessLimits,
  heldAgainst,
  waitOfGrant,
  waitOfPlace,
  withRefusals,
} from './guess-limit.ts';
import { GuesserIndex } from './guesser-index.ts';

export interface RefusalRecorderDeps {
  readonly client: WritingClient;
  readonly grants: Pick<Informer<AccessGrant>, 'onChange'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events?: Pick<EventRecorder, 'record'>;
}

export interface RefusalRecorderOptions {
  readonly limits?: Partial<GuessLimits>;
  /** Least time between two writes to one grant, in milliseconds; default 1000. */
  readonly writeEveryMs?: number;
}

/** A grant that somebody guesses at. */
interface Account {
  /** The newest version that we wrote or were given. */
  grant: AccessGrant;
  /** How many wrong codes by place wait to be written; the latest place last. */
  pending: Map<string, number>;
  /** Those that are just being written. */
  inFlight: ReadonlyMap<string, number>;
  busy: boolean;
}

/** Grants whose last written version is remembered. */
const accountsMax = 1024;

/** Places whose guesses one write tells apart; those beyond count without a name. */
const placesPendingMax = 64;
const crowd = 'others';
/** Grants that are looked at when a place is judged over all of them. */
const grantsJudgedMax = 256;

export class RefusalRecorder {
  readonly #deps: RefusalRecorderDeps;
  readonly #limits: GuessLimits;
  readonly #writeEveryMs: number;
  readonly #accounts = new Map<string, Account>();
  readonly #guessers: GuesserIndex;
  #stopped = false;

  constructor(deps: RefusalRecorderDeps, options: RefusalRecorderOptions = {}) {
    this.#deps = deps;
    this.#limits = { ...guessLimits, ...options.limits };
    this.#writeEveryMs = options.writeEveryMs ?? 1000;
    this.#guessers = new GuesserIndex(deps.grants);
  }

  /** Milliseconds until this grant takes another code from this place. */
  waitMs(grant: AccessGrant, place: string, nowMs: number): number {
    const uid = grant.metadata.uid ?? '';
    const newest = this.#newest(grant);
    const { pending = none, inFlight = none } = this.#accounts.get(uid) ?? {};
    const more = [...pending.values(), ...inFlight.values()].reduce((sum, each) => sum + each, 0);
    return Math.max(
      waitOfGrant(newest, more, this.#limits, nowMs),
      this.#waitOfPlace(newest, place, nowMs),
    );
  }

  /** Counts one wrong code, and has it written in its turn. */
  onWrongCode(grant: AccessGrant, place: string): void {
    const uid = grant.metadata.uid ?? '';
    const account = this.#accounts.get(uid) ?? {
      grant,
      pending: new Map<string, number>(),
      inFlight: none,
      busy: false,
    };
    account.grant = this.#newest(grant);
    // Set again, so that the order of the map is that of the last use.
    this.#accounts.delete(uid);
    this.#accounts.set(uid, account);
    const isKnown = account.pending.has(place) || account.pending.size < placesPendingMax;
    const name = isKnown ? place : crowd;
    const count = (account.pending.get(name) ?? 0) + 1;
    account.pending.delete(name);
    account.pending.set(name, count);
    this.#deps.log.warn('a wrong code was refused', { resource: resourceOf(grant), place });
    // Whoever comes first also has the codes of those written who come later.
    if (!account.busy) void this.#work(account);
  }

  /** Writes what waits, once, and stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#guessers.close();
    await Promise.all([...this.#accounts.values()].map((account) => this.#write(account)));
  }

  #waitOfPlace(grant: AccessGrant, place: string, nowMs: number): number {
    const limits = this.#limits;
    const others = this.#guessers.grantsOf(place).slice(0, grantsJudgedMax);
    const grants = new Map([...others, grant].map((each) => [each.metadata.uid, each]));
    let [level, lastMs, waitMs] = [0, 0, 0];
    for (const each of grants.values()) {
      const newest = this.#newest(each);
      const known = heldAgainst(newest, place, limits, nowMs);
      const { pending, inFlight } = this.#accounts.get(each.metadata.uid ?? '') ?? {};
      const waiting = (pending?.get(place) ?? 0) + (inFlight?.get(place) ?? 0);
      if (known === undefined && waiting === 0) continue;
      const held = {
        level: (known?.level ?? 0) + waiting,
        lastMs: waiting > 0 ? nowMs : (known?.lastMs ?? 0),
      };
      level += held.level;
      lastMs = Math.max(lastMs, held.lastMs);
      if (each === grant) waitMs = waitOfPlace(held, limits.placeBurst, limits, nowMs);
    }
    const everywhere = waitOfPlace({ level, lastMs }, limits.everywhereBurst, limits, nowMs);
    return Math.max(waitMs, everywhere);
  }

  /** The cache may lag behind what we wrote. */
  #newest(grant: AccessGrant): AccessGrant {
    const known = this.#accounts.get(grant.metadata.uid ?? '')?.grant;
    const countOf = (each: AccessGrant): number => each.status?.refusals?.count ?? 0;
    return known !== undefined && countOf(known) > countOf(grant) ? known : grant;
  }

  async #work(account: Account): Promise<void> {
    account.busy = true;
    while (account.pending.size > 0 && !this.#stopped) {
      await this.#write(account);
      // Also after the last: who guesses on then finds the turn taken.
      await new Promise((resolve) => {
        setTimeout(resolve, this.#writeEveryMs).unref();
      });
    }
    account.busy = false;
    for (const [uid, { busy }] of this.#accounts) {
      if (this.#accounts.size <= accountsMax) return;
      if (!busy) this.#accounts.delete(uid);
    }
  }

  /** What follows for whoever asks next. */
  #closingOf(grant: AccessGrant, batch: ReadonlyMap<string, number>, nowMs: number): string {
    if (waitOfGrant(grant, 0, this.#limits, nowMs) > 0) return '; no code is taken for a while';
    const isPaused = [...batch.keys()].some((place) => this.#waitOfPlace(grant, place, nowMs) > 0);
    return isPaused ? '; none is taken from there for a while' : '';
  }

  /** Never throws: what cannot be written goes on counting here, and is written with the next. */
  async #write(account: Account): Promise<void> {
    const { client, clock, events, log } = this.#deps;
    const batch = account.pending;
    if (batch.size === 0) return;
    account.pending = new Map();
    account.inFlight = batch;
    try {
      const nowMs = clock.nowMs();
      const written = await updateStatus(client, accessGrant, account.grant, (copy) =>
        withRefusals(copy, batch, this.#limits, nowMs),
      );
      account.inFlight = none;
      if (written === undefined) return;
      account.grant = written.object;
      const message = messageFor(batch) + this.#closingOf(account.grant, batch, nowMs);
      events?.record(account.grant, { type: 'Warning', reason: 'RedemptionRefused', message });
    } catch (thrown) {
      account.inFlight = none;
      for (const [place, count] of batch) {
        account.pending.set(place, (account.pending.get(place) ?? 0) + count);
      }
      log.warn('wrong codes could not be recorded', {
        resource: resourceOf(account.grant),
        error: messageOf(thrown),
      });
    }
  }
}

const none: ReadonlyMap<string, number> = new Map();
/** Places that an Event names. */
const placesToldMax = 3;

function messageFor(batch: ReadonlyMap<string, number>): string {
  const count = [...batch.values()].reduce((sum, each) => sum + each, 0);
  const places = [...batch.keys()].slice(0, placesToldMax).join(', ');
  const more = batch.size > placesToldMax ? ` and ${batch.size - placesToldMax} more` : '';
  const what = count === 1 ? 'A wrong code' : `${count} wrong codes`;
  return `${what} came from ${places}${more}`;
}

function resourceOf({ metadata }: AccessGrant): string {
  return `${metadata.namespace}/${metadata.name}`;
}
