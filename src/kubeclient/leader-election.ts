/**
 * One of several processes does the work, the others wait: whoever holds a Lease leads.
 *
 *   waiting --lease free, or unchanged for its duration--> leading --renewed in time--> leading
 *      ^                                                      | not renewed in time, taken, stop
 *      +------------- work has ended, lease given back -------+
 *
 * Clocks of different machines are never compared: a foreign lease has run out when this process
 * saw it unchanged for its whole duration. A leader stops before its lease runs out for the others
 * (`renewMsMax` is less than `leaseMs`), and never leads again before its own work has ended.
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { type Random, randomFraction } from '#base/random.ts';
import { formatMicroTime, type Lease, lease as leaseKind, type ObjectKey } from '#kube/index.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { pause } from './pause.ts';

export interface LeaderElectionDeps {
  readonly client: Pick<KubeClient, 'create' | 'find' | 'update'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface LeaderElectionOptions {
  readonly lease: ObjectKey;
  /** Names this process among the candidates, such as host and process; must be unique. */
  readonly identity: string;
  /** How long a lease that nobody renews keeps others away; whole seconds. Default 15 000. */
  readonly leaseMs?: number;
  /** A leader that could not renew for this long stops. Default 10 000. */
  readonly renewMsMax?: number;
  /** Pause between two looks or renewals. Default 2 000. */
  readonly retryMs?: number;
  /**
   * The work of the leader. Its signal is aborted when leadership is lost; it must then end, for
   * somebody else is about to begin. When it ends by itself the lease is given back.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>;
}

/** The foreign lease as this process saw it, and since when. */
interface Observed {
  readonly version: string;
  readonly sinceMs: number;
}

/** The lease as it is now, and whether that was a renewal. */
interface Renewal {
  readonly lease: Lease;
  readonly renewed: boolean;
}

export class LeaderElection implements Running {
  readonly #deps: LeaderElectionDeps;
  readonly #options: Required<LeaderElectionOptions>;
  readonly #cut = new AbortController();
  #observed: Observed | undefined;
  #holder = '';
  #leading = false;
  #task: Promise<void> | undefined;

  /** @throws RangeError when `retryMs` < `renewMsMax` < `leaseMs` does not hold */
  constructor(deps: LeaderElectionDeps, options: LeaderElectionOptions) {
    const log = deps.log.child({ component: 'leader-election', resource: options.lease.name });
    this.#deps = { ...deps, log };
    this.#options = { leaseMs: 15_000, renewMsMax: 10_000, retryMs: 2_000, ...options };
    const { leaseMs, renewMsMax, retryMs } = this.#options;
    if (!(retryMs > 0 && retryMs < renewMsMax && renewMsMax < leaseMs && leaseMs >= 1000)) {
      throw new RangeError('a leader must renew often enough to stop before its lease runs out');
    }
  }

  /** True while the work of the leader runs here and its lease is good. */
  get leading(): boolean {
    return this.#leading;
  }

  /** Who was seen leading last; empty when nobody. */
  get holder(): string {
    return this.#holder;
  }

  start(): void {
    this.#task ??= this.#run();
  }

