/** A named set of supervised processes: ensure one is there as specified, or gone. */
import { isDeepStrictEqual } from 'node:util';
import type { Running } from '#base/lifecycle.ts';
import { SupervisorError } from './errors.ts';
import {
  type ProcessSpec,
  type ProcessState,
  SupervisedProcess,
  type SupervisedProcessDeps,
  type SupervisedProcessOptions,
} from './supervised-process.ts';

export interface SupervisorDeps extends Omit<SupervisedProcessDeps, 'onState'> {
  /** Called after every change of state of any process. */
  readonly onState?: (name: string, state: ProcessState) => void;
}

export interface SupervisorOptions extends SupervisedProcessOptions {
  /** Processes at the same time. Default 256. */
  readonly processesMax?: number;
}

/** How long a process may take to end when it is replaced or removed; milliseconds. */
const graceMs = 5_000;

export class Supervisor implements Running {
  readonly #deps: SupervisorDeps;
  readonly #options: SupervisorOptions;
  readonly #processes = new Map<string, SupervisedProcess>();
  /** Work on one name is done in order. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #stopped = false;

  constructor(deps: SupervisorDeps, options: SupervisorOptions = {}) {
    this.#deps = deps;
    this.#options = options;
  }

  get(name: string): SupervisedProcess | undefined {
    return this.#processes.get(name);
  }

  /**
   * A running process by that spec. One that runs with another command, arguments or environment
   * is stopped first; the probe does not count.
   * @throws SupervisorError SUPERVISOR_STOPPED
   */
  async ensure(spec: ProcessSpec): Promise<SupervisedProcess> {
    return this.#inTurn(spec.name, async () => {
      const known = this.#processes.get(spec.name);
      if (known !== undefined && sameCommand(known.spec, spec)) return known;
      await known?.stop({ graceMs });
      this.#refuseWhenStopped();
      const { onState, ...deps } = this.#deps;
      const process = new SupervisedProcess(
        spec,
        { ...deps, onState: (state) => onState?.(spec.name, state) },
        this.#options,
      );
      this.#processes.set(spec.name, process);
      process.start();
      return process;
    });
  }

  /** Stops it and forgets it; nothing when there is none. */
  async remove(name: string): Promise<void> {
    await this.#inTurn(name, async () => {
      const known = this.#processes.get(name);
      this.#processes.delete(name);
      await known?.stop({ graceMs });
    });
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#processes.values()].map((process) => process.stop(options)));
  }

  #refuseWhenStopped(): void {
    const max = this.#options.processesMax ?? 256;
    if (this.#stopped) {
      throw new SupervisorError('SUPERVISOR_STOPPED', 'the supervisor is stopping');
    }
    if (this.#processes.size >= max) {
      throw new SupervisorError('SUPERVISOR_STOPPED', `no more than ${max} processes`, {
        retry: 'backoff',
      });
    }
  }

  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.catch(() => undefined);
    this.#turns.set(name, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(name) === settled) this.#turns.delete(name);
    }
  }
}

/** True when a process by the one need not be replaced by one of the other. */
export function sameCommand(a: ProcessSpec, b: ProcessSpec): boolean {
  return (
    a.command === b.command &&
    a.cwd === b.cwd &&
    isDeepStrictEqual(a.args, b.args) &&
    isDeepStrictEqual(a.env, b.env)
  );
}
