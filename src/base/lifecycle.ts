/** What everything that runs has in common. Floor 4 starts in order and stops in reverse. */
export interface Running {
  /** Refuse new work, drain for at most `graceMs`, then cut. Idempotent; never throws. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}

export interface Startable<R extends Running = Running> {
  /** Resolves when it serves. @throws CodedError when it cannot; nothing is left running then. */
  start(signal: AbortSignal): Promise<R>;
}
