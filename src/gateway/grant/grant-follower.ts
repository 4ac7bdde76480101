/**
 * Follows the grants: ends streams when one is revoked or deleted, keeps statuses true, and knows
 * how long ago the API last confirmed that what we hold is current.
 */
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { collectionPath, keyOf } from '#kube/index.ts';
import {
  type Change,
  type EventRecorder,
  type Informer,
  isKubeError,
  type KubeClient,
} from '#kubeclient/index.ts';
import type { Creators } from '../creator/creators.ts';
import type { StreamRegistry } from '../stream/stream-registry.ts';
import type { GrantBook } from './grant-book.ts';
import { decisionsOf, type GrantLimits, stateOf, waitingText } from './grant-facts.ts';
import { decideStatus } from './grant-status.ts';

export interface GrantFollowerDeps {
  readonly client: Pick<KubeClient, 'raw' | 'updateStatus'>;
  readonly grants: Informer<GatewayToken>;
  readonly book: GrantBook;
  readonly streams: StreamRegistry;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly creators?: Pick<Creators, 'withCreator'>;
}

export interface GrantFollowerOptions {
  /** Without confirmation for this long nothing is served on a grant; milliseconds. */
  readonly graceMs: number;
}

/** Between two questions whether the API is there; milliseconds. */
const confirmMs = 2000;
/** Between two looks at what has expired; milliseconds. */
const sweepMs = 15_000;

export class GrantFollower implements Running {
  readonly #deps: GrantFollowerDeps;
  readonly #limits: GrantLimits;
  readonly #options: GrantFollowerOptions;
  readonly #cut = new AbortController();
  #confirmedMs: number;
  #leave: () => void = () => undefined;
  #timers: NodeJS.Timeout[] = [];

  constructor(deps: GrantFollowerDeps, limits: GrantLimits, options: GrantFollowerOptions) {
    this.#deps = deps;
    this.#limits = limits;
    this.#options = options;
    this.#confirmedMs = deps.clock.monotonicMs();
  }

  /** False when what we hold may be out of date. */
  get isConfirmed(): boolean {
    return this.#deps.clock.monotonicMs() - this.#confirmedMs <= this.#options.graceMs;
  }

  start(): void {
    const { grants } = this.#deps;
    this.#leave = grants.onChange((change) => this.#onChange(change));
    const sweep = (): void => {
      for (const grant of grants.list()) this.#settle(grant);
    };
    this.#timers = [
      setInterval(() => void this.#confirm(), confirmMs),
      setInterval(sweep, sweepMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  async stop(): Promise<void> {
    this.#cut.abort();
    this.#leave();
    for (const timer of this.#timers) clearInterval(timer);
  }

  #onChange({ type, object, previous }: Change<GatewayToken>): void {
    const uid = object.metadata.uid ?? '';
    if (type === 'deleted') {
      this.#deps.book.forget(keyOf(object));
      this.#deps.streams.endOf(uid, 'revoked');
      return;
    }
    const state = stateOf(object, this.#deps.clock.nowMs(), this.#limits);
    // Whoever waits to delete it, or denied it, has ended it as well.
    if (state === 'revoked' || state === 'denied') this.#deps.streams.endOf(uid, 'revoked');
    else this.#endLeft(uid, object, previous);
    if (object.spec.revoked === true) {
      if (previous !== undefined && previous.spec.revoked !== true) {
        this.#deps.events.record(object, {
          type: 'Normal',
          reason: 'Revoked',
          message: 'The grant was revoked; what was open has been cut.',
        });
      }
    }
    this.#settle(object);
  }

  /** Sessions that were left by way of another replica. */
  #endLeft(uid: string, now: GatewayToken, previous: GatewayToken | undefined): void {
    const open = new Set(now.status?.redemptions?.flatMap(({ session }) => session ?? []));
    for (const { id, session } of previous?.status?.redemptions ?? []) {
      if (session !== undefined && !open.has(session)) this.#deps.streams.endOf(uid, 'left', id);
    }
  }

  /** Somebody else may settle the same grant: a conflict means that it was done. */
  #settle(grant: GatewayToken): void {
    const known = this.#deps.creators?.withCreator(grant) ?? grant;
    const wanted = decideStatus(known, this.#deps.clock.nowMs(), this.#limits);
    if (wanted === grant) return;
    this.#deps.client.updateStatus(gatewayToken, wanted).then(
      () => this.#tellWaiting(grant, wanted),
      (thrown: unknown) => {
        const gone = isKubeError(thrown, 'KUBE_CONFLICT') || isKubeError(thrown, 'KUBE_NOT_FOUND');
        if (!gone && !this.#cut.signal.aborted) {
          const error = messageOf(thrown);
          this.#deps.log.warn('the status of a grant was not written', { error });
        }
      },
    );
  }

  /** Once, by the replica that wrote it: whoever forwards Events brings it to those who may decide. */
  #tellWaiting(before: GatewayToken, after: GatewayToken): void {
    if (after.status?.message === before.status?.message) return;
    if (stateOf(after, this.#deps.clock.nowMs(), this.#limits) !== 'pending') return;
    if (decisionsOf(after, this.#limits).length > 0) return;
    const { namespace = '', name } = after.metadata;
    const who = after.status?.issuedBy ?? 'Somebody';
    const how = `drawbridge gateway approve ${name} -n ${namespace}`;
    this.#deps.events.record(after, {
      type: 'Normal',
      reason: 'WaitsForApproval',
      message: `${who} asks for it, and it ${waitingText(after, this.#limits)}: ${how}`,
    });
  }

  async #confirm(): Promise<void> {
    const askedMs = this.#deps.clock.monotonicMs();
    try {
      const signal = AbortSignal.any([this.#cut.signal, AbortSignal.timeout(confirmMs)]);
      const path = `${collectionPath(gatewayToken)}?limit=1`;
      await this.#deps.client.raw({ method: 'GET', path, signal });
      this.#confirmedMs = askedMs;
    } catch (thrown) {
      if (this.#cut.signal.aborted) return;
      this.#deps.log.debug('the grants were not confirmed', { error: messageOf(thrown) });
      if (!this.isConfirmed) this.#deps.streams.endAll('unconfirmed');
    }
  }
}
