/**
 * Counts redemptions in the status of their grant. One writer per grant gathers everybody who waits
 * into a single guarded update, so that parallel redemptions here never conflict with each other;
 * conflicts with other replicas are repeated on the newer object as long as it allows. A write whose
 * answer got lost may have been made: it is tried again for a moment, and finds itself then.
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { isKubeError, updateStatus, type WritingClient } from '#kubeclient/index.ts';
import { type AccessGrant, accessGrant } from '../kinds.ts';
import {
  earlierRedemption,
  type Redemption,
  redemptionsKeptMax,
  withRedemptions,
} from '../grant-use.ts';
import { refusalOfGrant, remainingOf } from './redemption.ts';
import { type Refusal, refusals } from './refusal.ts';

export interface RedemptionCounterDeps {
  readonly client: WritingClient;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Account {
  /** The newest version of the grant that we wrote or were given. */
  grant: AccessGrant;
  waiting: Waiting[];
  busy: boolean;
}

/** What became of a redemption that was to be counted. */
export type Counted =
  | { readonly kind: 'counted'; readonly grant: AccessGrant }
  /** The very request was counted before, and this was handed out for it. */
  | { readonly kind: 'repeated'; readonly earlier: Redemption }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

interface Waiting {
  readonly made: Redemption;
  readonly resolve: (outcome: Counted) => void;
}

/** Grants whose last written version is remembered, so that the next count needs no read. */
const accountsMax = 1024;
/** How often a write is repeated, and the first pause before; the others are twice as long each. */
const failuresMax = 3;
const pauseMsFirst = 150;

export class RedemptionCounter {
  readonly #deps: RedemptionCounterDeps;
  readonly #accounts = new Map<string, Account>();

  constructor(deps: RedemptionCounterDeps) {
    this.#deps = deps;
  }

  /** The grant with the highest count known: the cache may lag behind our own writes. */
  newest(cached: AccessGrant): AccessGrant {
    const account = this.#accounts.get(cached.metadata.uid ?? '');
    return account === undefined ? cached : newer(cached, account.grant);
  }

  /**
   * Counts one redemption durably, with who made it. Never throws. */
  async count(grant: AccessGrant, made: Redemption): Promise<Counted> {
    const uid = grant.metadata.uid ?? '';
    const account = this.#accounts.get(uid) ?? { grant, waiting: [], busy: false };
    account.grant = newer(grant, account.grant);
    // Set again, so that the order of the map is that of the last use.
    this.#accounts.delete(uid);
    this.#accounts.set(uid, account);
    const { promise, resolve } = Promise.withResolvers<Counted>();
    account.waiting.push({ made, resolve });
    // Whoever comes first also works for those who come later, but does not wait for them.
    if (!account.busy) this.#work(account).catch((fault: unknown) => this.#giveUp(account, fault));
    return await promise;
  }

  async #work(account: Account): Promise<void> {
    account.busy = true;
    while (account.waiting.length > 0) {
      // No more than a status remembers: each must find itself again when an answer gets lost.
      const batch = account.waiting.splice(0, redemptionsKeptMax);
      const refusal = await this.#countBatch(account, batch);
      for (const { resolve } of batch) resolve({ kind: 'refused', refusal });
    }
    account.busy = false;
    this.#forgetOldest();
  }

  /** Only our own bugs lead here; whoever waits still gets an answer. */
  #giveUp(account: Account, fault: unknown): void {
    this.#deps.log.error('counting redemptions failed', { error: messageOf(fault) });
    account.busy = false;
    const refusal = refusals.notCounted;
    for (const { resolve } of account.waiting.splice(0)) resolve({ kind: 'refused', refusal });
  }

  /** Resolves and removes those of the batch who were counted. @returns the answer of the others */
  async #countBatch(account: Account, batch: Account['waiting']): Promise<Refusal> {
    let counted: readonly Waiting[] = [];
    let added: readonly Waiting[] = [];
    let repeated: ReadonlyMap<Waiting, Redemption> = new Map();
    let refusal: Refusal | undefined;
    try {
      const written = await this.#persist(account.grant, (copy) => {
        const nowMs = this.#deps.clock.nowMs();
        const known = new Set(copy.status?.redeemedBy?.map((each) => each.serialNumber));
        const isOwn = ({ made }: Waiting): boolean => known.has(made.serialNumber);
        repeated = earlierOf(copy, batch);
        refusal = refusalOfGrant(copy, nowMs);
        const fresh = batch.filter((each) => !repeated.has(each) && !isOwn(each));
        added = refusal === undefined ? fresh.slice(0, remainingOf(copy)) : [];
        counted = [...batch.filter((each) => !repeated.has(each) && isOwn(each)), ...added];
        if (added.length === 0) return copy;
        const made = added.map((each) => each.made);
        return withRedemptions(copy, made, nowMs);
      });
      if (written === undefined) return refusals.unknown;
      account.grant = written.object;
    } catch (thrown) {
      this.#deps.log.warn('redemptions could not be counted', {
        resource: `${account.grant.metadata.namespace}/${account.grant.metadata.name}`,
        error: messageOf(thrown),
      });
      return refusals.notCounted;
    }
    for (const { resolve } of counted) resolve({ kind: 'counted', grant: account.grant });
    for (const [{ resolve }, earlier] of repeated) resolve({ kind: 'repeated', earlier });
    const done = new Set([...counted, ...repeated.keys()]);
    batch.splice(0, batch.length, ...batch.filter((each) => !done.has(each)));
    return refusal ?? refusals.usedUp;
  }

  /** Writes, and again for a moment when the API does not answer. @throws KubeClientError */
  async #persist(
    grant: AccessGrant,
    change: (copy: AccessGrant) => AccessGrant,
  ): Promise<{ readonly object: AccessGrant } | undefined> {
    const { client, log } = this.#deps;
    for (let failures = 0; ; failures++) {
      try {
        return await updateStatus(client, accessGrant, grant, change);
      } catch (thrown) {
        if (failures >= failuresMax || !isPassing(thrown)) throw thrown;
        log.warn('counting redemptions is tried again', { error: messageOf(thrown) });
      }
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMsFirst * 2 ** failures);
      });
    }
  }

  #forgetOldest(): void {
    for (const [uid, account] of this.#accounts) {
      if (this.#accounts.size <= accountsMax) return;
      if (!account.busy) this.#accounts.delete(uid);
    }
  }
}

/** Those of the batch that were counted before, by this replica or another. */
function earlierOf(
  grant: AccessGrant,
  batch: readonly Waiting[],
): ReadonlyMap<Waiting, Redemption> {
  const found = new Map<Waiting, Redemption>();
  for (const each of batch) {
    const earlier = earlierRedemption(grant, each.made.request);
    if (earlier !== undefined) found.set(each, earlier);
  }
  return found;
}

/** The API may be back in a moment, and the write may have been made. */
function isPassing(thrown: unknown): boolean {
  return (
    isKubeError(thrown, 'KUBE_UNREACHABLE') ||
    isKubeError(thrown, 'KUBE_SERVER') ||
    isKubeError(thrown, 'KUBE_OVERLOADED') ||
    isKubeError(thrown, 'KUBE_CONFLICT')
  );
}

/** Redemptions only grow, so the higher count is the newer version. */
function newer(cached: AccessGrant, known: AccessGrant): AccessGrant {
  return (known.status?.redemptions ?? 0) > (cached.status?.redemptions ?? 0) ? known : cached;
}
