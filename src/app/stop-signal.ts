/** SIGINT and SIGTERM as an AbortSignal; the second one ends the process at once. */

/** Exit code of a process ended by SIGINT, as shells show it. */
const interruptedExitCode = 130;

export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
}

/** Listens until disposed of. */
export function listenForStop(): StopSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(interruptedExitCode);
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    },
  };
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
