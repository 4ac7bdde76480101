/**
 * One child process that is kept running: started, probed until it is ready, started again with
 * growing pauses when it ends, stopped with a grace period and then killed.
 *
 *   idle --start--> starting --probe ok--> ready
 *                    |    ^                  | exit
 *                    exit | pause over       v
 *                    +--> waiting <----------+
 *   any --stop--> stopping --exit--> stopped
 *
 * One with a heartbeat that falls silent while it is ready hangs: it is killed, which is an exit.
 *
 * Its standard input is held open, so a child that ends at end of input never outlives us, even
 * when we are killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { type BackoffOptions, backoffMs } from '#base/backoff.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { type Random, randomFraction } from '#base/random.ts';
import { SupervisorError } from './errors.ts';
import { Heartbeat, heartbeatFd } from './heartbeat.ts';
import { OutputLines } from './output-lines.ts';
import { pause } from './pause.ts';

export interface ProcessSpec {
  /** Names the process in logs. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** True once the process serves; asked again and again until then, and after every restart. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>;
  /** True when it writes to descriptor `heartbeatFd` each second while it works. */
  readonly hasHeartbeat?: boolean;
}

export type ProcessState = 'idle' | 'starting' | 'ready' | 'waiting' | 'stopping' | 'stopped';

export interface SupervisedProcessDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Called after every change of state. */
  readonly onState?: (state: ProcessState) => void;
}

export interface SupervisedProcessOptions {
  /** Pauses before restarts. Default 50 ms doubling to 10 s. */
  readonly backoff?: BackoffOptions;
  /** Pause between two probes; milliseconds. Default 20. */
  readonly probeEveryMs?: number;
  /** A process that is not ready by then is killed and started again. Default 30 000. */
  readonly readyMsMax?: number;
  /** A process with a heartbeat that is silent for so long is killed. Default 10 000. */
  readonly silentMsMax?: number;
  /** A process that was ready this long starts its next pauses anew. Default 30 000. */
  readonly stableMs?: number;
}

const defaults: Required<SupervisedProcessOptions> = {
  backoff: { firstMs: 50, maxMs: 10_000, factor: 2, jitter: 0.2 },
  probeEveryMs: 20,
  readyMsMax: 30_000,
  silentMsMax: 10_000,
  stableMs: 30_000,
};

export class SupervisedProcess implements Running {
  readonly spec: ProcessSpec;
  readonly #deps: SupervisedProcessDeps;
  readonly #options: Required<SupervisedProcessOptions>;
  readonly #log: Logger;
  readonly #stopRequest = new AbortController();
  #state: ProcessState = 'idle';
  #child: ChildProcess | undefined;
  #task: Promise<void> | undefined;
  #heartbeat: Heartbeat | undefined;
  #starts = 0;

