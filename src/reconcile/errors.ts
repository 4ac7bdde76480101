/** Faults of the reconcile loop itself; the faults of a reconciler pass through it unchanged. */
import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

export type ReconcileErrorCode = 'RECONCILE_TIMEOUT' | 'RECONCILE_TERMINAL';

export class ReconcileError extends CodedError<ReconcileErrorCode> {}

/**
 * Ends the tries for a key until it changes again. Use it for a fault that no retry can heal.
 */
export function terminalError(message: string, options: CodedErrorOptions = {}): ReconcileError {
  return new ReconcileError('RECONCILE_TERMINAL', message, { ...options, retry: 'never' });
}

export const errorDocs: ErrorDocs<ReconcileErrorCode> = {
  RECONCILE_TIMEOUT: {
    meaning: 'Bringing one object to its desired state took longer than the limit and was cut.',
    action:
      'It is tried again by itself. Look at what the object depends on (a router, an API server).',
  },
  RECONCILE_TERMINAL: {
    meaning: 'An object cannot be brought to its desired state however often it is tried.',
    action: 'Change the object; the message names what is wrong with it.',
  },
};
