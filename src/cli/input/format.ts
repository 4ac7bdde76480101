/** The global flags. */
import { usageError } from '../errors.ts';

/** How output is written: a table for people, or a document. */
export type OutputFormat = 'table' | 'json' | 'yaml';

/** The global flags as commander gives them. */
export interface GlobalFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly output?: string;
}

/** @throws CliError CLI_USAGE for anything but json and yaml */
export function readFormat(flags: GlobalFlags, otherwise: OutputFormat = 'table'): OutputFormat {
  const { output } = flags;
  if (output === undefined) return otherwise;
  if (output === 'json' || output === 'yaml') return output;
  throw usageError(
    [
      `output type is not valid: value ${output} not allowed. It should be one of this options: [json yaml]`,
    ],
    'use -o json or -o yaml, or leave -o out for a table',
  );
}

/** For verbs that talk to no API. @throws CliError CLI_USAGE when a global flag was given */
export function refuseGlobals(verb: string, flags: GlobalFlags): void {
  const names = ['namespace', 'context', 'kubeconfig', 'output'] as const;
  const given = names.filter((name) => flags[name] !== undefined);
  if (given.length === 0) return;
  throw usageError(
    given.map((name) => `--${name} has no meaning for '${verb}'`),
    `leave it out; 'drawbridge ${verb} --help' shows the flags`,
  );
}
