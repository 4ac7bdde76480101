/** Faults of running child processes. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type SupervisorErrorCode = 'SUPERVISOR_NOT_READY' | 'SUPERVISOR_STOPPED';

export class SupervisorError extends CodedError<SupervisorErrorCode> {}

export const errorDocs: ErrorDocs<SupervisorErrorCode> = {
  SUPERVISOR_NOT_READY: {
    meaning: 'A child process (a router) did not become ready in time.',
    action: 'Its own log lines, forwarded with its name, say why; it is restarted by itself.',
  },
  SUPERVISOR_STOPPED: {
    meaning: 'A child process was asked for while the supervisor is stopping.',
    action: 'Nothing; start the program again.',
  },
};
