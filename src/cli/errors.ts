/**
 * Faults as a person at a terminal meets them: what is wrong, what to do about it, and the exit
 * code. The edge (run.ts) only renders them.
 */
import { CodedError, type ErrorDocs, type Facts } from '#base/errors.ts';

export type CliErrorCode =
  | 'CLI_API_NOT_FOUND'
  | 'CLI_FILE'
  | 'CLI_KINDS_MISSING'
  | 'CLI_NOT_THERE'
  | 'CLI_REFUSED'
  | 'CLI_USAGE'
  | 'CLI_WAIT';

export interface CliErrorOptions {
  /** One line saying what to do. */
  readonly todo: string;
  /** More lines saying what is wrong, after the message. */
  readonly more?: readonly string[];
  readonly facts?: Facts;
  readonly cause?: unknown;
}

export class CliError extends CodedError<CliErrorCode> {
  /** All lines saying what is wrong; the first is the message. */
  readonly lines: readonly string[];
  readonly todo: string;

  constructor(code: CliErrorCode, what: string, options: CliErrorOptions) {
    super(code, what, {
      ...(options.facts === undefined ? {} : { facts: options.facts }),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.lines = [what, ...(options.more ?? [])];
    this.todo = options.todo;
  }

  /** 2 for wrong usage, else 1. */
  get exitCode(): 1 | 2 {
    return this.code === 'CLI_USAGE' ? 2 : 1;
  }
}

/** The error for wrong usage. @param problems what is wrong, one line each, at least one */
export function usageError(problems: readonly string[], todo: string): CliError {
  const [first = 'wrong usage', ...more] = problems;
  return new CliError('CLI_USAGE', first, { todo, more });
}

export const errorDocs: ErrorDocs<CliErrorCode> = {
  CLI_API_NOT_FOUND: {
    meaning: 'No kubeconfig was given and no running `drawbridge up` was found.',
    action: 'Start `drawbridge up`, or give --kubeconfig, KUBECONFIG or ~/.kube/config.',
  },
  CLI_FILE: {
    meaning: 'A file named on the command line cannot be read, written or understood.',
    action: 'Check the path, its permissions and its content.',
  },
  CLI_KINDS_MISSING: {
    meaning: 'The API server does not know the kinds of Drawbridge.',
    action: 'Apply deploy/crds to the cluster, or check that --kubeconfig and --context are right.',
  },
  CLI_NOT_THERE: {
    meaning: 'The object named on the command line does not exist.',
    action: 'Check the name and the namespace (-n).',
  },
  CLI_REFUSED: {
    meaning: 'The API server or the state of an object does not allow what was asked.',
    action: 'The message says what is missing; correct it and repeat.',
  },
  CLI_USAGE: {
    meaning: 'An argument or flag is wrong, missing, or does not fit the state of the namespace.',
    action: 'Correct the command line; `--help` shows the flags and examples. Exit code 2.',
  },
  CLI_WAIT: {
    meaning: 'What was asked for was written, but did not become ready in time.',
    action: 'The message shows the state it is in; look at the status and its conditions.',
  },
};
