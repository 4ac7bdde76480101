/** What can go wrong between the command line and the running parts. */
import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

export type AppErrorCode =
  | 'APP_DATA_DIRECTORY'
  | 'APP_PORT_IN_USE'
  | 'APP_READY_FILE'
  | 'APP_DEMO_TIMEOUT'
  | 'APP_FILE_UNREADABLE'
  | 'APP_NOT_IN_CLUSTER'
  | 'APP_SETTINGS';

export class AppError extends CodedError<AppErrorCode> {
  /** What the user should do, one line. */
  readonly action: string;

  constructor(code: AppErrorCode, message: string, action: string, options?: CodedErrorOptions) {
    super(code, message, options);
    this.action = action;
  }
}

export const errorDocs: ErrorDocs<AppErrorCode> = {
  APP_DATA_DIRECTORY: {
    meaning: 'The data directory cannot be made or written, or another `drawbridge up` uses it.',
    action: 'Choose another with --data, free space, or stop the other one.',
  },
  APP_PORT_IN_USE: {
    meaning: 'Another process listens on a port that `drawbridge up` wants.',
    action: 'Give another port, or 0 for any free one.',
  },
  APP_READY_FILE: {
    meaning: 'The ready file cannot be written.',
    action: 'Choose a path in a folder that exists and is writable.',
  },
  APP_NOT_IN_CLUSTER: {
    meaning: 'The controller wants to bring others to its own pods, but runs in none.',
    action: 'Give `--grant-server-base-url HOST:PORT`, or run the controller as a Deployment.',
  },
  APP_SETTINGS: {
    meaning: 'Settings contradict each other or the API server, or cannot be read.',
    action: 'Correct the flag or variable that the message names.',
  },
  APP_FILE_UNREADABLE: {
    meaning: 'A file that a flag names cannot be read.',
    action: 'Check the path and its permissions.',
  },
  APP_DEMO_TIMEOUT: {
    meaning: 'A step of the demo did not come about in time.',
    action: 'Look at the status of the named object with kubectl and at the log on standard error.',
  },
};
