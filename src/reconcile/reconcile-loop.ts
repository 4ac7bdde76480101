/**
 * Runs a reconciler over a keyed queue: one run per key at a time, several keys in parallel,
 * growing pauses after faults.
 *
 * The contract of a reconciler:
 * - level, not edge: it is told which key, never what changed, and looks at the world itself;
 * - idempotent: running it again without a change does nothing;
 * - a thrown fault means try again with growing pauses, unless it is a CodedError that says
 *   otherwise (`retry: 'never'` ends the tries until the key is added again);
 * - `requeueAfterMs` means come back by itself.
 */
import { type BackoffOptions, backoffMs } from '#base/backoff.ts';
import type { Clock } from '#base/clock.ts';
import { CodedError, messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import { type Random, randomFraction } from '#base/random.ts';
import { ReconcileError } from './errors.ts';
import { WorkQueue } from './work-queue.ts';

export interface ReconcileResult {
  /** Run again after this long even if nothing is added; milliseconds. */
  readonly requeueAfterMs?: number;
}

export interface Reconciler<Key> {
  /**
   * Brings the thing named by `key` to its desired state.
   * @param signal aborted when the run takes too long or the loop stops
   */
  reconcile(key: Key, signal: AbortSignal): Promise<ReconcileResult>;
}

/** Where the watching side puts keys. */
export interface KeySink<Key> {
  add(key: Key): void;
  addAfter(key: Key, delayMs: number): void;
}

export interface ReconcileLoopDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

export interface ReconcileLoopOptions<Key> {
  /** Names the loop in logs and metrics. */
  readonly name: string;
  readonly idOf: (key: Key) => string;
  /** Runs in parallel, of different keys. Default 4. */
  readonly workersMax?: number;
  /** Pauses after faults. Default 50 ms doubling to 60 s, a quarter random. */
  readonly backoff?: BackoffOptions;
  /** A run is cut after this long. Default 60 000. */
  readonly runMsMax?: number;
}

const defaultBackoff: BackoffOptions = { firstMs: 50, maxMs: 60_000, factor: 2, jitter: 0.25 };
const workersMaxDefault = 4;
const runMsMaxDefault = 60_000;
/** How long a run may go on after its signal before its key is given free. */
const abandonMs = 2_000;

export class ReconcileLoop<Key> implements KeySink<Key>, Running {
  readonly #reconciler: Reconciler<Key>;
  readonly #deps: ReconcileLoopDeps;
  readonly #options: Required<ReconcileLoopOptions<Key>>;
  readonly #queue: WorkQueue<Key>;
  readonly #active = new Set<Promise<void>>();
  readonly #cuts = new Set<AbortController>();
  readonly #runs: ReturnType<MetricsRegistry['counter']>;
  #state: 'new' | 'running' | 'stopped' = 'new';
  #timer: NodeJS.Timeout | undefined;

  constructor(
    reconciler: Reconciler<Key>,
    deps: ReconcileLoopDeps,
    options: ReconcileLoopOptions<Key>,
  ) {
    this.#reconciler = reconciler;
    this.#deps = { ...deps, log: deps.log.child({ component: options.name }) };
    this.#options = {
      workersMax: workersMaxDefault,
      backoff: defaultBackoff,
      runMsMax: runMsMaxDefault,
      ...options,
    };
    this.#queue = new WorkQueue(options.idOf);
    this.#runs = deps.metrics.counter(
      'drawbridge_reconcile_total',
      'Runs of a controller by result',
      ['controller', 'result'],
    );
  }

  /** Runs in progress. */
  get activeCount(): number {
    return this.#active.size;
  }

  /** True when no key is ready or active; delayed keys do not count. */
  get idle(): boolean {
    return this.#queue.readyCount === 0 && this.#active.size === 0;
  }

  /** Keys added before start wait for it. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#pump();
  }

  add(key: Key): void {
    if (this.#state === 'stopped') return;
    this.#queue.add(key);
    this.#pump();
  }

  addAfter(key: Key, delayMs: number): void {
    if (this.#state === 'stopped') return;
    this.#queue.addAt(key, this.#deps.clock.monotonicMs() + delayMs);
    this.#pump();
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    if (this.#active.size === 0) return;
    const cutTimer = setTimeout(() => {
      for (const controller of this.#cuts) controller.abort();
    }, options.graceMs);
    await Promise.allSettled(this.#active);
    clearTimeout(cutTimer);
  }

  #pump(): void {
    if (this.#state !== 'running') return;
    this.#queue.tick(this.#deps.clock.monotonicMs());
    while (this.#active.size < this.#options.workersMax) {
      const key = this.#queue.take();
      if (key === undefined) break;
      const run = this.#run(key).finally(() => {
        this.#active.delete(run);
        this.#pump();
      });
      this.#active.add(run);
    }
    this.#armTimer();
  }

  #armTimer(): void {
    clearTimeout(this.#timer);
    const dueMs = this.#queue.nextDueMs();
    if (dueMs === undefined) return;
    // setTimeout fires at once for delays over 2^31-1 ms; a day is early enough to look again.
    const delayMs = Math.min(Math.max(0, dueMs - this.#deps.clock.monotonicMs()), 86_400_000);
    this.#timer = setTimeout(() => this.#pump(), Math.ceil(delayMs));
  }

  async #run(key: Key): Promise<void> {
    try {
      const result = await this.#attempt(key);
      const { requeueAfterMs } = result;
      this.#runs.add(1, { controller: this.#options.name, result: 'ok' });
      this.#queue.succeeded(
        key,
        requeueAfterMs === undefined ? undefined : this.#deps.clock.monotonicMs() + requeueAfterMs,
      );
    } catch (thrown) {
      this.#onFault(key, thrown);
    }
  }

  async #attempt(key: Key): Promise<ReconcileResult> {
    const { runMsMax, name } = this.#options;
    const controller = new AbortController();
    this.#cuts.add(controller);
    const limit = setTimeout(() => controller.abort(), runMsMax);
    let release: NodeJS.Timeout | undefined;
    const abandoned = new Promise<never>((_resolve, reject) => {
      controller.signal.addEventListener('abort', () => {
        release = setTimeout(() => {
          const message = `${name} did not end within ${runMsMax} ms`;
          reject(new ReconcileError('RECONCILE_TIMEOUT', message, { retry: 'backoff' }));
        }, abandonMs);
      });
    });
    // The work ends itself on its signal; one that does not is abandoned a little later, so that
    // it cannot hold its key and a worker forever.
    try {
      return await Promise.race([this.#reconciler.reconcile(key, controller.signal), abandoned]);
    } finally {
      clearTimeout(limit);
      clearTimeout(release);
      this.#cuts.delete(controller);
    }
  }

  #onFault(key: Key, thrown: unknown): void {
    const retry = thrown instanceof CodedError ? thrown.retry : 'backoff';
    const facts = {
      resource: this.#options.idOf(key),
      error: messageOf(thrown),
      code: thrown instanceof CodedError ? thrown.code : undefined,
    };
    if (retry === 'never') {
      this.#runs.add(1, { controller: this.#options.name, result: 'terminal' });
      this.#deps.log.warn('reconcile failed for good until the object changes', facts);
      this.#queue.failed(key);
      return;
    }
    this.#runs.add(1, { controller: this.#options.name, result: 'retry' });
    const failures = this.#queue.failuresOf(key);
    const pauseMs =
      retry === 'backoff'
        ? backoffMs(this.#options.backoff, failures, randomFraction(this.#deps.random))
        : retry.afterMs;
    const line = { ...facts, retryMs: Math.round(pauseMs) };
    if (failures < 3) this.#deps.log.debug('reconcile will be tried again', line);
    else this.#deps.log.warn('reconcile keeps failing', line);
    this.#queue.failed(key, this.#deps.clock.monotonicMs() + pauseMs);
  }
}
