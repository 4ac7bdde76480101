/**
 * The grants as this replica knows them, and the counting of their uses. Reading is from a watched
 * cache; counting is an update guarded by resourceVersion, decided anew on every conflict, so that
 * it is exact over all replicas.
 */
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { AttemptLimit } from '#base/attempt-limit.ts';
import { backoffMs } from '#base/backoff.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { type Random, randomFraction } from '#base/random.ts';
import { keyText, type ObjectKey } from '#kube/index.ts';
import { isKubeError, type KubeClient, KubeClientError, type Lister } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';
import type { GrantLimits } from './grant-facts.ts';
import { type Attempt, decideUse, type Use } from './use.ts';

export interface GrantBookDeps {
  readonly client: Pick<KubeClient, 'find' | 'updateStatus'>;
  readonly grants: Lister<GatewayToken>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface Used {
  readonly grant: GatewayToken;
  readonly redemption: Use['redemption'];
  readonly opened: boolean;
}

/** Tries of one counted use against other replicas. */
const conflictsMax = 64;
const conflictPause = { firstMs: 5, maxMs: 200, factor: 1.6, jitter: 0.9 };
/** Reads past the cache: so many at once, then one each so many milliseconds, over all handles. */
const freshReads = { burst: 100, leakMs: 20, keysMax: 1 };
/** And for one grant. */
const freshReadsOfOne = { burst: 5, leakMs: 200, keysMax: 1024 };

export class GrantBook {
  readonly #deps: GrantBookDeps;
  readonly #limits: GrantLimits;
  /** The newest version we wrote, until the cache has it. */
  readonly #written = new Map<string, GatewayToken>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #reads = new AttemptLimit(freshReads);
  readonly #readsOfOne = new AttemptLimit(freshReadsOfOne);

  constructor(deps: GrantBookDeps, limits: GrantLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /** The grant as far as we know, without asking anybody. */
  known(key: ObjectKey): GatewayToken | undefined {
    const id = keyText(key);
    const cached = this.#deps.grants.get(key);
    const ours = this.#written.get(id);
    if (ours === undefined) return cached;
    if (cached !== undefined && versionOf(cached) >= versionOf(ours)) {
      this.#written.delete(id);
      return cached;
    }
    return ours;
  }

  /**
   * The grant as the API has it now; undefined when there is none, or when too many ask.
   * @throws GatewayError GATEWAY_STORE
   */
  async fresh(key: ObjectKey): Promise<GatewayToken | undefined> {
    const nowMs = this.#deps.clock.monotonicMs();
    const id = keyText(key);
    if (this.#reads.waitMs('', nowMs) > 0 || this.#readsOfOne.waitMs(id, nowMs) > 0) {
      return this.known(key);
    }
    this.#reads.onAttempt('', nowMs);
    this.#readsOfOne.onAttempt(id, nowMs);
    const found = await this.#read(key);
    if (found !== undefined) this.#remember(found);
    return found;
  }

  /**
   * One use: decided, written, and only then given. Uses of one grant wait for each other here, so
   * that only replicas compete.
   * @throws GatewayError of decideUse; GATEWAY_STORE, with no use spent
   */
  async use(key: ObjectKey, attempt: Attempt): Promise<Used> {
    const id = keyText(key);
    const before = this.#queues.get(id) ?? Promise.resolve();
    const mine = before.then(() => this.#use(key, attempt));
    const settled = mine.catch(() => undefined);
    this.#queues.set(id, settled);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(id) === settled) this.#queues.delete(id);
    }
  }

  /** The grant was deleted: what we wrote of it counts no more. */
  forget(key: ObjectKey): void {
    this.#written.delete(keyText(key));
  }

  /** Ends one session of a grant. @throws GatewayError GATEWAY_STORE */
  async leave(key: ObjectKey, sessionHash: string): Promise<void> {
    await this.change(key, (grant) => {
      const redemptions = grant.status?.redemptions ?? [];
      if (!redemptions.some((each) => each.session === sessionHash)) return undefined;
      return {
        ...grant.status,
        redemptions: redemptions.map(({ session, ...rest }) =>
          session === sessionHash || session === undefined ? rest : { ...rest, session },
        ),
      };
    });
  }

  async #use(key: ObjectKey, attempt: Attempt): Promise<Used> {
    let use: Use | undefined;
    const grant = await this.change(key, (current) => {
      use = decideUse(current, attempt, this.#deps.clock.nowMs(), this.#limits);
      return use.status;
    });
    return { grant, redemption: use?.redemption, opened: use?.opened ?? false };
  }

  /**
   * Writes a status, guarded; decided again whenever somebody else was faster.
   * @param change the status to write, decided on the newest grant; undefined to leave it
   * @throws GatewayError GATEWAY_ENDED when it is gone, GATEWAY_STORE; what `change` throws
   */
  async change(
    key: ObjectKey,
    change: (grant: GatewayToken) => GatewayToken['status'] | undefined,
  ): Promise<GatewayToken> {
    let grant = this.known(key) ?? (await this.#read(key));
    for (let conflicts = 0; conflicts < conflictsMax; conflicts++) {
      if (grant === undefined) {
        throw new GatewayError('GATEWAY_ENDED', 'the grant cannot be used: it is gone');
      }
      const status = change(grant);
      if (status === undefined) return grant;
      try {
        const written = await this.#deps.client.updateStatus(gatewayToken, { ...grant, status });
        this.#remember(written);
        return written;
      } catch (thrown) {
        if (!isKubeError(thrown, 'KUBE_CONFLICT') && !isKubeError(thrown, 'KUBE_NOT_FOUND')) {
          throw this.#storeFault(thrown);
        }
      }
      await this.#pause(conflicts);
      grant = await this.#read(key);
    }
    throw new GatewayError(
      'GATEWAY_STORE',
      'the use could not be counted in time; none was spent',
      {
        retry: { afterMs: 1000 },
      },
    );
  }

  async #read(key: ObjectKey): Promise<GatewayToken | undefined> {
    try {
      return await this.#deps.client.find(gatewayToken, key);
    } catch (thrown) {
      throw this.#storeFault(thrown);
    }
  }

  #storeFault(thrown: unknown): unknown {
    if (!(thrown instanceof KubeClientError)) return thrown;
    this.#deps.log.warn('the API that keeps the grants does not answer as it should', {
      error: messageOf(thrown),
    });
    return new GatewayError('GATEWAY_STORE', 'the grants cannot be read or counted now', {
      cause: thrown,
      retry: { afterMs: 1000 },
    });
  }

  #remember(grant: GatewayToken): void {
    const { namespace = '', name } = grant.metadata;
    this.#written.set(keyText({ namespace, name }), grant);
    if (this.#written.size <= writtenMax) return;
    for (const oldest of this.#written.keys()) {
      this.#written.delete(oldest);
      break;
    }
  }

  async #pause(attempt: number): Promise<void> {
    const delayMs = backoffMs(conflictPause, attempt, randomFraction(this.#deps.random));
    await new Promise((resolve) => {
      setTimeout(resolve, delayMs);
    });
  }
}

/** Grants whose last written version is remembered. */
const writtenMax = 1024;

/** Revisions are opaque to most, but the API server that keeps our kinds counts them. */
function versionOf(grant: GatewayToken): bigint {
  const text = grant.metadata.resourceVersion ?? '';
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}