  /** Ends the work, then gives the lease back, so that another candidate need not wait. */
  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#cut.abort();
    if (this.#task === undefined) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, options.graceMs);
    await Promise.race([this.#task, late]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { signal } = this.#cut;
    while (!signal.aborted) {
      const startedMs = this.#deps.clock.monotonicMs();
      const mine = await this.#tryAcquire();
      if (mine !== undefined) await this.#lead(mine, startedMs);
      await this.#pause(signal);
    }
  }

  /** @returns the lease when it is held by this process now */
  async #tryAcquire(): Promise<Lease | undefined> {
    const { client, log } = this.#deps;
    try {
      const found = await client.find<Lease>(leaseKind, this.#options.lease);
      if (found !== undefined && !this.#isFree(found)) return undefined;
      if (this.#cut.signal.aborted) return undefined;
      const wanted = this.#acquired(found);
      const options = { signal: this.#cut.signal };
      return found === undefined
        ? await client.create<Lease>(leaseKind, wanted, options)
        : await client.update<Lease>(leaseKind, wanted, options);
    } catch (thrown) {
      // Another candidate was faster, which is how an election should end.
      const lost =
        isKubeError(thrown, 'KUBE_CONFLICT') || isKubeError(thrown, 'KUBE_ALREADY_EXISTS');
      const error = messageOf(thrown);
      if (lost) log.debug('another candidate was faster', { error });
      else if (!this.#cut.signal.aborted) log.warn('the lease cannot be acquired', { error });
      return undefined;
    }
  }

  /** Nobody's, our own from before a restart, or unchanged for as long as it was to last. */
  #isFree(found: Lease): boolean {
    const { holderIdentity = '', leaseDurationSeconds } = found.spec ?? {};
    this.#holder = holderIdentity;
    if (holderIdentity === '' || holderIdentity === this.#options.identity) return true;
    const nowMs = this.#deps.clock.monotonicMs();
    const version = `${found.metadata.uid}/${found.metadata.resourceVersion}`;
    if (this.#observed?.version !== version) this.#observed = { version, sinceMs: nowMs };
    const lastsMs = (leaseDurationSeconds ?? this.#options.leaseMs / 1000) * 1000;
    return nowMs - this.#observed.sinceMs >= lastsMs;
  }

  #acquired(found: Lease | undefined): Lease {
    const { lease: key, identity, leaseMs } = this.#options;
    const now = formatMicroTime(this.#deps.clock.nowMs());
    const before = found?.spec ?? {};
    const changes = found !== undefined && before.holderIdentity !== identity;
    const base = found ?? {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: key.name, namespace: key.namespace },
    };
    const spec = {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (changes ? 1 : 0),
    };
    return { ...base, spec };
  }

  /** @param startedMs when the request that acquired the lease began: the lease counts from there */
  async #lead(acquired: Lease, startedMs: number): Promise<void> {
    const { log } = this.#deps;
    const end = new AbortController();
    const stop = (): void => end.abort();
    this.#cut.signal.addEventListener('abort', stop, { once: true });
    if (this.#cut.signal.aborted) stop();
    this.#leading = true;
    this.#holder = this.#options.identity;
    end.signal.addEventListener('abort', () => (this.#leading = false), { once: true });
    log.info('leading');
    const work = this.#work(end);
    let held: Lease | undefined;
    try {
      held = await this.#keep(acquired, startedMs, end);
    } finally {
      this.#leading = false;
      this.#cut.signal.removeEventListener('abort', stop);
      await work;
    }
    log.info('no longer leading');
    if (held !== undefined) await this.#giveBack(held);
  }

  async #work(end: AbortController): Promise<void> {
    try {
      await this.#options.lead(end.signal);
    } catch (thrown) {
      if (!end.signal.aborted) {
        this.#deps.log.error('the work of the leader failed', { error: messageOf(thrown) });
      }
    } finally {
      end.abort();
    }
  }

  /**
   * Renews until the work has ended or the lease is lost, which ends the work.
   * @returns the lease when it is still ours
   */
  async #keep(
    acquired: Lease,
    startedMs: number,
    end: AbortController,
  ): Promise<Lease | undefined> {
    const { renewMsMax } = this.#options;
    const { clock, log } = this.#deps;
    let held: Lease | undefined = acquired;
    const late = (): void => {
      log.warn('the lease could not be renewed in time');
      held = undefined;
      end.abort();
    };
    // A timer, not a check between requests: a request that hangs must not prolong the lease.
    const arm = (sinceMs: number): NodeJS.Timeout =>
      setTimeout(late, Math.max(0, sinceMs + renewMsMax - clock.monotonicMs()));
    let deadline = arm(startedMs);
    while (held !== undefined && !end.signal.aborted) {
      await this.#pause(end.signal);
      if (end.signal.aborted) break;
      const sinceMs = clock.monotonicMs();
      const outcome: Renewal | 'lost' | undefined = await this.#renew(held, end.signal);
      if (outcome === 'lost') {
        held = undefined;
        end.abort();
      } else if (outcome !== undefined && held !== undefined) {
        held = outcome.lease;
        if (!outcome.renewed || end.signal.aborted) continue;
        clearTimeout(deadline);
        deadline = arm(sinceMs);
      }
    }
    clearTimeout(deadline);
    return held;
  }

  /** @returns `lost` when somebody else has it; undefined when nobody knows */
  async #renew(held: Lease, signal: AbortSignal): Promise<Renewal | 'lost' | undefined> {
    const { client, clock, log } = this.#deps;
    const renewTime = formatMicroTime(clock.nowMs());
    const spec = { ...held.spec, renewTime };
    try {
      const lease = await client.update<Lease>(leaseKind, { ...held, spec }, { signal });
      return { lease, renewed: true };
    } catch (thrown) {
      if (signal.aborted) return undefined;
      log.debug('the lease was not renewed', { error: messageOf(thrown) });
      if (!isKubeError(thrown, 'KUBE_CONFLICT') && !isKubeError(thrown, 'KUBE_NOT_FOUND')) {
        return undefined;
      }
    }
    return this.#lookAgain(held);
  }

  /** After a conflict: our own renewal whose answer got lost, somebody's label, or a new holder. */
  async #lookAgain(held: Lease): Promise<Renewal | 'lost' | undefined> {
    try {
      const found = await this.#deps.client.find<Lease>(leaseKind, this.#options.lease);
      this.#holder = found?.spec?.holderIdentity ?? '';
      const same = found?.metadata.uid === held.metadata.uid;
      if (found === undefined || !same || this.#holder !== this.#options.identity) return 'lost';
      // Not a renewal yet: the next one, from this revision, is.
      return { lease: found, renewed: false };
    } catch (thrown) {
      this.#deps.log.debug('the lease cannot be read', { error: messageOf(thrown) });
    }
    return undefined;
  }

  /** Best effort: an unreleased lease runs out by itself. */
  async #giveBack(held: Lease): Promise<void> {
    const { holderIdentity: _holder, ...spec } = held.spec ?? {};
    const renewTime = formatMicroTime(this.#deps.clock.nowMs());
    try {
      await this.#deps.client.update<Lease>(leaseKind, {
        ...held,
        spec: { ...spec, leaseDurationSeconds: 1, renewTime },
      });
      this.#holder = '';
    } catch (thrown) {
      this.#deps.log.debug('the lease was not given back', { error: messageOf(thrown) });
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    // Jitter keeps candidates that started together from asking together.
    const delayMs = this.#options.retryMs * (1 - 0.2 * randomFraction(this.#deps.random));
    await pause(delayMs, signal);
  }
}