  constructor(
    spec: ProcessSpec,
    deps: SupervisedProcessDeps,
    options: SupervisedProcessOptions = {},
  ) {
    this.spec = spec;
    this.#deps = deps;
    this.#options = { ...defaults, ...options };
    this.#log = deps.log.child({ process: spec.name });
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** Process id of the child that runs now. */
  get pid(): number | undefined {
    return this.#child?.exitCode === null ? this.#child.pid : undefined;
  }

  /** How often it was started. */
  get startCount(): number {
    return this.#starts;
  }

  start(): void {
    this.#task ??= this.#keepRunning();
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#stopRequest.abort();
    if (this.#task === undefined) {
      this.#enter('stopped');
      return;
    }
    this.#enter('stopping');
    const kill = setTimeout(() => this.#child?.kill('SIGKILL'), options.graceMs);
    this.#child?.kill('SIGTERM');
    await this.#task;
    clearTimeout(kill);
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopRequest;
    let failures = 0;
    while (!signal.aborted) {
      const readyMs = await this.#runOnce();
      if (signal.aborted) break;
      failures = readyMs >= this.#options.stableMs ? 0 : failures;
      const fraction = randomFraction(this.#deps.random);
      const pauseMs = backoffMs(this.#options.backoff, failures++, fraction);
      this.#enter('waiting');
      await pause(pauseMs, signal);
    }
    this.#enter('stopped');
  }

  /** @returns for how long the child was ready, milliseconds */
  async #runOnce(): Promise<number> {
    this.#enter('starting');
    this.#starts++;
    const ended = new AbortController();
    const exited = this.#spawn();
    const probing = this.#probe(ended.signal);
    void probing.then((since) =>
      since === undefined ? undefined : this.#killWhenSilent(ended.signal),
    );
    const outcome = await exited;
    ended.abort();
    const readySinceMs = await probing;
    this.#child = undefined;
    if (!this.#stopRequest.signal.aborted) this.#log.warn('process ended', { ...outcome });
    return readySinceMs === undefined ? 0 : this.#deps.clock.monotonicMs() - readySinceMs;
  }

  #spawn(): Promise<{ code?: number; signal?: string; error?: string }> {
    const { command, args, env, cwd, hasHeartbeat = false } = this.spec;
    const { promise, resolve } = Promise.withResolvers<{
      code?: number;
      signal?: string;
      error?: string;
    }>();
    const child = spawn(command, [...args], {
      env,
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', 'pipe', hasHeartbeat ? 'pipe' : 'ignore'],
      // A group of its own: Ctrl-C in a terminal reaches us alone, and we stop it in order.
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new OutputLines({ log: this.#log, clock: this.#deps.clock });
      stream?.on('data', (chunk: Buffer) => lines.push(chunk));
      stream?.on('end', () => lines.end());
      stream?.on('error', () => undefined);
    }
    const beats = child.stdio[heartbeatFd];
    this.#heartbeat = beats instanceof Readable ? new Heartbeat(beats) : undefined;
    // The child closing its input is not a fault.
    child.stdin?.on('error', () => undefined);
    child.on('error', (error) => resolve({ error: messageOf(error) }));
    child.on('exit', (code, signal) =>
      resolve({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }),
    );
    if (this.#stopRequest.signal.aborted) child.kill('SIGTERM');
    return promise;
  }

  /** @returns since when it was ready (monotonic), or undefined when it never was */
  async #probe(ended: AbortSignal): Promise<number | undefined> {
    const deadlineMs = this.#deps.clock.monotonicMs() + this.#options.readyMsMax;
    while (!ended.aborted && !this.#stopRequest.signal.aborted) {
      if (await this.#isReady(ended)) {
        if (ended.aborted || this.#stopRequest.signal.aborted) return undefined;
        this.#enter('ready');
        return this.#deps.clock.monotonicMs();
      }
      if (this.#deps.clock.monotonicMs() > deadlineMs) {
        this.#log.warn('process was not ready in time', { limitMs: this.#options.readyMsMax });
        this.#child?.kill('SIGKILL');
        return undefined;
      }
      await pause(this.#options.probeEveryMs, ended);
    }
    return undefined;
  }

  async #killWhenSilent(ended: AbortSignal): Promise<void> {
    const { silentMsMax } = this.#options;
    if ((await this.#heartbeat?.silence(silentMsMax, ended)) !== true) return;
    this.#log.warn('process hangs and is killed', { silentMs: silentMsMax });
    this.#child?.kill('SIGKILL');
  }

  async #isReady(ended: AbortSignal): Promise<boolean> {
    try {
      return await this.spec.probe(ended);
    } catch {
      return false;
    }
  }

  #enter(state: ProcessState): void {
    if (this.#state === state || this.#state === 'stopped') return;
    if (this.#state === 'stopping' && state !== 'stopped') return;
    this.#state = state;
    this.#log.debug('process state', { state });
    this.#deps.onState?.(state);
  }
}

/** Waits until a process is ready. @throws SupervisorError SUPERVISOR_NOT_READY */
export async function untilReady(process: SupervisedProcess, limitMs: number): Promise<void> {
  const limit = AbortSignal.timeout(limitMs);
  while (process.state !== 'ready') {
    if (limit.aborted || process.state === 'stopped') {
      const message = `${process.spec.name} is not ready (${process.state})`;
      throw new SupervisorError('SUPERVISOR_NOT_READY', message, { retry: 'backoff' });
    }
    await pause(10, limit);
  }
}
